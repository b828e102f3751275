//! Answers, faults, chance, time and passcodes.

use std::time::Duration;

use overdub::fault::{Fault, WireFault};
use overdub::scenario::Origin;

use super::{FACTOR, FACTOR_PATH, Stage, load, recorded, request, session};

#[test]
fn on_request_answers_without_a_recording() {
    let stage = Stage::on_request(
        "respond(503, #{ \"Retry-After\": 3, \"set-cookie\": [\"a=1\", \"b=2\"] }, #{ down: true })",
    );
    let before = stage.before(&request("GET", "/a", "")).unwrap();
    let answer = before.answer.unwrap();
    assert_eq!((answer.status.as_u16(), answer.origin), (503, Origin::Script));
    assert_eq!(answer.headers["retry-after"], "3");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.body, r#"{"down":true}"#);
    assert_eq!(before.fired[0].effects, ["answer"]);
}

#[test]
fn bodies_are_json_text_or_nothing() {
    let made = |value: &str| Stage::on_request(value).get("/a", FACTOR);
    let html = made("respond(502, #{ \"content-type\": \"text/html\" }, \"<html>Bad Gateway</html>\")");
    assert_eq!((html.text(), html.header("content-type")), ("<html>Bad Gateway</html>", Some("text/html")));
    assert_eq!(made("respond(200, \"hello\")").header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(made("respond(200, [1, 2.0, ()])").text(), "[1,2.0,null]");
    let none = made("respond(204)");
    assert_eq!((none.text(), none.header("content-type")), ("", None));
    assert_eq!(made("respond(204, #{ a: 1 })").text(), "");
}

#[test]
fn a_status_without_a_body_takes_the_body_and_its_headers_along() {
    let played = Stage::on_response("res.status = 204;").get("/a", FACTOR);
    assert_eq!((played.status(), played.text()), (204, ""));
    let names: Vec<_> = played.response().headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["server", "x-okta-request-id"]);
}

