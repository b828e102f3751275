//! What a cassette leaves open: the stand-ins of personal values, and its origins.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cassette::{Cassette, RecordedRequest};
use crate::http::Origin;
use crate::matching::{Sort, StandIns, Target, canonical};
use crate::profile::StandInType;

/// The variables of one cassette, by number. What was in the cassette before it was edited keeps its number, which then
/// stands for nothing if it is in it no more: sessions know variables by their numbers.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: Vec<Variable>,
    numbers: HashMap<Box<[u8]>, usize>,
    secrets: HashMap<Box<str>, StandInType>,
    /// The origins of the recording, the upstream's first, then by first appearance.
    origins: Vec<RecordedOrigin>,
    /// Whether the cassette declares any stand-in.
    declares: bool,
}

/// A stand-in that a live client's value takes the place of.
#[derive(Debug)]
pub(super) struct Variable {
    /// The stand-in.
    pub(super) text: Arc<str>,
    pub(super) of_type: StandInType,
    /// Whether the cassette still declares it.
    is_declared: bool,
}

#[derive(Debug)]
pub(super) struct RecordedOrigin {
    /// One that no link has, if it is in the cassette no more.
    pub(super) origin: Origin,
    /// The number of the origin that differs from this one by `-admin` behind the first label.
    pub(super) twin: Option<usize>,
}

/// What a text was declared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    /// The stand-in of a personal value.
    Variable(usize),
    /// That of a secret.
    Secret,
}

impl Variables {
    /// Those of a cassette, numbered as `before` it was edited.
    pub(super) fn of<H>(cassette: &Cassette<H>, before: Option<&Self>) -> Self {
        let mut all = Self::default();
        let upstream = Origin::parse(&cassette.header.upstream);
        // A cassette always names an origin; `invalid` is one that no link has (RFC 6761 §6.4).
        all.add_origin(upstream.unwrap_or_else(|_| Origin::new("https", "upstream.invalid")));
        let mut origins = Vec::new();
        let mut stand_ins = Vec::new();
        for interaction in &cassette.interactions {
            let target = Target::recorded(&interaction.request.url, &cassette.header.upstream);
            origins.extend(target.origin.and_then(|text| Origin::parse(text).ok()));
            for (text, of_type) in &interaction.stand_ins {
                all.declares = true;
                match of_type {
                    StandInType::Host => origins.push(Origin::new("https", text)),
                    _ => stand_ins.push((text, *of_type)),
                }
            }
        }
        if let Some(before) = before {
            all.continue_after(before, &origins);
        }
        for origin in origins {
            all.add_origin(origin);
        }
        for (text, of_type) in stand_ins {
            all.add(text, of_type);
        }
        all.find_twins();
        all
    }

    /// Keeps the numbers that were given. The upstream's is always the first.
    fn continue_after(&mut self, before: &Self, origins: &[Origin]) {
        for (number, own) in before.origins.iter().enumerate().skip(1) {
            let is_same = |other: &&Origin| other.authority() == own.origin.authority();
            match origins.iter().find(is_same).filter(|found| self.origin_number(found).is_none()) {
                Some(origin) => self.add_origin(origin.clone()),
                None => self.origins.push(RecordedOrigin { origin: vanished(number), twin: None }),
            }
        }
        for (number, own) in before.values.iter().enumerate() {
            self.numbers.insert(canonical(own.text.as_bytes()).into(), number);
            let (text, of_type) = (Arc::clone(&own.text), own.of_type);
            self.values.push(Variable { text, of_type, is_declared: false });
        }
    }

    fn add(&mut self, text: &str, of_type: StandInType) {
        if of_type.is_secret() {
            self.secrets.insert(text.into(), of_type);
            return;
        }
        let key: Box<[u8]> = canonical(text.as_bytes()).into();
        let own = Variable { text: text.into(), of_type, is_declared: true };
        match self.numbers.get(&key) {
            Some(&number) if self.values[number].is_declared => {}
            Some(&number) => self.values[number] = own,
            None => {
                self.numbers.insert(key, self.values.len());
                self.values.push(own);
            }
        }
    }

    fn add_origin(&mut self, origin: Origin) {
        if self.origin_number(&origin).is_none() {
            self.origins.push(RecordedOrigin { origin, twin: None });
        }
    }

    fn find_twins(&mut self) {
        let twins: Vec<_> =
            self.origins.iter().map(|own| self.origin_number(&admin_twin(&own.origin)?)).collect();
        for (own, twin) in self.origins.iter_mut().zip(twins) {
            own.twin = twin;
        }
    }

    /// Whether the cassette declares any stand-in, so that requests are compared with values left open.
    pub(super) fn declares(&self) -> bool {
        self.declares
    }

    /// All that was declared, to be found in requests.
    pub(super) fn stand_ins(&self) -> StandIns {
        let mut all = StandIns::default();
        for own in &self.origins {
            all.add_origin(&own.origin);
        }
        for (number, own) in self.values() {
            all.add(&own.text, Sort::Variable(number), own.of_type);
        }
        for (text, of_type) in &self.secrets {
            all.add(text, Sort::Secret, *of_type);
        }
        all
    }

