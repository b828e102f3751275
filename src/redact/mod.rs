//! Stand-ins: no secret or personal value, and no host of the API's owner, reaches the disk.
//!
//! All that is replaced is replaced before an interaction exists for the writer. Two passes over an exchange: the
//! first (`gather`, `fields`, `tokens`, `head`) finds values by where they stand and makes them known (`values`, `hosts`); the
//! second (`part`) finds the known ones wherever they are and writes stand-ins, numbered by where they first come.
//! Texts are looked at as their readers read them, escapes taken off (`view`); bytes that are not replaced stay.

mod asked;
mod clean;
mod fields;
mod gather;
mod head;
mod hosts;
mod links;
mod names;
mod part;
mod places;
mod tokens;
mod values;
mod view;

use std::sync::Arc;

use ::http::{HeaderMap, header};
use bytes::Bytes;

pub use clean::{Cleaned, clean, with_stand_ins};
pub use values::Fresh;

use self::gather::{Gatherer, Rules};
use self::head::{Head, Remembered};
use self::hosts::{Hosts, stand_in_of};
use self::links::sent_back;
use self::names::Names;
use self::part::{Kind, Part};
use self::values::Values;
use self::view::{each_level, hides_letters};
use crate::cassette::{Body, Cassette, Header, Interaction, RequestBody};
use crate::http::{Origin, filtered, is_text};
use crate::profile::{Profile, StandInType};

/// Whether secrets are kept off the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redact {
    /// They are: credentials are dropped, secret and personal values and hosts replaced.
    #[default]
    On,
    /// Everything is written as it passed: for synthetic data only.
    Off,
}