#[test]
fn redirects_carry_a_location_and_a_body_given_or_kept() {
    let played = Stage::on_request("redirect(301, \"https://other.test/a\")").get("/a", FACTOR);
    assert_eq!(
        (played.status(), played.header("location"), played.text()),
        (301, Some("https://other.test/a"), "")
    );
    let played = Stage::on_request("return redirect(307, \"/b\", #{ a: 1 });").get("/a", FACTOR);
    assert_eq!(played.text(), r#"{"a":1}"#);
    let played = Stage::on_response("res.redirect(301, `${req.path}/x`);").get("/a", FACTOR);
    assert_eq!((played.status(), played.header("location"), played.text()), (301, Some("/a/x"), FACTOR));
    let played = Stage::on_response("res.replace(respond(500, \"gone\"));").get("/a", FACTOR);
    assert_eq!((played.status(), played.text(), played.header("server")), (500, "gone", None));
}

#[test]
fn an_error_of_okta_is_as_okta_gives_it() {
    let played = Stage::on_request("okta_error(\"E0000047\")").get(FACTOR_PATH, FACTOR);
    assert_eq!(played.status(), 429);
    assert_eq!(played.json()["errorSummary"], "API call exceeded rate limit due to too many requests.");
    assert_eq!(played.header("date"), Some("Wed, 22 Apr 2020 12:09:20 GMT"));
    assert_eq!(played.header("x-rate-limit-reset"), Some("1587557361"));
    let played = Stage::on_request(
        "okta_error(\"E0000001\", #{ detail: \"factorEnrollRequest\", causes: [\"There is an existing verified phone number.\"] })",
    )
    .get(FACTOR_PATH, FACTOR);
    assert_eq!(played.status(), 400);
    assert_eq!(played.json()["errorSummary"], "Api validation failed: factorEnrollRequest");
    assert_eq!(
        played.json()["errorCauses"][0]["errorSummary"],
        "There is an existing verified phone number."
    );
    let played = Stage::on_request(
        "okta_error(\"E0000047\", #{ limit: 0, remaining: 0, reset: \"30s\", headers: #{ \"x-a\": \"b\" } }).delay(\"1s\")",
    )
    .get(FACTOR_PATH, FACTOR);
    assert_eq!(played.header("x-rate-limit-limit"), Some("0"));
    assert_eq!(played.header("x-rate-limit-reset"), Some("1587557390"));
    assert_eq!((played.header("x-a"), played.faults.delay), (Some("b"), Duration::from_secs(1)));
}

#[test]
fn the_first_handler_that_answers_is_the_last_that_is_asked() {
    let one = "on_request(\"GET /a\", |req, state| { if nth(1) { return respond(201); } });
               on_response(\"GET /a\", |req, res| { res.headers[\"x-saw\"] = `${res.origin}`; });";
    let two = "on_request(\"* /*\", |req, state| respond(202));";
    let stage = Stage::with(&[("one", one), ("two", two)], &["one", "two"], &[]);
    let first = stage.get("/a", "{}");
    assert_eq!((first.status(), first.header("x-saw")), (201, Some("script")));
    assert_eq!(stage.get("/a", "{}").status(), 202);
    let contests = stage.set.contests();
    assert_eq!(contests.len(), 1);
    assert_eq!((contests[0].first.scenario(), contests[0].second.scenario()), ("one", "two"));
}

#[test]
fn every_fault_of_the_guide_can_be_asked_for_by_its_name() {
    let calls = [
        ("delay", "delay(\"200ms\")"),
        ("throttle", "throttle(100)"),
        ("dribble", "dribble(4, \"1s\")"),
        ("hang", "hang()"),
        ("empty_reply", "empty_reply()"),
        ("reset", "reset()"),
        ("reset_after", "reset_after(10)"),
        ("truncate", "truncate(10)"),
        ("wrong_length", "wrong_length(10)"),
        ("malformed_chunk", "malformed_chunk()"),
        ("garbage", "garbage()"),
        ("close_after", "close_after()"),
        ("refuse", "refuse(3)"),
        ("tls_failure", "tls_failure()"),
        ("h2_goaway", "h2_goaway()"),
        ("h2_reset", "h2_reset(8)"),
    ];
    assert_eq!(calls.map(|(name, _)| name), Fault::NAMES);
    for (name, call) in calls {
        let stage = Stage::on_response(&format!("res.fault({call});"));
        let decision = stage.after(&request("GET", "/a", ""), &recorded(FACTOR)).unwrap();
        assert!(!decision.faults.is_none() && decision.answer.is_none(), "{call}");
        assert_eq!(decision.fired[0].effects, [name]);
        assert_eq!(stage.set.report()[0].effects[name], 1);
    }
    let played =
        Stage::on_response("res.fault(truncate(10)).fault(refuse(3)).delay(\"1s\");").get("/a", FACTOR);
    assert_eq!((played.faults.wire, played.faults.refuse), (Some(WireFault::Truncate(10)), 3));
}

#[test]
fn a_fault_alone_is_an_answer_to_a_request() {
    let stage = Stage::on_request("if first(1) { return reset(); } if nth(2) { return delay(\"2s\"); }");
    let first = stage.before(&request("GET", "/a", "")).unwrap();
    assert!(first.is_silence() && first.answer.is_none());
    let second = stage.before(&request("GET", "/a", "")).unwrap();
    assert_eq!((second.is_silence(), second.faults.delay), (false, Duration::from_secs(2)));
    assert!(stage.before(&request("GET", "/a", "")).unwrap().faults.is_none());
}

#[test]
fn predicates_count_by_method_and_path() {
    let pattern = |predicate: &str| {
        let stage = Stage::on_response(&format!("if {predicate} {{ res.status = 299; }}"));
        let hits: String =
            (0..8).map(|_| if stage.get("/a", "{}").status() == 299 { 'x' } else { '.' }).collect();
        hits
    };
    assert_eq!(pattern("nth(3)"), "..x.....");
    assert_eq!(pattern("every(3)"), "..x..x..");
    assert_eq!(pattern("after(5)"), ".....xxx");
    assert_eq!(pattern("first(2)"), "xx......");
    assert_eq!(pattern("req.nth > 6"), "......xx");
    let stage = Stage::on_response("if nth(2) { res.status = 299; }");
    for path in ["/a", "/b", "/a/", "/b?x=1"] {
        let expected = if matches!(path, "/a" | "/b") { 200 } else { 299 };
        assert_eq!(stage.get(path, "{}").status(), expected, "{path}");
    }
}

#[test]
fn time_passes_for_the_session() {
    let stage =
        Stage::on_response("if between(\"10s\", \"20s\") { res.status = 299; } res.json.now = now();");
    let status = |after: u64| {
        stage.wall.advance(Duration::from_secs(after));
        stage.get("/a", "{}").status()
    };
    assert_eq!([status(0), status(10), status(9), status(1)], [200, 299, 299, 200]);
    stage.session.reset();
    assert_eq!([status(0), status(10)], [200, 299], "a session that begins anew counts from there");
    let stage = Stage::on_response(
        "clock_advance(\"10m\"); res.json.now = now() + \"1s\"; res.json.late = now() > \"2020-04-22T12:19:00Z\";",
    );
    let first = stage.get("/a", "{}").json();
    assert_eq!((&first["now"], &first["late"]), (&"2020-04-22T12:19:21.000Z".into(), &true.into()));
    stage.get("/a", "{}");
    assert_eq!(stage.session.advanced(), Duration::from_mins(20));
}

#[test]
fn passcodes_are_those_of_the_rfcs() {
    // RFC 6238 appendix B and RFC 4226 appendix D: the secret is "12345678901234567890".
    let stage = Stage::on_response(
        "let s = \"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\";
         res.json = #{ hotp: [hotp(s, 0), hotp(s, 9)], now: totp(s), ok: totp_valid(s, totp(s)), no: totp_valid(s, \"000000\") };",
    );
    let shown = stage.get("/a", "{}").json();
    assert_eq!(shown["hotp"], serde_json::json!(["755224", "520489"]));
    assert_eq!((&shown["ok"], &shown["no"]), (&true.into(), &false.into()));
    let now = shown["now"].clone();
    stage.wall.advance(Duration::from_mins(1));
    assert_ne!(stage.get("/a", "{}").json()["now"], now);
}

const DRAWS: &str = "res.json = #{ a: chance(0.5), b: random(1, 1000000), c: pick([\"x\", \"y\", \"z\"]), d: random(0.0, 1.0) };";

#[test]
fn chance_depends_on_what_is_asked_and_not_on_the_order() {
    let drawn = |order: &[&str], seed: u64, name: &str| {
        let stage = Stage::on_response(DRAWS);
        let (session, _) = session(name, seed);
        let stage = Stage { session, ..stage };
        let mut texts: Vec<_> =
            order.iter().map(|path| ((*path).to_owned(), stage.get(path, "{}").text().to_owned())).collect();
        texts.sort();
        texts
    };
    let one = drawn(&["/a", "/a", "/b", "/c", "/b"], 1, "s");
    assert_eq!(one, drawn(&["/c", "/b", "/a", "/b", "/a"], 1, "s"));
    assert_ne!(one, drawn(&["/c", "/b", "/a", "/b", "/a"], 2, "s"));
    assert_ne!(one, drawn(&["/c", "/b", "/a", "/b", "/a"], 1, "t"));
    assert_eq!(one.iter().map(|(_, text)| text).collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[test]
fn chance_hits_as_often_as_it_says() {
    let stage = Stage::on_response("if chance(0.25) { res.status = 299; }");
    let hits = (0..2000).filter(|_| stage.get("/a", "{}").status() == 299).count();
    assert!((400..600).contains(&hits), "{hits}");
}

#[test]
fn latencies_are_drawn_alike_each_time() {
    let drawn = || Stage::on_response("res.delay(lognormal(\"100ms\", 0.5));").get("/a", "{}").faults.delay;
    assert_eq!(drawn(), drawn());
    assert!(drawn() > Duration::from_millis(10) && drawn() < Duration::from_secs(2));
}

#[test]
fn error_ids_are_the_same_in_the_same_run_and_differ_from_call_to_call() {
    let ids = || {
        let stage = Stage::on_request("okta_error(\"E0000068\")");
        [0, 1].map(|_| stage.get("/a", "{}").json()["errorId"].clone())
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
}

#[test]
fn parameters_are_set_from_outside_by_the_type_of_their_default() {
    let script = "describe(\"t\", #{ n: 2, rate: 0.5, on: false, name: \"x\", list: [1] });
        on_response(\"* /**\", |req, res| { res.json = [param(\"n\"), param(\"rate\"), param(\"on\"), param(\"name\"), param(\"list\")]; });";
    let shown =
        |settings: &[&str]| Stage::with(&[("s", script)], &["s"], settings).get("/a", "{}").text().to_owned();
    assert_eq!(shown(&[]), r#"[2,0.5,false,"x",[1]]"#);
    assert_eq!(
        shown(&["n=5", "rate=1", "on=true", "s.name=a=b", "list=[2,3]"]),
        r#"[5,1.0,true,"a=b",[2,3]]"#
    );
    let set = load(&[("s", script)], &["s"], &["n=5"]).unwrap();
    let described = set.scenarios()[0].parameters();
    assert_eq!((described[1].name.as_str(), described[1].kind), ("n", "an integer"));
    assert_eq!((described[1].default.as_str(), described[1].value.as_str()), ("2", "5"));
    let said = |settings: &[&str]| load(&[("s", script)], &["s"], settings).unwrap_err().to_string();
    insta::assert_snapshot!(said(&["m=1"]), @r#"no scenario in force has a parameter `m`; there are: s.list (a list, written as JSON, [1]), s.n (an integer, 2), s.name (a text, x), s.on (true or false, false), s.rate (a number, 0.5)"#);
    insta::assert_snapshot!(said(&["n=many"]), @r#"the parameter `n` is an integer, as 2 is: `many` is not; there are: s.list (a list, written as JSON, [1]), s.n (an integer, 2), s.name (a text, x), s.on (true or false, false), s.rate (a number, 0.5)"#);
    assert!(said(&["other.n=1"]).contains("no scenario in force has a parameter `other.n`"));
    assert!(said(&["n"]).contains("write NAME=VALUE"));
}
