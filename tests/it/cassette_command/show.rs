//! A timeline, an interaction, and what a terminal gets.

use super::{ODD, told};
use crate::support::overdub::Project;

fn odd() -> Project {
    let project = Project::new();
    project.write("recordings/odd.yaml", ODD);
    project
}

#[test]
fn a_timeline_shows_what_becomes_of_a_factor() {
    insta::assert_snapshot!(told(&Project::new(), &["show", "okta-sms"]), @r#"
    okta-sms: 9 interactions with https://okta.overdub.test, recorded 2026-11-22T18:21:09.622Z, by overdub 0.1.0, profile okta, 5 stand-ins

    #       at  method  path                                                                                status  state                  took   sent  received
    1  +0.000s  POST    /api/v1/users?activate=true                                                         200        PROVISIONED         16ms  110 B     908 B
    2  +0.018s  POST    /api/v1/users/00uLPHffIbkcy4kIFjcX/factors                                          200     -> PENDING_ACTIVATION   0ms   79 B     796 B
    3  +0.019s  GET     /api/v1/users/00uLPHffIbkcy4kIFjcX/factors                                          200        PENDING_ACTIVATION   0ms      -     798 B
    4  +0.021s  POST    /api/v1/users/00uLPHffIbkcy4kIFjcX/factors/mbl6ns1auuDo61cTO84n/lifecycle/activate  200     -> ACTIVE               0ms   21 B     623 B
    5  +0.022s  GET     /api/v1/users/00uLPHffIbkcy4kIFjcX/factors                                          200        ACTIVE               0ms      -     625 B
    6  +0.023s  DELETE  /api/v1/users/00uLPHffIbkcy4kIFjcX/factors/smsKbJlMc7HE7s9a2YRe                     204                             0ms      -         -
    7  +0.027s  GET     /api/v1/users/00uLPHffIbkcy4kIFjcX/factors/smsKbJlMc7HE7s9a2YRe                     404     -> E0000007             0ms      -     184 B
    8  +0.029s  POST    /api/v1/users/00uLPHffIbkcy4kIFjcX/factors                                          200     -> ACTIVE               0ms   79 B     623 B
    9  +0.031s  GET     /api/v1/users/00uLPHffIbkcy4kIFjcX/factors/smsOQPFK8LyFSK7BllJQ                     200        ACTIVE               0ms      -     623 B
    exit code 0
    "#);
}

#[test]
fn what_is_not_known_is_left_open() {
    insta::assert_snapshot!(told(&odd(), &["show", "odd"]), @r#"
    odd: 6 interactions with https://okta.overdub.test, recorded 2026-01-05T09:00:00.123Z, by overdub 0.1.0, profile okta, 2 stand-ins

    #       at  method  path                                    status  state         took  sent  received
    1  +0.000s  GET     /factors?limit=2&q=a%20b                200        ACTIVE     1.5s     -      44 B
    2           POST    /factors/f/verify                       200     -> CHALLENGE           -      28 B
    3           POST    /factors/f/verify                       403     -> E0000068         21 B      30 B
    4           POST    /factors/f/verify                       204                         21 B         -
    5           PUT     https://other1.overdub.test/it's?x=[1]  200                          4 B      13 B
    6           PATCH   /graph                                  599                            ?         -
    exit code 0
    "#);
}

#[test]
fn one_interaction_is_shown_whole() {
    let project = odd();
    let whole = told(&project, &["show", "odd#1"]);
    insta::assert_snapshot!(whole, @r#"
    odd#1  recordings/odd.yaml:6
    at 2026-01-05T09:00:00.123Z, took 1.5s
    stand-in +15550100001: phone
    stand-in 000001: passcode

    GET /factors?limit=2&q=a%20b
    accept: application/json

    200 OK
    content-type: application/json
    content-encoding: gzip
    set-cookie: sid=redacted; Path=/; Secure
    set-cookie: DT=redacted; HttpOnly

    [
      {
        "phone": "+15550100001",
        "status": "ACTIVE"
      }
    ]

    x-check: abc
    exit code 0
    "#);
    assert_eq!(told(&project, &["show", "odd", "1"]), whole);
    insta::assert_snapshot!(told(&project, &["show", "odd#5"]), @r#"
    odd#5  recordings/odd.yaml:53

    PUT https://other1.overdub.test/it's?x=[1]

    (4 B, no text)

    200 OK
    x-odd: �A�
    content-type: image/png

    (13 B, no text)
    exit code 0
    "#);
}

#[test]
fn all_of_them_can_be_shown_whole() {
    let project = odd();
    let one = |number: &str| project.run(&["cassette", "show", "odd", number]).1;
    let all: Vec<_> = ["1", "2", "3", "4", "5", "6"].map(one).into();
    assert_eq!(project.run(&["cassette", "show", "odd", "--full"]).1, all.join("\n\n"));
}

#[test]
fn json_says_all_there_is() {
    let project = odd();
    let shown = project.run(&["cassette", "show", "odd", "--json"]).1;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let interactions = shown["interactions"].as_array().unwrap();
    assert_eq!((shown["upstream"].as_str(), interactions.len()), (Some("https://okta.overdub.test"), 6));
    insta::assert_snapshot!(interactions[0], @r#"{"interaction":1,"line":6,"at":"2026-01-05T09:00:00.123Z","took_ms":1500,"state":"ACTIVE","repeat":null,"stand_ins":{"+15550100001":"phone","000001":"passcode"},"request":{"method":"GET","url":"/factors?limit=2&q=a%20b","headers":[["accept","application/json"]],"body":null},"response":{"status":200,"headers":[["content-type","application/json"],["content-encoding","gzip"],["set-cookie","sid=redacted; Path=/; Secure"],["set-cookie","DT=redacted; HttpOnly"]],"framing":"chunked","body":{"text":"[{\"phone\":\"+15550100001\",\"status\":\"ACTIVE\"}]","bytes":44},"trailers":[["x-check","abc"]]}}"#);
    insta::assert_snapshot!(interactions[4], @r#"{"interaction":5,"line":53,"at":null,"took_ms":null,"state":null,"repeat":null,"stand_ins":{},"request":{"method":"PUT","url":"https://other1.overdub.test/it's?x=[1]","headers":[],"body":{"base64":"AAH//g==","bytes":4}},"response":{"status":200,"headers":[["x-odd",{"base64":"/0H+"}],["content-type","image/png"]],"framing":"length","body":{"base64":"iVBORw0KGgoAAAD/AA==","bytes":13},"trailers":[]}}"#);
    insta::assert_snapshot!(interactions[5]["request"], @r#"{"method":"PATCH","url":"/graph","headers":[],"body":"unrecorded"}"#);
}

#[test]
fn the_profile_says_which_fields_are_a_state() {
    let project = odd();
    let states = |args: &[&str]| {
        let shown = project.run(&[&["cassette", "show", "odd", "--json"], args].concat()).1;
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let all = shown["interactions"].as_array().unwrap().clone();
        all.iter().map(|own| own["state"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
    };
    project.write("own.yaml", "name: own\nstand_in_origin: https://own.test\nstate: [phone]\n");
    assert_eq!(states(&[]), "ACTIVE CHALLENGE E0000068 - - -");
    assert_eq!(states(&["--profile", "none"]), "- - - - - -");
    assert_eq!(states(&["--profile", "own.yaml"]), "+15550100001 - - - - -");
}

#[test]
fn lines_fit_the_terminal_and_paths_give_way_in_the_middle() {
    let project = Project::new();
    let shown = |columns: &str| {
        let output =
            project.command(&["cassette", "show", "okta-sms"]).env("COLUMNS", columns).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let narrow = shown("100");
    let table = narrow.lines().skip(2);
    assert!(table.clone().all(|line| line.chars().count() <= 100), "{narrow}");
    insta::assert_snapshot!(table.take(3).collect::<Vec<_>>().join("\n"), @r#"
    #       at  method  path                        status  state                  took   sent  received
    1  +0.000s  POST    /api/v1/…ers?activate=true  200        PROVISIONED         16ms  110 B     908 B
    2  +0.018s  POST    /api/v1/…cy4kIFjcX/factors  200     -> PENDING_ACTIVATION   0ms   79 B     796 B
    "#);
    // Too narrow for anything: no line is empty, and nothing is lost but of the path.
    assert_eq!(shown("10").lines().count(), narrow.lines().count());
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let project = Project::new();
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = project.command(&["cassette", "show", "okta-sms"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\x1b')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]));
}

#[test]
fn nothing_in_a_cassette_moves_the_cursor() {
    let project = Project::new();
    project.write(
        "recordings/evil.yaml",
        "overdub: 1\nupstream: https://a.test\nrecorded_with: \"x\\e[2J\"\n...\n---\nrequest: {method: GET, url: /}\n\
         response: {status: 200, headers: {x-a: \"\\u202e\"}, body: {text: \"{\\\"status\\\":\\\"\\\\u001b[2J\\\"}\"}}\n...\n",
    );
    for args in [["show", "evil"].as_slice(), &["show", "evil#1"], &["list"], &["check"]] {
        let told = told(&project, args);
        assert!(!told.contains(['\x1b', '\u{202e}']), "{told}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    let project = odd();
    project.tape("recordings/sub/a.yaml", &[]);
    project.tape("recordings/sub/b.yaml", &[]);
    insta::assert_snapshot!(project.fails(&["cassette", "show", "odd#7"]), @r#"
    exit code 2
    error: odd#7: it has 6 interactions, numbered from 1
    "#);
    insta::assert_snapshot!(project.fails(&["cassette", "show", "odd#0"]), @r#"
    exit code 2
    error: odd#0: it has 6 interactions, numbered from 1
    "#);
    insta::assert_snapshot!(project.fails(&["cassette", "show", "odd", "third"]), @r#"
    exit code 2
    error: invalid value 'third' for '[NUMBER]': write the number of an interaction, the first of which is 1

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["cassette", "show", "sub"]), @r#"
    exit code 2
    error: sub: is 2 cassettes; name one of them, or see `overdub cassette list sub`
    "#);
    insta::assert_snapshot!(project.fails(&["cassette", "show", "od"]), @r#"
    exit code 2
    error: od: no such cassette
      hint: known: odd, sub/a, sub/b, okta-sms, okta-push, okta-totp, okta-question, push-enroll-poll, …
    "#);
}
