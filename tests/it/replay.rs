//! Which recorded answer is due.

mod headers;
mod laws;
mod misses;
mod origins;
mod patterns;
mod people;
mod reloaded;
mod values;

use overdub::cassette::Repeat;
use overdub::replay::ReplayOptions;
use proptest::prelude::*;

use crate::support::tape::{Client, cassette, interaction};

const SMS: &[&str] = &[
    r#"POST /users/u/factors {"phone":"+1"} => 200 {"id":"mbl1","status":"PENDING_ACTIVATION"}"#,
    r#"GET /users/u/factors => 200 [{"id":"mbl1"}]"#,
    r#"POST /users/u/factors/mbl1/lifecycle/activate {"passCode":"355946"} => 200 {"id":"sms1","status":"ACTIVE"}"#,
    r#"GET /users/u/factors => 200 [{"id":"sms1"}]"#,
    "DELETE /users/u/factors/sms1 => 204",
    "GET /users/u/factors => 200 []",
    r#"POST /users/u/factors {"phone":"+1"} => 200 {"id":"sms2","status":"ACTIVE"}"#,
    r#"GET /users/u/factors => 200 [{"id":"sms2"}]"#,
];

fn sent(line: &str) -> &str {
    line.split_once(" => ").unwrap().0
}

fn due(line: &str) -> &str {
    line.split_once(" => ").unwrap().1
}

#[test]
fn a_cassette_in_its_own_order_gives_exactly_what_was_recorded() {
    let client = Client::of(vec![cassette("sms", SMS)]);
    for line in SMS {
        assert_eq!(client.ask(sent(line)), due(line), "{line}");
    }
}

#[test]
fn reads_may_be_left_out_or_doubled_and_writes_still_get_their_own_answer() {
    for times in [0, 1, 3] {
        let client = Client::of(vec![cassette("sms", SMS)]);
        for line in SMS {
            let reads = line.starts_with("GET");
            for _ in 0..if reads { times } else { 1 } {
                assert_eq!(client.ask(sent(line)), due(line), "{line} with reads × {times}");
            }
        }
    }
}