    /// All stand-ins of personal values, with their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = (usize, &Variable)> {
        self.values.iter().enumerate().filter(|(_, own)| own.is_declared)
    }

    /// The stand-in of this number; `None`: the cassette declares it no more.
    pub(super) fn value(&self, number: usize) -> Option<&Variable> {
        self.values.get(number).filter(|own| own.is_declared)
    }

    /// All origins, the upstream's first.
    pub(super) fn origins(&self) -> &[RecordedOrigin] {
        &self.origins
    }

    /// Whether the origin of this number is still in the cassette.
    pub(super) fn has_origin(&self, number: usize) -> bool {
        self.origins.get(number).is_some_and(|own| own.origin.authority() != vanished(number).authority())
    }

    /// What this whole text was declared to be.
    pub(super) fn declared(&self, text: &[u8]) -> Option<Declared> {
        let number = self.numbers.get(&*canonical(text)).filter(|number| self.value(**number).is_some());
        let variable = number.map(|&number| Declared::Variable(number));
        let is_secret = || std::str::from_utf8(text).is_ok_and(|text| self.secrets.contains_key(text));
        variable.or_else(|| is_secret().then_some(Declared::Secret))
    }

    /// The number of a recorded origin; schemes do not count.
    pub(super) fn origin_number(&self, origin: &Origin) -> Option<usize> {
        self.origins.iter().position(|own| own.origin.authority() == origin.authority())
    }

    /// The number of the origin that a recorded request was sent to.
    pub(super) fn origin_of(&self, request: &RecordedRequest, upstream: &str) -> usize {
        let origin = Target::recorded(&request.url, upstream).origin;
        origin.and_then(|text| self.origin_number(&Origin::parse(text).ok()?)).unwrap_or(0)
    }
}

/// Takes the place of an origin that is in the cassette no more: no link has it (RFC 6761 §6.4).
fn vanished(number: usize) -> Origin {
    Origin::new("https", &format!("vanished-{number}.invalid"))
}

/// An Okta org has a second host for its administrators: `acme-admin.okta.com` beside `acme.okta.com`. The one for the
/// other; `None` for an IP address or a host of one label.
pub(super) fn admin_twin(origin: &Origin) -> Option<Origin> {
    let (label, rest) = origin.authority().split_once('.').filter(|(label, _)| !label.starts_with('['))?;
    let numeric = origin.host().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let twin = match label.strip_suffix("-admin") {
        Some(label) => format!("{label}.{rest}"),
        None => format!("{label}-admin.{rest}"),
    };
    (!numeric).then(|| Origin::new(origin.scheme(), &twin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_edit_leaves_keeps_its_number() {
        let load = |upstream: &str, urls: &[&str], stand_ins: &[&str], before: Option<&Variables>| {
            let text = format!("overdub: 1\nupstream: {upstream}\n");
            let documents = urls.iter().map(|url| {
                format!("---\nrequest: {{method: GET, url: '{url}'}}\nresponse: {{status: 200}}\n")
            });
            let text: String = std::iter::once(text).chain(documents).collect();
            let origin = crate::cassette::Origin::Shipped(text.leak());
            let source = crate::cassette::Source { name: "a".to_owned(), origin };
            let mut cassette = crate::cassette::load(&source, crate::cassette::CutOff::SetAside).unwrap();
            cassette.interactions[0].stand_ins =
                stand_ins.iter().map(|text| ((*text).to_owned(), StandInType::Email)).collect();
            Variables::of(&cassette, before)
        };
        let number = |all: &Variables, text: &str| match all.declared(text.as_bytes()) {
            Some(Declared::Variable(number)) => Some(number),
            _ => None,
        };
        let origin = |all: &Variables, text: &str| all.origin_number(&Origin::parse(text).unwrap());
        let [a, b, c] = ["a@x.test", "b@x.test", "c@x.test"];
        let first = load("https://up.test", &["https://one.test/", "https://two.test/"], &[a, b], None);
        let edited =
            load("https://other.test", &["https://two.test/", "https://new.test/"], &[c, b], Some(&first));
        assert_eq!([number(&edited, a), number(&edited, b), number(&edited, c)], [None, Some(1), Some(2)]);
        assert!(edited.value(0).is_none());
        let origins = ["https://other.test", "https://one.test", "https://two.test", "https://new.test"];
        assert_eq!(origins.map(|own| origin(&edited, own)), [Some(0), None, Some(2), Some(3)]);
        assert!(!edited.has_origin(1));
        let back = load("https://up.test", &["https://one.test/"], &[a], Some(&edited));
        assert_eq!([number(&back, a), number(&back, b), number(&back, c)], [Some(0), None, None]);
        assert_eq!(origins.map(|own| origin(&back, own)), [None, Some(4), None, None]);
    }

    #[test]
    fn the_twin_of_an_org_is_its_admin_host_and_the_other_way_round() {
        let twin = |text| admin_twin(&Origin::parse(text).unwrap()).map(|own| own.to_string());
        assert_eq!(twin("https://dev-1.okta.com").unwrap(), "https://dev-1-admin.okta.com");
        assert_eq!(twin("https://dev-1-admin.okta.com:8443").unwrap(), "https://dev-1.okta.com:8443");
        assert_eq!(twin("http://127.0.0.1:8080"), None);
        assert_eq!(twin("http://localhost:8080"), None);
        assert_eq!(twin("http://[::1]:8080"), None);
    }
}
