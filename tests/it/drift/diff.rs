//! Two cassettes compared by what they mean.

use insta::assert_snapshot;

use super::changes;
use crate::support::overdub::Project;
use crate::support::tape::{cassette, open_cassette};

/// What has changed between two answers to one request.
fn told(recorded: &str, live: &str) -> String {
    let of = |answer: &str| cassette("run", &[&format!("GET /a => {answer}")]);
    changes(&of(recorded), &of(live)).join("\n")
}

#[test]
fn each_kind_of_change_is_told_with_its_path_and_severity() {
    let rows = [
        (r#"200 {"a":{"b c":1}}"#, r#"200 {"a":{}}"#),
        (r#"200 {"a":1}"#, r#"200 {"a":1,"b":[2]}"#),
        (r#"200 {"a":1}"#, r#"200 {"a":"1"}"#),
        (r#"200 {"a":1}"#, r#"200 {"a":1.0}"#),
        (r#"200 {"a":1}"#, r#"200 {"a":null}"#),
        (r#"200 {"a":null}"#, r#"200 {"a":{"b":1}}"#),
        (r#"200 {"a":null}"#, r"200 {}"),
        (r#"200 {"status":"ACTIVE"}"#, r#"200 {"status":"LOCKED"}"#),
        (r#"200 {"created":"2020-04-22T12:09:20.000Z"}"#, r#"200 {"created":"2021-01-01T00:00:00Z"}"#),
        (r#"200 {"lastLogin":null}"#, r#"200 {"lastLogin":"2021-01-01T00:00:00Z"}"#),
        (r#"200 ["GET","DELETE"]"#, r#"200 ["DELETE"]"#),
        (r"200 [1,2]", r"200 [2,1]"),
        (r"200 []", r#"200 [{"id":"a"}]"#),
        (r#"200 {"a":1}"#, r#"404 {"errorCode":"E0000007","password":"x"}"#),
        (r#"200 {"a":1}"#, "200 <html>"),
        (r#"200 {"a":1}"#, "200"),
        ("204", r#"204 {"a":1}"#),
        ("200 <a>", "200 <b>"),
    ];
    let told: Vec<_> =
        rows.map(|(recorded, live)| format!("{recorded}  =>  {live}\n    {}", told(recorded, live))).into();
    assert_snapshot!(told.join("\n"), @r#"
    200 {"a":{"b c":1}}  =>  200 {"a":{}}
        breaking $.a["b c"]: gone, was 1
    200 {"a":1}  =>  200 {"a":1,"b":[2]}
        additive $.b: new: [2]
    200 {"a":1}  =>  200 {"a":"1"}
        breaking $.a: 1 -> "1"
    200 {"a":1}  =>  200 {"a":1.0}
        
    200 {"a":1}  =>  200 {"a":null}
        value $.a: 1 -> null
    200 {"a":null}  =>  200 {"a":{"b":1}}
        value $.a: null -> {"b":1}
    200 {"a":null}  =>  200 {}
        value $.a: gone, was null
    200 {"status":"ACTIVE"}  =>  200 {"status":"LOCKED"}
        value $.status: "ACTIVE" -> "LOCKED"
    200 {"created":"2020-04-22T12:09:20.000Z"}  =>  200 {"created":"2021-01-01T00:00:00Z"}
        
    200 {"lastLogin":null}  =>  200 {"lastLogin":"2021-01-01T00:00:00Z"}
        
    200 ["GET","DELETE"]  =>  200 ["DELETE"]
        value $: 2 elements, 1 gone -> 1 element
    200 [1,2]  =>  200 [2,1]
        
    200 []  =>  200 [{"id":"a"}]
        value $: 0 elements -> 1 element, 1 new
    200 {"a":1}  =>  404 {"errorCode":"E0000007","password":"x"}
        breaking status: 200 -> 404 {"errorCode":"E0000007","password":"(hidden)"}
    200 {"a":1}  =>  200 <html>
        breaking body: JSON -> text
    200 {"a":1}  =>  200
        breaking body: gone, was JSON
    204  =>  204 {"a":1}
        additive body: new: JSON
    200 <a>  =>  200 <b>
        value body: <a> -> <b>
    "#);
}

#[test]
fn elements_of_lists_belong_together_by_id_and_by_kind() {
    let list = |order: [&str; 2]| format!("200 [{}]", order.join(","));
    let sms = r#"{"id":"sms9heipGfhT6AEm70g4","factorType":"sms","profile":{"phoneNumber":"x"}}"#;
    let push = r#"{"id":"opfFIA8hSEL2HUNFfK0z","factorType":"push","device":{"name":"y"}}"#;
    assert_eq!(told(&list([sms, push]), &list([push, sms])), "");
    let without = r#"{"id":"smsOQPFK8LyFSK7BllJQ","factorType":"sms","profile":{}}"#;
    assert_eq!(
        told(&list([sms, push]), &list([push, without])),
        "breaking $[0].profile.phoneNumber: gone, was \"x\""
    );
    let question = r#"{"id":"ufs9heipGfhT6AEm70g4","factorType":"question","profile":{}}"#;
    assert_eq!(
        told(&list([sms, push]), &list([push, question])),
        "value $: 2 elements, 1 gone -> 2 elements, 1 new"
    );
}

#[test]
fn what_stands_for_another_has_to_do_so_throughout() {
    let of = |owner: &str| {
        cassette(
            "run",
            &[
                r#"POST /users => 200 {"id":"00ua4t9ugYY0pDxkE4x6"}"#,
                &format!(r#"GET /users/00ua4t9ugYY0pDxkE4x6/factors => 200 {{"owner":"{owner}"}}"#),
            ],
        )
    };
    let mut other = of("00uLPHffIbkcy4kIFjcX");
    assert_eq!(
        changes(&of("00ua4t9ugYY0pDxkE4x6"), &other),
        ["value $.owner: \"00ua4t9ugYY0pDxkE4x6\" -> \"00uLPHffIbkcy4kIFjcX\""]
    );
    other = of("00ua4t9ugYY0pDxkE4x6");
    assert_eq!(changes(&of("00uLPHffIbkcy4kIFjcX"), &other).len(), 1);
}

#[test]
fn persons_and_secrets_are_the_same_whoever_they_are() {
    let of = |mail: &str, name: &str, passcode: &str| {
        let line = format!(
            r#"POST /api/v1/users/{mail}/x {{"passCode":"{passcode}"}} => 200 {{"login":"{mail}","name":"{name}","who":"({mail})"}}"#
        );
        let declared = [format!("{mail}: email"), format!("{name}: name"), format!("{passcode}: passcode")];
        open_cassette("run", &declared.each_ref().map(String::as_str), &[&line])
    };
    let none: [String; 0] = [];
    assert_eq!(
        changes(&of("user1@example.test", "Name1", "000001"), &of("user9@example.test", "Name4", "000002")),
        none
    );
}

#[test]
fn two_cassettes_that_mean_the_same_are_told_to() {
    let project = Project::new();
    let user = |id: &str, at: &str| format!(r#"POST /api/v1/users => 200 {{"id":"{id}","created":"{at}"}}"#);
    let one = [
        user("00ua4t9ugYY0pDxkE4x6", "2020-04-22T12:09:20.000Z"),
        "GET /api/v1/users/00ua4t9ugYY0pDxkE4x6 => 200 {}".to_owned(),
    ];
    let other = [
        user("00uLPHffIbkcy4kIFjcX", "2021-04-22T12:09:20.000Z"),
        "GET /api/v1/users/00uLPHffIbkcy4kIFjcX => 200 {}".to_owned(),
    ];
    project.tape("recordings/one.yaml", &one.each_ref().map(String::as_str));
    project.tape("recordings/other.yaml", &other.each_ref().map(String::as_str));
    let (code, out, err) = project.run(&["cassette", "diff", "one", "other"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "the same by meaning: 2 interactions\n", ""));
}

#[test]
fn what_differs_is_told_by_path_and_what_is_on_one_side_only() {
    let project = Project::new();
    project.tape(
        "recordings/one.yaml",
        &[
            "GET /a => 200 {\"a\":1,\"b\":2}",
            "GET /gone => 200 {}",
            "POST /c => 201 {}",
            "GET /a => 200 {\"a\":1}",
        ],
    );
    project.tape(
        "other.yaml",
        &[
            "GET /a => 200 {\"a\":3,\"c\":[1]}",
            "POST /c => 400 {\"errorCode\":\"E0000001\"}",
            "GET /a => 200 {\"a\":1}",
            "GET /new?x=1 => 200 {}",
        ],
    );
    let (code, out, err) = project.run(&["cassette", "diff", "one", "other.yaml"]);
    assert_snapshot!(format!("exit code {code}\n{out}{err}"), @r#"
    exit code 1
    GET /a  (recordings/one.yaml:4, other.yaml:4)
        breaking  $.b: gone, was 2
        additive  $.c: new: [1]
        value     $.a: 1 -> 3
    POST /c  (recordings/one.yaml:18, other.yaml:11)
        breaking  status: 201 -> 400 {"errorCode":"E0000001"}
    - GET /gone  (recordings/one.yaml:11)
    + GET /new?x=1  (other.yaml:25)
    same 1, changed 2 (2 breaking, 1 additive, 1 value), only in A 1, only in B 1
    error: one and other.yaml differ
    "#);
    let (code, json, _) = project.run(&["cassette", "diff", "one", "other.yaml", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, report["same"].as_u64(), report["only_in_b"][0]["url"].as_str()),
        (1, Some(1), Some("/new?x=1"))
    );
    let change = &report["changed"][0]["changes"][0];
    assert_eq!((change["path"].as_str(), change["kind"].as_str()), (Some("$.a"), Some("value")));
    project.tape(
        "recordings/less.yaml",
        &["GET /a => 200 {\"a\":1,\"b\":3}", "GET /gone => 200 {}", "POST /c => 201 {}"],
    );
    let (code, _, _) = project.run(&["cassette", "diff", "one", "less", "--fail-on", "breaking"]);
    assert_eq!(code, 0);
}

#[test]
fn a_cassette_that_is_not_there_is_a_usage_error() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 {}"]);
    project.tape("recordings/deep/two.yaml", &["GET /a => 200 {}"]);
    project.tape("recordings/deep/three.yaml", &["GET /a => 200 {}"]);
    let (code, out, err) = project.run(&["cassette", "diff", "one", "ane"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("ane") && err.contains("one"), "{err}");
    let (code, _, err) = project.run(&["cassette", "diff", "one", "deep"]);
    assert_eq!(code, 2);
    assert!(err.contains("deep: is 2 cassettes; name one of them"), "{err}");
}

#[test]
fn nothing_in_a_cassette_moves_the_cursor_or_turns_the_text_of_a_terminal_round() {
    let project = Project::new();
    let cassette = |value: &str| {
        let response =
            format!("{{status: 200, headers: {{content-type: application/json}}, body: {{json: {value}}}}}");
        format!(
            "overdub: 1\nupstream: https://a.test\n...\n---\nrequest: {{method: GET, url: \"/a\\u202Eb\"}}\nresponse: {response}\n...\n"
        )
    };
    project.write("a\u{1b}[31m.yaml", cassette(r#"{"k\u202E": "x\u202E", gone: 1}"#));
    project.write("b.yaml", cassette(r#"{"k\u202E": "y\u009B", "new\u2066": 1}"#));
    let mut all = String::new();
    for args in [["check", "a\u{1b}[31m.yaml", "b.yaml"], ["diff", "a\u{1b}[31m.yaml", "b.yaml"]] {
        let (_, out, err) = project.run(&[&["cassette"], &args[..]].concat());
        all.extend([out, err]);
    }
    let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{2069}').contains(&c);
    assert!(!all.contains(odd), "{all:?}");
    assert!(all.contains(r"GET /a\u{202e}b  (a\u{1b}[31m.yaml:4, b.yaml:4)"), "{all}");
}