/// Request headers that hold credentials: never written unless everything is.
pub(crate) const CREDENTIALS: [header::HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// An exchange as it passed, bodies decoded, nothing replaced.
#[derive(Debug)]
pub struct Raw {
    /// What passed; the URL is relative.
    pub interaction: Interaction,
    /// The origin that the request went to, if it is not the configured one.
    pub origin: Option<Origin>,
    /// The origin under which the client reached us: it sends back links that carry it.
    pub client: Option<Origin>,
}

/// Replaces what must not reach the disk, the same value by the same stand-in throughout a recording.
#[derive(Debug)]
pub struct Redactor {
    redact: Redact,
    upstream: Option<Origin>,
    rules: Rules,
    names: Names,
    values: Values,
    hosts: Hosts,
    fresh: Vec<Fresh>,
    remembered: Remembered,
}

impl Redactor {
    /// For exchanges with `upstream`; `None`: the first exchange's origin is the one that URLs are relative to.
    pub fn new(profile: Arc<Profile>, redact: Redact, upstream: Option<Origin>) -> Self {
        let mut values = Values::new(profile.sensitive.field_names());
        let mut hosts = Hosts::new(&profile);
        hosts.keep(profile.stand_in_origin.authority());
        if let Some(upstream) = upstream.as_ref().filter(|_| redact == Redact::On) {
            hosts.set_main(upstream, &mut values);
        }
        let (rules, names, remembered) = (Rules::new(profile), Names::default(), Remembered::default());
        Self { redact, upstream, rules, names, values, hosts, fresh: Vec::new(), remembered }
    }

    /// The header document of the cassette that these exchanges go into.
    pub fn header(&self) -> Header {
        let stand_in = &self.rules.profile.stand_in_origin;
        let upstream = match (self.redact, &self.upstream) {
            (Redact::Off, Some(upstream)) => upstream.clone(),
            (Redact::On, Some(upstream)) => stand_in_of(upstream, stand_in),
            (_, None) => stand_in.clone(),
        };
        Header {
            recorded_with: Some(concat!("overdub ", env!("CARGO_PKG_VERSION")).to_owned()),
            profile: Some(self.rules.profile.name.clone()),
            upstream: upstream.to_string(),
            repeat: None,
        }
    }

    /// Whether anything is replaced.
    pub fn is_on(&self) -> bool {
        self.redact == Redact::On
    }

    /// What is known about the API.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.rules.profile
    }

    /// Goes on after what a cassette holds: its stand-ins stay, and new ones are numbered after them.
    pub fn continue_after(&mut self, earlier: &Cassette) {
        if self.redact == Redact::Off {
            return;
        }
        if let Ok(own) = Origin::parse(&earlier.header.upstream) {
            self.hosts.keep(own.authority());
        }
        for (stand_in, of_type) in earlier.interactions.iter().flat_map(|own| &own.stand_ins) {
            if *of_type == StandInType::Host {
                self.hosts.keep(stand_in);
            }
            self.values.keep_stand_in(stand_in, *of_type);
        }
    }

    /// The interaction that is written.
    pub fn redact(&mut self, raw: Raw) -> Interaction {
        let Raw { mut interaction, origin, client } = raw;
        // A forward proxy's client knows the API by its own name.
        let client = client.filter(|client| origin.as_ref() != Some(client));
        if self.redact == Redact::Off {
            self.as_it_passed(&mut interaction, origin.as_ref(), client.as_ref());
            return interaction;
        }
        if self.hosts.main().is_none()
            && let Some(origin) = &origin
        {
            self.hosts.set_main(origin, &mut self.values);
        }
        if let Some(origin) = origin.filter(|origin| self.hosts.main() != Some(origin)) {
            interaction.request.url.insert_str(0, &origin.to_string());
        }
        let mut parts = Parts::of(&mut interaction, self);
        parts.gather(self, client.as_ref());
        parts.render(&mut self.values, &mut self.remembered, &mut interaction);
        self.fresh = self.values.take_fresh();
        let declared = self.fresh.iter().map(|fresh| (fresh.stand_in.to_string(), fresh.of_type));
        interaction.stand_ins.extend(declared);
        interaction
    }

    /// Makes known what an interaction holds, without replacing anything: what is told later is replaced before, too.
    pub fn learn(&mut self, mut interaction: Interaction) {
        if self.redact == Redact::On {
            Parts::of(&mut interaction, self).gather(self, None);
        }
    }

    /// What first appeared in the last interaction: each stand-in with the real value. For memory only.
    pub fn fresh(&self) -> &[Fresh] {
        &self.fresh
    }

    /// Where in a written text a real value stands that is known by now: must never be anywhere.
    pub fn leak(&self, text: &[u8]) -> Option<usize> {
        if self.redact == Redact::Off {
            return None;
        }
        let leak = |level: &[u8]| {
            let real = |(range, id, _): &(std::ops::Range<usize>, _, _)| {
                !self.values.is_written_as_itself(*id) && !self.values.is_stand_in(level, range)
            };
            self.values.find(level).find(real).map(|(range, ..)| range)
        };
        if !hides_letters(text) {
            return leak(text).map(|range| range.start);
        }
        let mut found = None;
        each_level(text, None, true, |level, map, _| {
            found = found.or_else(|| leak(level).map(|range| map.range(&range).start));
        });
        found
    }

    /// Nothing is replaced, but for links to us: what they lead to is the API.
    fn as_it_passed(&self, interaction: &mut Interaction, origin: Option<&Origin>, client: Option<&Origin>) {
        let api = origin.or(self.upstream.as_ref());
        if let (Some(api), Some(client)) = (api, client) {
            let url = std::mem::take(&mut interaction.request.url);
            let url = sent_back(url.into_bytes().into(), client, api);
            interaction.request.url = String::from_utf8_lossy(&url).into_owned();
            if let RequestBody::Bytes(body) = &mut interaction.request.body {
                *body = sent_back(std::mem::take(body), client, api);
            }
        }
        if let Some(origin) = origin {
            interaction.request.url.insert_str(0, &origin.to_string());
        }
    }
}

/// An interaction taken apart.
struct Parts {
    url: Part,
    /// Header sections and bodies in the order in which stand-ins are numbered.
    request: (Head, Option<Part>),
    response: (Head, Option<Part>, Head),
    credentials: HeaderMap,
}

