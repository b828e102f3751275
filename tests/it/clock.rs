//! Answers that tell another time than they were recorded at.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use overdub::cassette::Cassette;
use overdub::clock::{Clock, Timestamp, parse_http_date, parse_rfc3339};
use overdub::replay::ReplayOptions;
use proptest::prelude::*;

use crate::support::overdub::{Overdub, Project};
use crate::support::tape::{Client, cassette};
use crate::support::wire::Message;

/// Recorded at this time; all others stand in the answers.
const AT: &str = "2020-04-22T12:09:20.000Z";

/// A cassette in which every kind of time stands.
fn recording() -> String {
    let claims = BASE64URL_NOPAD.encode(br#"{"iat":1587557360,"exp":1587560960,"sub":"x"}"#);
    format!(
        r#"overdub: 1
upstream: https://okta.overdub.test
...
---
at: {AT}
request: {{method: GET, url: /limited}}
response:
  status: 429
  headers:
    date: Wed, 22 Apr 2020 12:09:21 GMT
    expires: "0"
    last-modified: Tue, 21 Apr 2020 12:09:21 GMT
    set-cookie:
      - sid=redacted; Path=/; Expires=Wed, 22-Apr-2020 14:09:21 GMT; Secure
      - gone=""; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/
    x-rate-limit-limit: "600"
    x-rate-limit-reset: "1587557391"
    content-type: application/json
  body: {{text: '{{"created":"2020-04-22T12:09:20.000Z","local":"2020-04-22T05:09:20-07:00","said":"at 2020-04-22T12:09:20Z","day":"2020-04-22","exp":1587557420,"n":1587557420,"id_token":"eyJhbGciOiJub25lIn0.{claims}.redacted"}}'}}
...
---
at: 2020-04-22T12:10:20.000Z
request: {{method: GET, url: /later}}
response:
  status: 200
  headers: {{date: "Wed, 22 Apr 2020 12:10:21 GMT", content-type: application/json}}
  body: {{text: '{{"lastUpdated":"2020-04-22T12:10:20.5Z"}}'}}
...
"#
    )
}

fn replay(flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.write("recordings/a.yaml", recording());
    let player = project.serve(&[&["replay"], flags].concat());
    (project, player)
}

/// All times of the answer that are told, in seconds since 1970, and the body.
fn times(answer: &Message) -> (Vec<i64>, serde_json::Value) {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let date = |text: &str| parse_http_date(text).unwrap().as_second();
    let rfc3339 = |text: &serde_json::Value| parse_rfc3339(text.as_str().unwrap()).unwrap().as_second();
    let cookie =
        answer.all("set-cookie")[0].split("Expires=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let token = body["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(token.as_bytes()).unwrap()).unwrap();
    let times = vec![
        date(answer.header("date")),
        date(answer.header("last-modified")),
        date(&cookie.replace("-Apr-", " Apr ").replace('-', " ")),
        answer.header("x-rate-limit-reset").parse().unwrap(),
        rfc3339(&body["created"]),
        rfc3339(&body["local"]),
        body["exp"].as_i64().unwrap(),
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    ];
    (times, body)
}

/// What was recorded, in the order of [`times`].
const RECORDED: [i64; 9] = [
    1_587_557_361,
    1_587_470_961,
    1_587_564_561,
    1_587_557_391,
    1_587_557_360,
    1_587_557_360,
    1_587_557_420,
    1_587_557_360,
    1_587_560_960,
];

#[test]
fn by_default_every_byte_is_as_recorded() {
    let (_project, player) = replay(&[]);
    let (told, _) = times(&player.ask("GET /limited"));
    assert_eq!(told, RECORDED);
    let (_project, recorded) = replay(&["--clock", "recorded"]);
    assert_eq!(recorded.ask("GET /limited"), player.ask("GET /limited"));
}

#[test]
fn frozen_all_times_move_by_one_shift_and_the_rest_stays() {
    let (_project, player) = replay(&["--clock", "frozen:2020-04-29T12:09:20Z"]);
    let answer = player.ask("GET /limited");
    let (told, body) = times(&answer);
    let week = 7 * 24 * 3600;
    assert_eq!(told, RECORDED.map(|second| second + week));
    insta::assert_snapshot!(answer.head, @r#"
    HTTP/1.1 429 Too Many Requests
    date: Wed, 29 Apr 2020 12:09:21 GMT
    expires: 0
    last-modified: Tue, 28 Apr 2020 12:09:21 GMT
    set-cookie: sid=redacted; Path=/; Expires=Wed, 29-Apr-2020 14:09:21 GMT
    set-cookie: gone=""; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/
    x-rate-limit-limit: 600
    x-rate-limit-reset: 1588162191
    content-type: application/json
    content-length: 261
    "#);
    insta::assert_snapshot!(body, @r#"{"created":"2020-04-29T12:09:20.000Z","local":"2020-04-29T05:09:20-07:00","said":"at 2020-04-22T12:09:20Z","day":"2020-04-22","exp":1588162220,"n":1587557420,"id_token":"eyJhbGciOiJub25lIn0.eyJpYXQiOjE1ODgxNjIxNjAsImV4cCI6MTU4ODE2NTc2MCwic3ViIjoieCJ9.redacted"}"#);
    let later = player.ask("GET /later");
    assert_eq!(later.text(), r#"{"lastUpdated":"2020-04-29T12:10:20.5Z"}"#);
    assert_eq!(later.header("date"), "Wed, 29 Apr 2020 12:10:21 GMT");
}

#[test]
fn now_the_first_answer_is_of_this_moment_and_differences_stay() {
    let (_project, player) = replay(&["--clock", "now"]);
    let before = Clock::Wall.now().as_second();
    let (told, _) = times(&player.ask("GET /limited"));
    let after = Clock::Wall.now().as_second();
    let shift = told[0] - RECORDED[0];
    assert_eq!(told, RECORDED.map(|second| second + shift));
    let recorded_at = parse_rfc3339(AT).unwrap().as_second();
    assert!((before..=after).contains(&(recorded_at + shift)), "{before} {} {after}", recorded_at + shift);
    let reset_in = told[3] - told[0];
    assert_eq!(reset_in, 30, "whoever waits for the limit to reset waits as long as it was recorded");
}

/// The wait after which the Okta SDK for Python asks again.
#[test]
fn who_sleeps_until_the_limit_resets_sleeps_as_long_under_every_clock() {
    for clock in ["recorded", "now", "frozen:2031-01-01T00:00:00+01:00", "frozen:1999-12-31T23:59:59Z"] {
        let (_project, player) = replay(&["--clock", clock]);
        let answer = player.ask("GET /limited");
        let date = parse_http_date(answer.header("date")).unwrap().as_second();
        assert_eq!(answer.header("x-rate-limit-reset").parse::<i64>().unwrap() - date, 30, "{clock}");
    }
}

#[test]
fn each_session_has_its_own_clock_and_a_reset_sets_it_anew() {
    let clock = Clock::virtual_from(parse_rfc3339("2030-01-01T00:00:00Z").unwrap());
    let client = client(&clock);
    let time = |session: &str| client.ask_in(session, "GET /time");
    assert_eq!(time("one"), r#"200 "2030-01-01T00:00:00Z""#);
    clock.advance(Duration::from_secs(90));
    assert_eq!(time("one"), r#"200 "2030-01-01T00:00:00Z""#, "the answer stays the same");
    assert_eq!(time("two"), r#"200 "2030-01-01T00:01:30Z""#);
    client.reset();
    assert_eq!(time("one"), r#"200 "2030-01-01T00:01:30Z""#);
}

#[test]
fn a_session_s_time_begins_with_its_first_request_even_if_nothing_answered_it() {
    let clock = Clock::virtual_from(parse_rfc3339("2030-01-01T00:00:00Z").unwrap());
    let client = client(&clock);
    client.miss("GET /none");
    clock.advance(Duration::from_secs(90));
    assert_eq!(client.ask("GET /time"), r#"200 "2030-01-01T00:00:00Z""#);
}

#[test]
fn where_a_recording_tells_no_time_of_its_own_its_date_does() {
    let mut recorded = cassette("a", &[r#"GET /time => 200 "2020-04-22T12:10:00Z""#]);
    let date = HeaderValue::from_static("Wed, 22 Apr 2020 12:09:00 GMT");
    recorded.interactions[0].response.headers.insert("date", date);
    let clock = Clock::virtual_from(parse_rfc3339("2030-01-01T00:00:00Z").unwrap());
    let client =
        Client::with(vec![recorded], &ReplayOptions { clock: Some(clock), ..ReplayOptions::default() });
    assert_eq!(client.ask("GET /time"), r#"200 "2030-01-01T00:01:00Z""#);
    assert_eq!(client.header("date", "GET /time"), "Tue, 01 Jan 2030 00:00:00 GMT");
}

#[test]
fn a_time_that_the_client_sends_back_is_known_again() {
    let mut recorded = cassette(
        "a",
        &[
            r#"GET /user => 200 {"created":"2020-04-22T12:09:20.000Z"}"#,
            r#"PUT /user {"created":"2020-04-22T12:09:20.000Z","name":"x"} => 200 put"#,
            "GET /logs?since=2020-04-22T12:09:20.000Z => 200 logs",
            r#"POST /user {"until":"2031-05-05T00:00:00Z"} => 200 "2020-04-22T12:09:21Z""#,
        ],
    );
    recorded.interactions[0].at = parse_rfc3339(AT).ok();
    let clock = Clock::virtual_from(parse_rfc3339("2030-01-01T00:00:00Z").unwrap());
    let client =
        Client::with(vec![recorded], &ReplayOptions { clock: Some(clock), ..ReplayOptions::default() });
    let user = client.ask("GET /user");
    assert_eq!(user, r#"200 {"created":"2030-01-01T00:00:00.000Z"}"#);
    assert_eq!(client.ask(r#"PUT /user {"created":"2030-01-01T00:00:00.000Z","name":"x"}"#), "200 put");
    assert_eq!(client.ask("GET /logs?since=2030-01-01T00%3A00%3A00.000Z"), "200 logs");
    let constant = client.ask(r#"POST /user {"until":"2031-05-05T00:00:00Z"}"#);
    assert_eq!(constant, r#"200 "2030-01-01T00:00:01Z""#, "what it sends as recorded is taken as it is");
    assert!(client.miss("GET /logs?since=2030-01-01T00:00:01Z").starts_with("never recorded"));
}

#[test]
fn a_coded_body_is_told_anew_and_coded_again() {
    let project = Project::new();
    project.write(
        "recordings/a.yaml",
        format!(
            "overdub: 1\nupstream: https://a.test\n...\n---\nat: {AT}\nrequest: {{method: GET, url: /a}}\nresponse:\n  \
             status: 200\n  headers: {{content-type: application/json, content-encoding: gzip}}\n  body: {{text: \
             '\"2020-04-22T12:09:20Z\"'}}\n...\n"
        ),
    );
    let player = project.serve(&["replay", "--clock", "frozen:2030-01-01T00:00:00Z"]);
    assert_eq!(player.ask("GET /a").text(), "\"2030-01-01T00:00:00Z\"");
    let coded = player.ask("GET /a\naccept-encoding: gzip");
    let plain = overdub::http::Coding::Gzip.decode(&coded.body, 1 << 20).unwrap();
    assert_eq!(plain, "\"2030-01-01T00:00:00Z\"");
}

#[test]
fn what_is_no_clock_is_refused() {
    let project = Project::new();
    insta::assert_snapshot!(project.fails(&["replay", "--clock", "frozen"]), @r#"
    exit code 2
    error: invalid value 'frozen' for '--clock <recorded|now|frozen:T>': write recorded, now or frozen:T, as in frozen:2030-01-01T00:00:00Z

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--clock", "frozen:tomorrow"]), @r#"
    exit code 2
    error: invalid value 'frozen:tomorrow' for '--clock <recorded|now|frozen:T>': failed to parse four digit integer as year: invalid digit, expected 0-9 but got t; write a time as RFC 3339 does, as in frozen:2030-01-01T00:00:00Z

    For more information, try '--help'.
    "#);
}

/// One answer that tells a time, recorded at that time.
fn client(clock: &Clock) -> Client {
    let mut recorded = cassette("a", &[r#"GET /time => 200 "2020-04-22T12:09:20Z""#]);
    recorded.interactions[0].at = parse_rfc3339(AT).ok();
    Client::with(vec![recorded], &ReplayOptions { clock: Some(clock.clone()), ..ReplayOptions::default() })
}

/// A cassette of one answer that holds these times in these spellings.
fn spelled(times: &[(i64, u8)]) -> Cassette {
    let spell = |(second, form): &(i64, u8)| {
        let time = Timestamp::from_second(*second).unwrap();
        match form {
            0 => format!(r#"{{"exp":{second}}}"#),
            1 => format!("\"{time}\""),
            2 => format!("\"{time:.3}\""),
            _ => format!("\"{}+00:00\"", time.to_string().trim_end_matches('Z')),
        }
    };
    let body = format!("[{}]", times.iter().map(spell).collect::<Vec<_>>().join(","));
    let mut recorded = cassette("a", &[&format!("GET /times => 200 {body}")]);
    recorded.interactions[0].at = Timestamp::from_second(times[0].0).ok();
    let mut headers = HeaderMap::new();
    for (second, form) in times {
        let (name, value) = match form {
            0 => ("x-rate-limit-reset", second.to_string()),
            _ => ("last-modified", overdub::clock::http_date(Timestamp::from_second(*second).unwrap())),
        };
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    recorded.interactions[0].response.headers.extend(headers);
    recorded
}

/// The times in the body that [`spelled`] wrote.
fn seconds(body: &str) -> Vec<i64> {
    let values: Vec<serde_json::Value> = serde_json::from_str(body.split_once(' ').unwrap().1).unwrap();
    let second = |value: &serde_json::Value| match value.as_str() {
        Some(text) => parse_rfc3339(text).unwrap().as_second(),
        None => value["exp"].as_i64().unwrap(),
    };
    values.iter().map(second).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the clock, all pairs of times are as far apart as they were.
    #[test]
    fn shifting_keeps_all_differences(
        times in prop::collection::vec((1_000_000_000_i64..2_000_000_000, 0_u8..4), 1..12),
        now in 1_000_000_000_i64..2_000_000_000,
    ) {
        let clock = Some(Clock::virtual_from(Timestamp::from_second(now).unwrap()));
        let shifted = Client::with(vec![spelled(&times)], &ReplayOptions { clock, ..ReplayOptions::default() });
        let told = seconds(&shifted.ask("GET /times"));
        let shift = now - times[0].0;
        prop_assert_eq!(told, times.iter().map(|(second, _)| second + shift).collect::<Vec<_>>());
        if let Some((second, _)) = times.iter().find(|(_, form)| *form == 0) {
            prop_assert_eq!(shifted.header("x-rate-limit-reset", "GET /times"), (second + shift).to_string());
        }
        if let Some((second, _)) = times.iter().find(|(_, form)| *form != 0) {
            let due = overdub::clock::http_date(Timestamp::from_second(second + shift).unwrap());
            prop_assert_eq!(shifted.header("last-modified", "GET /times"), due);
        }
    }
}
