//! The sandbox org, asked through `Sandbox::handle` as a server would.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, which does not reach their helpers")]

mod answers;
mod factors;
mod messages;
mod push;
mod repeatable;
mod shapes;
mod users;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use overdub::sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

const ORIGIN: &str = "http://127.0.0.1:8080";
const PHONE: &str = "+18024482036";

/// A sandbox and a client of it.
struct Org(Sandbox);

struct Answer {
    status: u16,
    headers: HeaderMap,
    raw: Bytes,
    body: Value,
}

impl Org {
    fn new() -> Self {
        Self(Sandbox::new(SandboxConfig::default()))
    }

    fn with_tick(seconds: u64) -> Self {
        Self(Sandbox::new(SandboxConfig { tick: Duration::from_secs(seconds), ..SandboxConfig::default() }))
    }

    fn send(&self, request: Request<Bytes>) -> Answer {
        let (head, raw) = self.0.handle(ORIGIN, request).into_parts();
        let body = serde_json::from_slice(&raw).unwrap_or_default();
        Answer { status: head.status.as_u16(), headers: head.headers, raw, body }
    }

    fn call(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", "SSWS token");
        let body = body.into().map_or(Bytes::new(), |body: Value| body.to_string().into());
        let request = request.header("content-type", "application/json");
        self.send(request.body(body).unwrap())
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    fn post(&self, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.call("POST", path, body)
    }

    /// Creates a user and gives the path of its factors.
    fn user(&self, login: &str) -> String {
        let profile =
            json!({ "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "login": login });
        let created = self.post("/api/v1/users", json!({ "profile": profile })).ok();
        format!("/api/v1/users/{}/factors", created["id"].as_str().unwrap())
    }

    /// Enrols a factor and gives its path.
    fn enroll(&self, factors: &str, body: Value) -> String {
        let enrolled = self.post(factors, body).ok();
        format!("{factors}/{}", enrolled["id"].as_str().unwrap())
    }

    fn code(&self, factor: &str) -> String {
        let id = factor.rsplit('/').next().unwrap();
        self.get(&format!("/__sandbox/codes/{id}")).ok()["code"].as_str().unwrap().to_owned()
    }

    /// Activates with the right code and gives the path the factor has then.
    fn activate(&self, factor: &str) -> String {
        let code = self.code(factor);
        let active = self.post(&format!("{factor}/lifecycle/activate"), json!({ "passCode": code })).ok();
        assert_eq!(active["status"], "ACTIVE");
        format!("{}/{}", factor.rsplit_once('/').unwrap().0, active["id"].as_str().unwrap())
    }

    fn phone_says(&self, factor: &str, answer: &str) {
        let id = factor.rsplit('/').next().unwrap();
        self.post(&format!("/__sandbox/push/{id}"), json!({ "answer": answer })).ok();
    }

    fn advance(&self, by: &str) {
        self.post("/__sandbox/clock", json!({ "advance": by })).ok();
    }
}

impl Answer {
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, &self.body["errorCode"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.body["errorLink"], code);
        assert!(self.body["errorId"].as_str().unwrap().starts_with("oae"));
        assert!(self.body["errorCauses"].is_array());
    }

    fn cause(&self) -> &str {
        self.body["errorCauses"][0]["errorSummary"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

fn sms(number: &str) -> Value {
    json!({ "factorType": "sms", "provider": "OKTA", "profile": { "phoneNumber": number } })
}

fn factor(factor_type: &str, provider: &str) -> Value {
    json!({ "factorType": factor_type, "provider": provider })
}

fn question() -> Value {
    let profile = json!({ "question": "disliked_food", "answer": "mayonnaise" });
    json!({ "factorType": "question", "provider": "OKTA", "profile": profile })
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}
