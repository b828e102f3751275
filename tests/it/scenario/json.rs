//! `res.json` and `state`: handles that write through, and bytes that stay.

use super::{FACTOR, FACTOR_PATH, Stage, recorded, request};

const ODD: &str = "{\n  \"b\" : 1.0,\n  \"a\":  {\"x\" :1e2, \"y\": [ 1,2 ] },\n \"list\": [ {\"id\":\"1\"}, {\"id\":\"2\"} ], \"big\": 12345678901234567890,\n \"s\": \"\\u00e9\"\n}\n";

fn changed(script: &str) -> String {
    Stage::on_response(script).get("/a", ODD).text().to_owned()
}

#[test]
fn changing_one_field_changes_the_bytes_of_that_field_only() {
    assert_eq!(changed("res.json.a.x = 5;"), ODD.replace("1e2", "5"));
    assert_eq!(changed("res.json.b += 0.5;"), ODD.replace("1.0", "1.5"));
    assert_eq!(changed("res.json.list[-1].id = \"9\";"), ODD.replace("\"2\"", "\"9\""));
    assert_eq!(changed("res.json[\"s\"] = \"ü\";"), ODD.replace("\\u00e9", "ü"));
}

#[test]
fn what_is_set_to_what_it_is_stays_as_it_is_written() {
    assert_eq!(changed("res.json.s = \"é\"; res.json.list[0].id = \"1\"; res.json.b = res.json.b;"), ODD);
    let stage = Stage::on_response("res.json.s = \"é\";");
    let after = stage.after(&request("GET", "/a", ""), &recorded(ODD)).unwrap();
    assert!(after.answer.is_none() && after.fired.is_empty());
}

#[test]
fn handles_write_through_however_they_were_got() {
    assert_eq!(changed("let b = res.json; b.b = 2;"), ODD.replace("1.0", "2"));
    let all = ODD.replace("\"id\":\"1\"", "\"id\":\"x\"").replace("\"id\":\"2\"", "\"id\":\"x\"");
    assert_eq!(changed("for f in res.json.list { f.id = \"x\"; }"), all);
    assert_eq!(changed("let l = res.json.a.y; l.push(3);"), ODD.replace("1,2 ]", "1,2,3 ]"));
    assert_eq!(
        changed("let f = res.json.list.find(|f| f.id == \"2\"); f.id = \"x\";"),
        ODD.replace("\"2\"", "\"x\"")
    );
    assert_eq!(changed("for f in res.json.list.values() { f.id = \"x\"; }"), all);
    assert_eq!(changed("let mark = |f| f.id = \"x\"; for f in res.json.list { mark.call(f); }"), all);
}

#[test]
fn members_come_and_go_and_the_rest_keeps_its_spacing() {
    assert_eq!(changed("res.json.list.remove(0);"), ODD.replace("{\"id\":\"1\"}, ", ""));
    assert_eq!(changed("res.json.remove(\"big\");"), ODD.replace(" \"big\": 12345678901234567890,", ""));
    assert_eq!(changed("res.json.a.remove(\"x\");"), ODD.replace("\"x\" :1e2, ", ""));
    assert_eq!(
        changed("res.json.list.insert(1, #{ id: \"n\" });"),
        ODD.replace("}, {", "}, {\"id\":\"n\"}, {")
    );
    assert_eq!(changed("res.json.list[0].name = ();"), ODD.replace("\"1\"}", "\"1\",\"name\":null}"));
    let new = changed("res.json.extra = [1.0, true, ()];");
    assert_eq!(new, ODD.replace("e9\"\n", "e9\",\n  \"extra\" : [1.0,true,null]\n"));
    assert_eq!(changed("res.json.list.clear();"), ODD.replace("[ {\"id\":\"1\"}, {\"id\":\"2\"} ]", "[]"));
}

