//! Which host stands in for which: the org's, its `-admin` twin's, and all others'.

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::values::{Id, Values};
use crate::http::{HostPattern, Origin, address};
use crate::profile::{DISTINCTIVE, Profile};

/// What comes in the place of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: Id,
    /// The scheme that links to it get; `None`: they keep theirs.
    pub(super) scheme: Option<&'static str>,
}

/// The hosts of a recording.
#[derive(Debug)]
pub(super) struct Hosts {
    public: Vec<HostPattern>,
    stand_in: Origin,
    /// By authority in lower case; `None`: it stays.
    known: HashMap<Box<str>, Option<Known>, RandomState>,
    main: Option<Origin>,
    main_known: Option<Known>,
    /// What the client of the present request takes us for.
    client: Option<Box<str>>,
}

impl Hosts {
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            public: profile.public_hosts.clone(),
            stand_in: profile.stand_in_origin.clone(),
            known: HashMap::default(),
            main: None,
            main_known: None,
            client: None,
        }
    }

    /// The origin that relative URLs belong to.
    pub(super) fn main(&self) -> Option<&Origin> {
        self.main.as_ref()
    }

    pub(super) fn main_known(&self) -> Option<Known> {
        self.main_known
    }

    /// Settles which origin that is.
    pub(super) fn set_main(&mut self, origin: &Origin, values: &mut Values) {
        let (org, admin) = twins(origin);
        let written = self.stand_in.authority().to_owned();
        let mut main = self.written_as(&org, &written, values);
        // A host at a port is also meant where it stands without one.
        if org.host() != org.authority() && is_name(org.host()) {
            let bare = self.written_as(&Origin::new(org.scheme(), org.host()), &written, values);
            values.hush(bare.id);
        }
        if let Some(admin) = admin {
            let known = self.written_as(&admin, &admin_twin(&written), values);
            if admin == *origin {
                main = known;
            }
        }
        // The header says it.
        values.hush(main.id);
        self.main_known = Some(main);
        self.main = Some(origin.clone());
    }

    /// Makes an origin known by a stand-in of its own; its links get the stand-in's scheme.
    fn written_as(&mut self, origin: &Origin, stand_in: &str, values: &mut Values) -> Known {
        let own = origin.authority();
        let findable = own.len() >= DISTINCTIVE && (own.contains(':') || own.contains('.'));
        let id = values.learn_host(own, Some(stand_in), findable);
        let known = Known { id, scheme: Some(self.stand_in.scheme()) };
        self.known.insert(own.into(), Some(known));
        known
    }

    /// A host that a cassette holds in place of another: it stays.
    pub(super) fn keep(&mut self, stand_in: &str) {
        self.known.insert(stand_in.into(), None);
    }

    /// The present request's client takes us for this origin, and links to it for links to the API.
    pub(super) fn set_client(&mut self, client: Option<&Origin>) {
        self.client = client.map(|client| client.authority().into());
    }

    /// What comes in the place of the authority of a URL, or of a host that is named as one.
    pub(super) fn lookup(&mut self, authority: &str, values: &mut Values) -> Option<Known> {
        let authority = lower(authority);
        let bare = authority.strip_suffix(":443").or_else(|| authority.strip_suffix(":80"));
        let authority = bare.unwrap_or(&authority);
        if self.client.as_deref() == Some(authority) {
            return self.main_known;
        }
        if let Some(known) = self.known.get(authority) {
            return *known;
        }
        let known = (!self.is_public(authority)).then(|| {
            let findable = authority.len() >= DISTINCTIVE && (authority.contains(':') || is_name(authority));
            Known { id: values.learn_host(authority, None, findable), scheme: None }
        });
        self.known.insert(authority.into(), known);
        known
    }

    /// Whether the authority is known, and is replaced.
    pub(super) fn is_known(&self, authority: &str) -> bool {
        let authority = lower(authority);
        self.client.as_deref() == Some(&*authority)
            || self.known.get(&*authority).is_some_and(Option::is_some)
    }

    fn is_public(&self, authority: &str) -> bool {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        self.public.iter().any(|pattern| pattern.allows(host, 443))
    }
}

/// An authority in lower case, as nearly all are.
fn lower(authority: &str) -> Cow<'_, str> {
    if authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return authority.to_ascii_lowercase().into();
    }
    authority.into()
}

/// What stands in for an API's origin: the profile's stand-in, or its `-admin` twin for an admin console.
pub(super) fn stand_in_of(origin: &Origin, stand_in: &Origin) -> Origin {
    match twins(origin).1 {
        Some(admin) if admin == *origin => Origin::new(stand_in.scheme(), &admin_twin(stand_in.authority())),
        _ => stand_in.clone(),
    }
}

fn admin_twin(authority: &str) -> String {
    let (label, rest) = authority.split_once('.').unwrap_or((authority, "overdub.test"));
    format!("{label}-admin.{rest}")
}

/// Whether a host is a name with more than one label, which alone can be told from a word.
fn is_name(host: &str) -> bool {
    host.contains('.') && address(host).is_none()
}

/// An org's origin and its `-admin` twin's, whichever of them `origin` is: Okta serves an org's admin console at
/// `NAME-admin.okta.com`.
fn twins(origin: &Origin) -> (Origin, Option<Origin>) {
    let other = |authority: String| Origin::new(origin.scheme(), &authority);
    match origin.authority().split_once('.') {
        Some((label, rest)) if is_name(origin.host()) => match label.strip_suffix("-admin") {
            Some(org) => (other(format!("{org}.{rest}")), Some(origin.clone())),
            None => (origin.clone(), Some(other(format!("{label}-admin.{rest}")))),
        },
        _ => (origin.clone(), None),
    }
}