impl Parts {
    fn of(interaction: &mut Interaction, redactor: &Redactor) -> Self {
        let values = &redactor.values;
        let (request, response) = (&mut interaction.request, &mut interaction.response);
        let credential = |name: &header::HeaderName| CREDENTIALS.contains(name);
        let credentials = filtered(&request.headers, credential);
        let kept = if credentials.is_empty() {
            std::mem::take(&mut request.headers)
        } else {
            filtered(&request.headers, |name| !credential(name))
        };
        let sent = match &mut request.body {
            RequestBody::Bytes(body) => Some(body_part(&kept, std::mem::take(body), false)),
            RequestBody::Empty | RequestBody::Unrecorded => None,
        };
        let body = response.body.as_mut();
        let body =
            body.map(|Body { bytes, coded }| body_part(&response.headers, std::mem::take(bytes), *coded));
        Self {
            url: Part::new(std::mem::take(&mut request.url).into_bytes().into(), Kind::Url),
            request: (Head::new(kept, None, values), sent),
            response: (
                Head::new(std::mem::take(&mut response.headers), Some(&redactor.remembered), values),
                body,
                Head::new(std::mem::take(&mut response.trailers), None, values),
            ),
            credentials,
        }
    }

    fn gather(&mut self, redactor: &mut Redactor, client: Option<&Origin>) {
        let url = self.url.text.clone();
        let segments = path_segments(&url);
        let Redactor { rules, names, values, hosts, .. } = redactor;
        hosts.set_client(client);
        let mut gatherer = Gatherer { rules, names, values, hosts, segments: &segments };
        gatherer.credentials(&self.credentials);
        gatherer.gather(&mut self.url);
        self.request.0.gather(&mut gatherer);
        self.request.1.iter_mut().for_each(|body| gatherer.gather(body));
        gatherer.hosts.set_client(None);
        self.response.0.gather(&mut gatherer);
        self.response.1.iter_mut().for_each(|body| gatherer.gather(body));
        self.response.2.gather(&mut gatherer);
    }

    fn render(mut self, values: &mut Values, remembered: &mut Remembered, interaction: &mut Interaction) {
        let url = rendered(&mut self.url, values);
        interaction.request.url = String::from_utf8_lossy(&url).into_owned();
        interaction.request.headers = self.request.0.render(values, None);
        if let (Some(mut part), RequestBody::Bytes(body)) = (self.request.1, &mut interaction.request.body) {
            *body = rendered(&mut part, values);
        }
        interaction.response.headers = self.response.0.render(values, Some(remembered));
        if let (Some(mut part), Some(body)) = (self.response.1, &mut interaction.response.body) {
            body.bytes = rendered(&mut part, values);
        }
        interaction.response.trailers = self.response.2.render(values, None);
    }
}

fn rendered(part: &mut Part, values: &mut Values) -> Bytes {
    part.find_known(values);
    part.render(values).map_or_else(|| part.text.clone(), Bytes::from)
}

/// The segments of a URL's path.
fn path_segments(url: &[u8]) -> Vec<&str> {
    let url = std::str::from_utf8(url).unwrap_or_default();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path =
        path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn body_part(headers: &HeaderMap, bytes: Bytes, coded: bool) -> Part {
    // One that only claims to be coded is the text that it is.
    let kind =
        if coded && std::str::from_utf8(&bytes).is_err() { Kind::Binary } else { body_kind(headers, &bytes) };
    Part::new(bytes, kind)
}

fn body_kind(headers: &HeaderMap, bytes: &[u8]) -> Kind {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let readable = std::str::from_utf8(bytes).is_ok();
    match media.as_str() {
        "multipart/form-data" => Kind::Multipart,
        _ if !readable && !is_text(headers) => Kind::Binary,
        "application/x-www-form-urlencoded" => Kind::Form,
        _ if readable && (matches!(first, Some(b'{' | b'[')) || media.ends_with("json")) => Kind::Json,
        _ => Kind::Text,
    }
}
