//! What scripts are told that are wrong: the guide's table of messages, each of which can be had.

use super::GUIDE;
use crate::scenario::{Stage, load, recorded, request};

const FACTOR: &str = r#"{"id":"opf1","factorType":"push","provider":"OKTA","status":"PENDING_ACTIVATION","created":"2020-04-22T12:09:20.000Z","_links":{},"_embedded":{}}"#;

/// The rows of the table, in order: a file, or the lines of an `on_response` handler.
const WRONG: [&str; 23] = [
    "let m = { a: 1 };",
    "if res.json.id == \"x\" res.status = 201;",
    "rse.status = 1;",
    "res.json.default = 1;",
    "let t = 'text';",
    "if res.status = 200 { }",
    "on_request(\"/a\", |req| { });",
    "okta_error(\"E0000270\");",
    "describe(\"t\", #{ polls: 2 }); on_request(\"GET /\", |req| param(\"pols\"));",
    "nth(1);",
    "require(\"other\"); res.status = 201;",
    "res.delay(200);",
    "res.json.status = res.json.stauts;",
    "if true { res.text = \"<html>\"; } res.json.a = 1;",
    "if req.json.passCode == \"1\" { res.status = 201; }",
    "state.seen += 1;",
    "let n = res.json.id.len(); if n { res.status = 201; }",
    "on_request(\"GET /a\", |req| { chance(1.0) });",
    "respond(500)",
    "on_request(\"GET /a\", |req| truncate(9));",
    "on_request(\"GET /a\", |req| { req.json.a = 1; });",
    "let n = 0; on_response(\"GET /a\", |req, res| { n += 1; });",
    "loop { let x = 1; }",
];

/// What is said of a script, at load or when it plays.
fn said(script: &str, body: &str) -> String {
    if let Err(error) = load(&[("s", script)], &["s"], &[]) {
        return error.to_string();
    }
    match Stage::of(script).play(&request("GET", "/a", body), &recorded(FACTOR)) {
        Err(said) => said,
        Ok(_) => panic!("it was let through: {script}"),
    }
}

#[test]
fn every_message_of_the_guide_is_said() {
    let table = GUIDE.split_once("| it says | because |\n").expect("the table").1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let messages: Vec<&str> = rows.map(|row| row.split("``").nth(1).expect("a message").trim()).collect();
    assert_eq!(messages.len(), WRONG.len());
    for (message, wrong) in messages.into_iter().zip(WRONG) {
        let is_file = wrong.contains("on_re") || wrong.starts_with("nth");
        let script = if is_file {
            wrong.to_owned()
        } else {
            format!("on_response(\"* /**\", |req, res, state| {{ {wrong} }});")
        };
        let body = if message.contains("cannot be changed") { "{}" } else { "" };
        let said = said(&script, body);
        assert!(said.contains(message), "{wrong}\nsays {said}\nand not {message}");
    }
}

#[test]
fn the_example_of_a_message_is_shown_as_it_comes() {
    let lines = "    if res.json.stauts == \"ACTIVE\" {\n        res.status = 201;\n    }";
    let script = format!("on_response(\"* /**\", |req, res, state| {{\n{lines}\n}});");
    let said = said(&script, "");
    let shown = super::blocks::blocks(GUIDE, "text").find(|block| block.text.contains("stauts"));
    assert_eq!(said, shown.expect("an example").text.trim_end());
}
