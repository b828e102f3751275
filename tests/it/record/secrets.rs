//! Secrets reach the client and the upstream, and nothing else.

mod clean;
mod fields;
mod hosts;
mod laws;
mod planted;

use super::play;
use crate::support::overdub::Project;
use crate::support::wire::{Upstream, with_body};

/// A secret that is easily found again.
const SECRET: &str = "S3CR3T";

const ASKED: &str = "GET /api/v1/users/me\nauthorization: SSWS 00S3CR3T-token\n\
                     cookie: sid=1-S3CR3T; theme=dark\nproxy-authorization: Basic S3CR3TS3CR3T";

fn upstream() -> Upstream {
    Upstream::start(|_| {
        with_body(
            "HTTP/1.1 200 OK\ncontent-type: application/json\n\
             set-cookie: sid=102S3CR3T; Path=/; HttpOnly\n\
             set-cookie: JSESSIONID=S3CR3T0; Path=/\n\
             set-cookie: xids=xS3CR3T; Path=/\n\
             set-cookie: DT=DI0S3CR3T; Expires=Thu, 20 Apr 2023 12:09:20 GMT; Path=/\n\
             set-cookie: sid=\"\"; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Path=/\n\
             set-cookie: theme=dark; Path=/",
            r#"{"id":"00u1"}"#,
        )
    })
}

#[test]
fn neither_the_cassette_nor_the_log_ever_holds_a_secret() {
    for level in ["info", "trace"] {
        let (upstream, project) = (upstream(), Project::new());
        let recorder = project.record_with(&upstream.url(), &["--log", level]);
        recorder.ask(ASKED);
        recorder.ask("GET /welcome/00S3CR3T-token-of-a-link");
        let (_, log) = recorder.stop();
        let leak = log.lines().find(|line| line.contains(SECRET));
        assert_eq!(leak, None, "--log {level}");
        assert_eq!(project.list("recordings"), ["run.yaml"]);
        let cassette = project.cassette();
        assert!(!cassette.contains(SECRET), "{cassette}");
        assert!(cassette.contains("/api/v1/users/me"), "{cassette}");
    }
}

#[test]
fn client_and_upstream_get_the_real_ones() {
    let upstream = upstream();
    let played = play(&upstream, &[ASKED]);
    assert_eq!(upstream.seen()[0].header("authorization"), "SSWS 00S3CR3T-token");
    assert_eq!(upstream.seen()[0].header("cookie"), "sid=1-S3CR3T; theme=dark");
    assert_eq!(
        played.recorded[0].all("set-cookie")[..2],
        ["sid=102S3CR3T; Path=/; HttpOnly", "JSESSIONID=S3CR3T0; Path=/"]
    );
    assert_eq!(
        played.replayed[0].all("set-cookie"),
        [
            "sid=redacted; Path=/; HttpOnly",
            "JSESSIONID=redacted; Path=/",
            "xids=redacted; Path=/",
            "DT=redacted; Expires=Thu, 20 Apr 2023 12:09:20 GMT; Path=/",
            "sid=\"\"; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Path=/",
            "theme=dark; Path=/",
        ]
    );
}

#[test]
fn a_cookie_whose_domain_is_the_upstreams_gets_the_stand_ins() {
    let upstream =
        Upstream::start(|_| with_body("HTTP/1.1 200 OK\nset-cookie: sid=S3CR3T; Domain=127.0.0.1", "{}"));
    let played = play(&upstream, &["GET /a"]);
    assert!(played.cassette.contains("sid=redacted; Domain=okta.overdub.test"), "{}", played.cassette);
}

#[test]
fn synthetic_data_can_be_kept_as_it_is() {
    let (upstream, project) = (upstream(), Project::new());
    let recorder = project.record_with(&upstream.url(), &["--redact", "off"]);
    let live = recorder.ask(ASKED);
    recorder.stop();
    let cassette = project.cassette();
    for kept in ["SSWS 00S3CR3T-token", "sid=1-S3CR3T; theme=dark", "sid=102S3CR3T; Path=/; HttpOnly"] {
        assert!(cassette.contains(kept), "{kept} in {cassette}");
    }
    assert!(cassette.contains(&format!("upstream: {}\n", upstream.url())), "{cassette}");
    assert_eq!(project.replay().ask(ASKED), live);
}