#[test]
fn a_passcode_matches_whatever_it_is() {
    let client = Client::of(vec![cassette("sms", SMS)]);
    let answer = client.ask(r#"POST /users/u/factors/mbl1/lifecycle/activate {"passCode":"000000"}"#);
    assert_eq!(answer, due(SMS[2]));
}

#[test]
fn a_read_before_its_opener_gets_the_first_group() {
    let client = Client::of(vec![cassette("sms", SMS)]);
    assert_eq!(client.ask("GET /users/u/factors"), due(SMS[1]));
}

#[test]
fn polling_more_often_than_recorded_repeats_the_last_answer() {
    let client = Client::of(vec![cassette(
        "push",
        &[
            r#"POST /api/v1/users/u/factors {} => 200 {"id":"opf1"}"#,
            "POST /api/v1/users/u/factors/opf1/lifecycle/activate/poll => 200 WAITING",
            "POST /api/v1/users/u/factors/opf1/lifecycle/activate/poll => 200 WAITING2",
            "POST /api/v1/users/u/factors/opf1/lifecycle/activate/poll => 200 ACTIVE",
            "GET /api/v1/users/u/factors/opf1 => 200 active",
        ],
    )]);
    client.ask("POST /api/v1/users/u/factors {}");
    let answers: Vec<_> =
        (0..5).map(|_| client.ask("POST /api/v1/users/u/factors/opf1/lifecycle/activate/poll")).collect();
    assert_eq!(answers, ["200 WAITING", "200 WAITING2", "200 ACTIVE", "200 ACTIVE", "200 ACTIVE"]);
    assert_eq!(client.ask("GET /api/v1/users/u/factors/opf1"), "200 active");
}

#[test]
fn writes_to_other_resources_move_no_read_on() {
    let client = Client::of(vec![cassette(
        "two",
        &[
            "GET /users/a/factors => 200 a0",
            "POST /users/b/factors {} => 200 b",
            "GET /users/a/factors => 200 a0-again",
            "POST /users/a/factors {} => 200 a",
            "GET /users/a/factors => 200 a1",
        ],
    )]);
    client.ask("POST /users/b/factors {}");
    assert_eq!(client.ask("GET /users/a/factors"), "200 a0");
    client.ask("POST /users/a/factors {}");
    assert_eq!(client.ask("GET /users/a/factors"), "200 a1");
}

#[test]
fn a_collection_s_post_concerns_the_item_that_it_names() {
    let lines = [
        "GET /users/u2 => 404 none",
        r#"POST /users {"login":"a"} => 200 {"id":"u1"}"#,
        "GET /users/u2 => 404 none-still",
        r#"POST /users {"login":"b"} => 200 {"id":"u2"}"#,
        "GET /users/u2 => 200 b",
    ];
    let client = Client::of(vec![cassette("users", &lines)]);
    client.ask(sent(lines[1]));
    assert_eq!(client.ask("GET /users/u2"), "404 none");
    client.ask(sent(lines[3]));
    assert_eq!(client.ask("GET /users/u2"), "200 b");
}

#[test]
fn a_failed_write_moves_nothing_on() {
    let client = Client::of(vec![cassette(
        "failed",
        &["GET /a => 200 one", "PUT /a {} => 403 no", "GET /a => 200 two", "GET /a => 200 three"],
    )]);
    client.ask("PUT /a {}");
    assert_eq!(client.ask("GET /a"), "200 one");
}

#[test]
fn the_profile_relates_what_paths_do_not() {
    let client = Client::of(vec![cassette(
        "groups",
        &[
            "GET /api/v1/users/u/groups => 200 none",
            "PUT /api/v1/groups/g/users/u => 204",
            "GET /api/v1/users/u/groups => 200 g",
        ],
    )]);
    assert_eq!(client.ask("GET /api/v1/users/u/groups"), "200 none");
    client.ask("PUT /api/v1/groups/g/users/u");
    assert_eq!(client.ask("GET /api/v1/users/u/groups"), "200 g");
}

#[test]
fn a_write_that_is_used_up_does_what_the_policy_says() {
    let lines = ["POST /a => 200 one", "POST /a => 200 two"];
    let answers = |repeat| {
        let client =
            Client::with(vec![cassette("a", &lines)], &ReplayOptions { repeat, ..ReplayOptions::default() });
        (0..5)
            .map(|_| client.ask("POST /a").lines().next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let used_up = "recorded, but already used: POST /a";
    assert_eq!(answers(None), ["200 one", "200 two", used_up, used_up, used_up]);
    assert_eq!(answers(Some(Repeat::Last)), ["200 one", "200 two", "200 two", "200 two", "200 two"]);
    assert_eq!(answers(Some(Repeat::Cycle)), ["200 one", "200 two", "200 one", "200 two", "200 one"]);
}

#[test]
fn an_interaction_s_own_policy_goes_before_the_general_one() {
    let mut tape = cassette("a", &["POST /a => 200 one", "POST /b => 200 two"]);
    tape.interactions[0].repeat = Some(Repeat::Last);
    let client = Client::of(vec![tape]);
    for _ in 0..3 {
        assert_eq!(client.ask("POST /a"), "200 one");
    }
    client.ask("POST /b");
    assert!(client.miss("POST /b").starts_with("recorded, but already used"));
}

#[test]
fn a_flow_that_cycles_begins_again_as_a_whole() {
    let mut tape = cassette("sms", SMS);
    tape.header.repeat = Some(Repeat::Cycle);
    let client = Client::of(vec![tape]);
    for round in 0..3 {
        for line in SMS {
            assert_eq!(client.ask(sent(line)), due(line), "round {round}: {line}");
        }
    }
}

#[test]
fn a_reset_starts_everything_afresh() {
    let client = Client::of(vec![cassette("sms", SMS)]);
    for _ in 0..2 {
        for line in SMS {
            assert_eq!(client.ask(sent(line)), due(line));
        }
        client.reset();
    }
}

#[test]
fn a_token_endpoint_repeats_its_last_good_answer() {
    let client = Client::of(vec![cassette(
        "token",
        &[
            "POST /oauth2/v1/token grant=a => 400 use_dpop_nonce",
            "POST /oauth2/v1/token grant=a => 200 token",
            "POST /oauth2/v1/token grant=a => 500 down",
        ],
    )]);
    let answers: Vec<_> = (0..5).map(|_| client.ask("POST /oauth2/v1/token grant=a")).collect();
    assert_eq!(answers, ["400 use_dpop_nonce", "200 token", "500 down", "200 token", "200 token"]);
}

#[test]
fn an_unrecorded_body_matches_any_after_the_exact_ones() {
    let client = Client::of(vec![cassette(
        "any",
        &["POST /a ? => 200 any", r#"POST /a {"b":1} => 200 exact"#, "POST /a ? => 200 any2"],
    )]);
    assert_eq!(client.ask(r#"POST /a { "b": 1.0 }"#), "200 exact");
    assert_eq!(client.ask(r#"POST /a {"b":2}"#), "200 any");
    assert_eq!(client.ask("POST /a"), "200 any2");
    assert!(client.miss("POST /a").starts_with("recorded, but already used"));
}

#[test]
fn a_recorded_304_answers_conditional_requests_only() {
    let client =
        Client::of(vec![cassette("etag", &["GET /a => 200 whole", "GET /a => 304", "GET /a => 200 new"])]);
    let conditional = [("if-none-match", "\"1\"")];
    assert_eq!(client.ask("GET /a"), "200 whole");
    assert_eq!(client.ask("GET /a"), "200 new");
    client.reset();
    assert_eq!(client.ask("GET /a"), "200 whole");
    assert_eq!(client.ask_with("GET /a", &conditional), "304");
    assert_eq!(client.ask_with("GET /a", &conditional), "200 new");
    let only = Client::of(vec![cassette("etag", &["GET /a => 304"])]);
    assert!(only.miss("GET /a").starts_with("recorded only as 304"));
    assert_eq!(only.ask_with("GET /a", &conditional), "304");
}

#[test]
fn the_cassette_that_answered_last_is_asked_first() {
    let one = cassette("1", &["GET /same => 200 one", "GET /only-one => 200 x"]);
    let two = cassette("2", &["GET /same => 200 two", "GET /only-two => 200 y"]);
    let client = Client::of(vec![two, one]);
    assert_eq!(client.ask("GET /same"), "200 one");
    client.ask("GET /only-two");
    assert_eq!(client.ask("GET /same"), "200 two");
    assert_eq!(client.ask_with("GET /same", &[("x-overdub-cassette", "1")]), "200 one");
    assert!(
        client.ask_with("GET /same", &[("x-overdub-cassette", "3")]).starts_with("no cassette named `3`")
    );
    assert!(client.ask_with("GET /only-two", &[("x-overdub-cassette", "1")]).starts_with("never recorded"));
}

#[test]
fn a_write_whose_answer_was_cut_off_is_answered_again_with_the_same() {
    let client = Client::of(vec![cassette("cut", &["POST /a => 200 one", "POST /a => 200 two"])]);
    client.ask_and_leave("POST /a");
    assert_eq!(client.ask("POST /a"), "200 one");
    assert_eq!(client.ask("POST /a"), "200 two");
}

#[test]
fn links_to_the_recorded_origin_come_back_with_the_client_s_own() {
    let tape = || {
        vec![cassette(
            "links",
            &[r#"GET /a => 200 {"href":"https://okta.overdub.test/b","x":"okta.overdub.test"}"#],
        )]
    };
    assert_eq!(
        Client::of(tape()).ask("GET /a"),
        r#"200 {"href":"http://127.0.0.1:8080/b","x":"okta.overdub.test"}"#
    );
    let off = ReplayOptions { rewrite_links: false, ..ReplayOptions::default() };
    assert_eq!(
        Client::with(tape(), &off).ask("GET /a"),
        r#"200 {"href":"https://okta.overdub.test/b","x":"okta.overdub.test"}"#
    );
}

proptest! {
    /// The first law of replay, for any recording: its own order gives its own answers.
    #[test]
    fn any_recording_in_its_own_order_gives_its_own_answers(
        steps in prop::collection::vec(
            (prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
             prop::sample::select(vec!["/users", "/users/u1", "/users/u2", "/users/u1/factors", "/users/u1/factors/f1",
                 "/api/v1/users/u/factors/f/lifecycle/activate/poll", "/api/v1/users/u/factors/f", "/oauth2/v1/token"]),
             prop::sample::select(vec!["", "{\"a\":1}", "?"]),
             prop::sample::select(vec!["200", "200", "201", "403", "404"])),
            1..40),
    ) {
        let lines: Vec<String> = steps
            .iter()
            .enumerate()
            .map(|(n, (method, path, body, status))| format!("{method} {path} {body} => {status} {{\"n\":{n},\"id\":\"u{}\"}}", n % 3))
            .collect();
        let borrowed: Vec<&str> = lines.iter().map(String::as_str).collect();
        let client = Client::of(vec![cassette("any", &borrowed)]);
        for (line, (method, path, body, _)) in lines.iter().zip(&steps) {
            // A body that nobody recorded is sent as one that no exact recording has.
            let body = if *body == "?" { "{\"other\":true}" } else { body };
            prop_assert_eq!(client.ask(&format!("{method} {path} {body}")), due(line));
        }
    }
}

#[test]
fn the_fixture_reads_its_own_lines() {
    assert_eq!(interaction("DELETE /a => 204").response.body, None);
}