#[test]
fn values_compare_and_count_as_usual() {
    let holds = |expression: &str| {
        let stage = Stage::on_response(&format!("if {expression} {{ res.status = 299; }}"));
        stage.get("/a", ODD).status() == 299
    };
    for true_one in [
        "res.json.b == 1.0",
        "res.json.list.len() == 2",
        "res.json.a.y == [1, 2]",
        "res.json.list[1] == #{ id: \"2\" }",
        "res.json.s == \"é\"",
        "\"a\" in res.json",
        "!(\"z\" in res.json)",
        "res.json.a.y.contains(2)",
        "res.json.list[0] in res.json.list",
        "res.json.keys() == [\"b\", \"a\", \"list\", \"big\", \"s\"]",
        "res.json.get(\"z\") == ()",
        "res.json.get(\"z\", 7) == 7",
        "res.json.list.some(|f| f.id == \"2\")",
        "res.json.list.all(|f| f.id.len() == 1)",
        "res.json.list.map(|f| f.id) == [\"1\", \"2\"]",
        "res.json.list.filter(|f| f.id > \"1\").len() == 1",
        "`${res.json.a.y}` == \"[ 1,2 ]\"",
        "res.json.a.is_object() && res.json.list.is_array()",
        "parse_json(\"[1]\")[0] == 1",
    ] {
        assert!(holds(true_one), "{true_one}");
    }
}

#[test]
fn whole_bodies_are_replaced_and_a_part_of_the_old_one_says_so() {
    let played = Stage::on_response("res.json = #{ b: 1, a: [] };").get("/a", ODD);
    assert_eq!(played.text(), r#"{"a":[],"b":1}"#);
    assert_eq!(played.header("content-length"), Some("14"));
    assert_eq!(Stage::on_response("res.text = \"hello\";").get("/a", ODD).text(), "hello");
    let said = Stage::on_response("let l = res.json.list; res.text = \"x\"; l.push(1);").failure(ODD);
    assert!(said.contains("removed or replaced"), "{said}");
    let said =
        Stage::on_response("let l = res.json.list[0]; res.json.list.remove(0); l.id = 1;").failure(ODD);
    assert!(said.contains("removed or replaced"), "{said}");
    let shown = Stage::on_response("res.json = #{ error: true };").get("/a", "<html>");
    assert_eq!((shown.text(), shown.header("content-type")), (r#"{"error":true}"#, Some("application/json")));
}

#[test]
fn a_copied_value_keeps_its_number_text() {
    let copied = changed("res.json.a = res.json.list; res.json.list.clear();");
    assert!(copied.contains("\"a\":  [ {\"id\":\"1\"}, {\"id\":\"2\"} ]"), "{copied}");
    let said = Stage::on_response("let n = res.json.big;").failure(ODD);
    assert!(said.contains("12345678901234567890 does not fit"), "{said}");
    let copied = changed("let copy = res.json.copy(); res.text = copy.to_json();");
    assert!(copied.contains("\"big\": 12345678901234567890,"), "{copied}");
}

#[test]
fn state_counts_across_calls_and_belongs_to_one_session() {
    let script = r#"
        describe("counts", #{ state: #{ seen: 0, paths: [] } });
        on_response("GET /*", |req, res, state| {
            state.seen += 1;
            state.paths.push(req.path);
            res.json = #{ seen: state.seen, paths: state.paths };
        });
    "#;
    let stage = Stage::of(script);
    let other = Stage::of(script);
    for number in 1..200 {
        assert_eq!(stage.get("/a", "{}").json()["seen"], number);
    }
    assert_eq!(stage.get("/b", "{}").json()["paths"][199], "/b");
    assert_eq!(other.get("/a", "{}").json()["seen"], 1);
}

#[test]
fn request_bodies_can_be_read_and_not_written() {
    let stage = Stage::on_request("if req.json.passCode == \"123\" { return respond(200, req.json); }");
    let played =
        stage.play(&request("POST", FACTOR_PATH, r#"{"passCode":"123"}"#), &recorded(FACTOR)).unwrap();
    assert_eq!(played.text(), r#"{"passCode":"123"}"#);
    for (line, why) in [
        ("req.json.passCode = 1;", "req.json cannot be changed"),
        ("req.headers.accept = \"x\";", "req is read-only"),
        ("req.query.a = 1;", "req is read-only"),
        ("req.method = \"PUT\";", "req is read-only"),
    ] {
        let stage = Stage::on_request(line);
        let said =
            stage.play(&request("POST", "/a?a=1", r#"{"passCode":"123"}"#), &recorded(FACTOR)).unwrap_err();
        assert!(said.contains(why), "{line}: {said}");
    }
}
