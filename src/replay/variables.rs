//! What a cassette leaves open: the stand-ins of personal values, and its origins.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cassette::{Cassette, RecordedRequest};
use crate::http::Origin;
use crate::matching::{Sort, StandIns, Target, canonical};
use crate::profile::StandInType;

/// The variables of one cassette, by number.
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
}

#[derive(Debug)]
pub(super) struct RecordedOrigin {
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
    pub(super) fn of(cassette: &Cassette) -> Self {
        let mut all = Self::default();
        let upstream = Origin::parse(&cassette.header.upstream);
        // A cassette always names an origin; `invalid` is one that no link has (RFC 6761 §6.4).
        all.add_origin(upstream.unwrap_or_else(|_| Origin::new("https", "upstream.invalid")));
        for interaction in &cassette.interactions {
            let target = Target::recorded(&interaction.request.url, &cassette.header.upstream);
            if let Some(Ok(origin)) = target.origin.map(Origin::parse) {
                all.add_origin(origin);
            }
            for (text, of_type) in &interaction.stand_ins {
                all.declares = true;
                all.add(text, *of_type);
            }
        }
        all.find_twins();
        all
    }

    fn add(&mut self, text: &str, of_type: StandInType) {
        let key: Box<[u8]> = canonical(text.as_bytes()).into();
        if of_type == StandInType::Host {
            self.add_origin(Origin::new("https", text));
        } else if of_type.is_secret() {
            self.secrets.insert(text.into(), of_type);
        } else if !self.numbers.contains_key(&key) {
            self.numbers.insert(key, self.values.len());
            self.values.push(Variable { text: text.into(), of_type });
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
        for (number, own) in self.values.iter().enumerate() {
            all.add(&own.text, Sort::Variable(number), own.of_type);
        }
        for (text, of_type) in &self.secrets {
            all.add(text, Sort::Secret, *of_type);
        }
        all
    }

    /// All stand-ins of personal values.
    pub(super) fn values(&self) -> &[Variable] {
        &self.values
    }

    /// All origins, the upstream's first.
    pub(super) fn origins(&self) -> &[RecordedOrigin] {
        &self.origins
    }

    /// What this whole text was declared to be.
    pub(super) fn declared(&self, text: &[u8]) -> Option<Declared> {
        let variable = self.numbers.get(&*canonical(text)).map(|&number| Declared::Variable(number));
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
    fn the_twin_of_an_org_is_its_admin_host_and_the_other_way_round() {
        let twin = |text| admin_twin(&Origin::parse(text).unwrap()).map(|own| own.to_string());
        assert_eq!(twin("https://dev-1.okta.com").unwrap(), "https://dev-1-admin.okta.com");
        assert_eq!(twin("https://dev-1-admin.okta.com:8443").unwrap(), "https://dev-1.okta.com:8443");
        assert_eq!(twin("http://127.0.0.1:8080"), None);
        assert_eq!(twin("http://localhost:8080"), None);
        assert_eq!(twin("http://[::1]:8080"), None);
    }
}
