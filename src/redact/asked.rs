//! A request that is told to people or tools, not recorded: nothing secret or personal is left in it.

use std::sync::Arc;

use ::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;

use super::{Raw, Redact, Redactor};
use crate::cassette::{Framing, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::http::Origin;
use crate::profile::{Profile, StandInType, TOLD};

impl Redactor {
    /// For requests that are told: their values get the stand-ins that a recording would give them, with numbers of
    /// their own ([`crate::profile::is_told`]).
    pub fn telling(profile: &Arc<Profile>) -> Self {
        let own = profile.stand_in_origin.clone();
        let mut redactor = Self::new(Arc::clone(profile), Redact::On, Some(own));
        for of_type in StandInType::all().filter(|own| *own != StandInType::Host) {
            redactor.values.keep_stand_in(&of_type.stand_in(TOLD, ""), of_type);
        }
        redactor
    }

    /// The body of a request of `client`'s to `target`, as it may be told.
    pub fn told(&mut self, method: &Method, target: &str, body: Bytes, client: Option<Origin>) -> Bytes {
        let request = RecordedRequest {
            method: method.clone(),
            url: target.to_owned(),
            headers: HeaderMap::new(),
            body: RequestBody::Bytes(body),
        };
        let response = RecordedResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            framing: Framing::Length,
            body: None,
            trailers: HeaderMap::new(),
        };
        let (at, took, stand_ins) = (None, None, Vec::new());
        let interaction = Interaction { at, took, request, stand_ins, repeat: None, response, line: 0 };
        let told = self.redact(Raw { interaction, origin: None, client });
        told.request.body.bytes().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::is_told;

    #[test]
    fn what_is_told_has_the_form_of_what_was_sent_and_nothing_of_its_values() {
        let profile = Arc::new(Profile::okta().unwrap());
        let mut redactor = Redactor::telling(&profile);
        let mut told = |body: &str| {
            let client = Origin::parse("http://127.0.0.1:8080").ok();
            let body = Bytes::copy_from_slice(body.as_bytes());
            let told = redactor.told(&Method::POST, "/api/v1/users", body, client);
            String::from_utf8(told.to_vec()).unwrap()
        };
        assert_eq!(
            told(
                r#"{"profile":{"email":"jane@acme.com","n":1},"credentials":{"password":{"value":"hunter2"}}}"#
            ),
            r#"{"profile":{"email":"user9001@example.test","n":1},"credentials":{"password":{"value":"redacted-password-9001"}}}"#
        );
        assert_eq!(
            told("username=jane@acme.com&passCode=123456"),
            "username=user9001@example.test&passCode=009001"
        );
        assert_eq!(told(r#"{"phoneNumber":"+15551234567"}"#), r#"{"phoneNumber":"+15550109001"}"#);
        assert!(is_told("+15550109001") && is_told("redacted-password-9001"));
        assert!(!is_told("+15550100001") && !is_told("jane@acme.com"));
    }
}
