//! What a person may write wrong, and what is said to it: file, line, column, the line itself, and what to do.

use super::{FACTOR, FACTOR_PATH, Stage, load, recorded, refused, request};

#[test]
fn an_error_at_load_shows_its_place() {
    insta::assert_snapshot!(refused(
        "let a = 1;\non_response(\"GET /a\", |req, res, state| {\n  res.status = ;\n});"
    ), @r#"
    scenarios/s.rhai:3:16: unexpected ';'
     3 |   res.status = ;
       |                ^
    "#);
    insta::assert_snapshot!(refused("on_response(\"GET /a\", |req, res, state| { rse.status = 1; });"), @r#"
    scenarios/s.rhai:1:43: undefined variable: rse
     1 | on_response("GET /a", |req, res, state| { rse.status = 1; });
       |                                           ^
    "#);
    insta::assert_snapshot!(refused("on_response(\"GET /a?b=1\", |req, res, state| { });"), @r#"
    scenarios/s.rhai:1:1: the route `GET /a?b=1` has a `?`, which no path has; look at req.query in the handler
     1 | on_response("GET /a?b=1", |req, res, state| { });
       | ^
    "#);
    insta::assert_snapshot!(refused(
        "// first\non_request(\"GET /a\", |req, state| { okta_error(\"E0000270\") });"
    ), @r#"
    scenarios/s.rhai:2:48: Okta has no error code `E0000270`; close are: E0000070, E0000170, E0000200, E0000220, E0000230, E0000240, E0000250, E0000260
     2 | on_request("GET /a", |req, state| { okta_error("E0000270") });
       |                                                ^
    "#);
}

#[test]
fn an_error_at_run_time_shows_its_place_in_the_same_form() {
    insta::assert_snapshot!(Stage::on_response("if res.json.stauts == \"X\" {\n}").failure(FACTOR), @r#"
    scenarios/s.rhai:2:12: res.json has no property `stauts`; it has: id, factorType, provider, status, created, _links, _embedded
     2 | if res.json.stauts == "X" {
       |            ^
    "#);
    insta::assert_snapshot!(
        Stage::on_response("let x = 1;\n\tres.json._links.activate = res.json.links;").failure(FACTOR), @r#"
    scenarios/s.rhai:3:37: res.json has no property `links`; it has: id, factorType, provider, status, created, _links, _embedded
     3 |  res.json._links.activate = res.json.links;
       |                                     ^
    "#);
    insta::assert_snapshot!(Stage::on_response("res.json.status = 1;").failure("<html>"), @r#"
    scenarios/s.rhai:2:5: res.json: the body is not JSON: expected a value at line 1, column 1
     2 | res.json.status = 1;
       |     ^
    "#);
}

fn first_line(said: &str) -> String {
    said.lines().next().unwrap().to_owned()
}

/// The first line of what is said.
fn said(script: &str, body: &str) -> String {
    if let Err(error) = load(&[("s", script)], &["s"], &[]) {
        return first_line(&error.to_string());
    }
    let request = request("GET", FACTOR_PATH, r#"{"a":1}"#);
    match Stage::of(script).play(&request, &recorded(body)) {
        Err(error) => first_line(&error),
        Ok(_) => panic!("it was let through: {script}"),
    }
}

#[test]
fn what_is_wrong_at_load_is_refused() {
    for (script, why) in [
        ("", "the file is empty"),
        ("describe(\"a\"); describe(\"b\");", "1:16: describe was called before"),
        ("describe(\"a\", #{ n: () });", "n: a parameter's default is"),
        ("describe(\"a\", #{ state: 1 });", "state is a map"),
        ("on_request(\"GET /a\", |a, b, c| { });", "takes 3 arguments, and is given |req, state|"),
        ("on_response(\"GET /a\", |a, b, c, d| { });", "takes 4 arguments, and is given |req, res, state|"),
        ("on_request(\"GET /a\", \"no function\");", "no function on_request (string, string)"),
        ("on_request(\"/a\", |req| { });", "has no method"),
        ("on_request(\"get /a\", |req| { });", "methods are upper case, GET"),
        ("on_request(\"GET|POST /a\", |req| { });", "one each, or * for any"),
        ("on_request(\"GET /users/:id\", |req| { });", "write {id}"),
        ("on_request(\"GET a\", |req| { });", "does not begin with /"),
        ("on_request(\"GET /{a}/{a}\", |req| { });", "has {a} twice"),
        (
            "describe(\"a\", #{ polls: 2 }); on_request(\"GET /\", |req| param(\"pols\"));",
            "no parameter `pols`; describe names: polls",
        ),
        ("require(\"nothing\");", "no scenario `nothing` to require; known are: s"),
        ("req.status;", "undefined variable: req"),
        ("nth(1);", "works in a handler only"),
        ("let x = res_json;", "undefined variable: res_json"),
        ("throw \"my own\";", "my own"),
        ("respnd(1);", "no function respnd (integer)"),
        ("on_response(\"GET /a\", |req, res| { res.json.new = 1; });", "in brackets, as res.json[\"new\"]"),
        ("on_response(\"GET /a\", |req, res| { res.json.in = 1; });", "in brackets, as res.json[\"in\"]"),
        ("let x = null;", "for nothing, write ()"),
        ("# a comment\nlet x = 1;", "comments begin with //"),
        ("var x = 1;", "a variable is made by let"),
        ("let x = 1; x++;", "write += 1"),
        ("let x = true ? 1 : 2;", "write if … { … } else { … }"),
        ("let x = 'text';", "texts have double quotes"),
    ] {
        let said = said(script, FACTOR);
        assert!(said.contains(why), "{script}: {said}");
        assert!(said.starts_with("scenarios/s.rhai:"), "{said}");
    }
}

#[test]
fn what_a_handler_gets_wrong_is_never_silently_nothing() {
    for (lines, why) in [
        ("res.jsn = 1;", "res has no property `jsn` to set; it has: status, headers, json"),
        ("res.stats == 1", "res has no property `stats`"),
        ("req.nht == 1", "req has no property `nht`"),
        ("req.params.id == 1", "req.params has no `id`; it has: nothing"),
        ("req.query.limit == \"1\"", "req.query has no `limit`"),
        ("req.headers.accept == \"\"", "req.headers has no `accept`; it has: user-agent"),
        ("res.headers.remove(\"etag\");", "res.headers has no `etag`"),
        ("res.headers[\"a b\"] = 1;", "`a b` is no name of a header"),
        ("res.headers.a = \"x\\n\";", "cannot stand in the header a"),
        ("res.headers.a = ();", "must be a text, not nothing"),
        ("res.json.id.x = 1;", ""),
        ("res.json.id.x.y == 1", ""),
        ("res.json._links.len == 1", "write .len()"),
        ("res.json._links[0] == 1", "res.json._links is an object: an index needs an array"),
        ("res.json._links.self.hints.allow[1] == 1", "res.json._links.self.hints.allow has 1 elements"),
        ("res.json._links.remove(\"activate\");", "no property `activate`; it has: poll, self"),
        ("for x in res.json { x.a = 1; }", "keys() or values()"),
        ("res.json.x = Fn(\"y\");", "a function cannot be put into JSON"),
        ("res.json.x = 1.0 / 0.0;", "is no number that JSON has"),
        ("res.status = 99;", "99 is no status"),
        ("res.status = \"200\";", "res.status takes an integer, not a string"),
        ("res.text = 5;", "res.text takes a text, not an integer"),
        ("res.origin = \"me\";", "res.origin cannot be changed"),
        (
            "if res.json.id { res.status = 201; }",
            "a condition is true or false, and this is of the type string",
        ),
        ("state.seen += 1;", "state has no property `seen`; it has: nothing"),
        ("let m = #{ a: 1 }; m.b == 1", "there is no property `b`"),
        ("let x = 1; x.foo();", "no function foo"),
        ("res.delay(\"fast\");", "`fast` is no time: write 200ms"),
        ("res.delay(200);", "no function delay"),
        ("res.fault(\"reset\");", "no function fault"),
        ("res.fault(throttle(0));", "throttle(0): give 1 or more"),
        ("res.fault(truncate(-1));", "truncate(-1): give 0 or more"),
        ("res.delay(uniform(\"2s\", \"1s\"));", "`to` is less than `from`"),
        ("res.delay(pareto(\"1s\", 0));", "alpha must be more than 0"),
        ("chance(2.0)", "from 0 to 1"),
        ("nth(0)", "counted from 1"),
        ("between(\"2s\", \"1s\")", "`to` is before `from`"),
        ("pick([])", "the list is empty"),
        ("entity(\"a\", 1);", "the patch is a map, not an integer"),
        ("entity(\"\", #{});", "the id is empty"),
        ("totp(\"not base32!\")", "the secret is not base32"),
        ("totp_valid(\"MFRGGZDF\", 123456)", "a text of six digits, not an integer"),
        ("okta_error(\"E0\" + \"0\");", "no error code `E00`"),
        ("okta_error(\"E0000047\", #{ why: 1 });", "no option `why`; it has: detail"),
        ("let r = respond(500, #{ a: 1 }); r.x", "res has no property `x`"),
        ("redirect(200, \"/a\");", "200 redirects nobody: write a status from 300 to 399"),
        ("okta_error(\"E0000047\", #{ reset: 30 });", "reset must be a time, \"30s\", not an integer"),
        ("describe(\"late\");", "while the file is loaded only"),
        ("on_request(\"GET /a\", |req| { });", "while the file is loaded only"),
        ("time(\"tomorrow\");", "is no time"),
        ("res.bytes.slice(0, 100000);", "the body has"),
    ] {
        let script = format!("on_response(\"* /**\", |req, res, state| {{\n{lines}\n}});");
        let said = said(&script, FACTOR);
        assert!(said.contains(why), "{lines}: {said}");
        assert!(said.starts_with("scenarios/s.rhai:2:"), "{lines}: {said}");
    }
}

#[test]
fn a_call_of_no_function_says_how_it_is_written_or_what_was_meant() {
    for (lines, why) in [
        (
            "respond(\"500\");",
            "no function respond (string); write respond(status), respond(status, body) or \
             respond(status, #{ header: value }, body)",
        ),
        ("res.delay(200);", "no function delay (res, integer); write res.delay(\"200ms\") or res.delay("),
        ("res.fault(delay(200));", "no function delay (integer); write delay(\"200ms\")"),
        ("res.fault(\"reset\");", "no function fault (res, string); write res.fault(reset())"),
        ("res.replace(500);", "write res.replace(respond(…))"),
        ("res.headers.add(\"a\");", "write res.headers.add(name, value)"),
        ("respnd(1);", "no function respnd (integer); did you mean respond?"),
        ("onRequest(\"GET /a\", |req| { });", "; did you mean on_request?"),
        ("\"text\".startsWith(\"t\");", "; did you mean starts_with?"),
        ("\"text\".length();", "; did you mean len?"),
        ("[1].lenght();", "; did you mean len?"),
    ] {
        let said = said(&format!("on_response(\"* /**\", |req, res, state| {{\n{lines}\n}});"), FACTOR);
        assert!(said.contains(why), "{lines}: {said}");
    }
    let said = said("let x = 1; x.foo();", FACTOR);
    assert!(said.ends_with("no function foo (integer)"), "{said}");
}

#[test]
fn words_of_other_languages_are_told_in_this_one() {
    for (script, why) in [
        ("let a = 1;\nif a == 1 { } elif a == 2 { }", "elif is written else if"),
        ("let a = 1;\nif a == 1 { } elseif a == 2 { }", "elseif is written else if"),
        ("let a = true; if a and a { }", "and is written &&"),
        ("let a = true;\nlet b = a or a;", "or is written ||"),
        ("let a = true;\nif not a { }", "not is written !"),
        ("function double(n) { n * 2 }", "function is written fn"),
    ] {
        let said = said(script, FACTOR);
        assert!(said.contains(why), "{script}: {said}");
    }
}

#[test]
fn what_on_request_gives_must_be_an_answer() {
    for (value, what) in
        [("5", "an integer"), ("\"text\"", "a string"), ("true", "a bool"), ("#{ status: 500 }", "a map")]
    {
        let script = format!("on_request(\"* /**\", |req, state| {{ {value} }});");
        let said = said(&script, FACTOR);
        assert!(said.contains(&format!("gives {what}")) && said.contains("respond(…)"), "{said}");
        assert!(said.starts_with("scenarios/s.rhai:1:1"), "{said}");
    }
    let said = said("on_request(\"* /**\", |req, state| throttle(5));", FACTOR);
    assert!(said.contains("respond(…).fault(throttle(…))"), "{said}");
}

#[test]
fn an_answer_that_would_be_ignored_is_an_error() {
    let said = said("on_response(\"* /**\", |req, res| { respond(500, #{ a: 1 }) });", FACTOR);
    assert!(said.contains("would be lost: write res.replace(respond(…))"), "{said}");
}

#[test]
fn bodies_that_are_not_json_say_why() {
    let why = |body: &str| said("on_response(\"* /**\", |req, res| { res.json.a = 1; });", body);
    assert!(why("").contains("res.json: the body is empty"));
    assert!(why("<html>").contains("res.json: the body is not JSON: expected a value at line 1, column 1"));
    assert!(why("{\"a\":1,}").contains("expected a name in double quotes at line 1, column 8"));
}

#[test]
fn an_error_in_a_helper_or_an_import_shows_its_own_place() {
    let files = [
        (
            "s",
            "import \"lib/help\" as h;\nfn mine(res) {\n  res.json.x.y = 1;\n}\non_response(\"GET /a\", |req, res| { h::broken(res); });\non_response(\"GET /b\", |req, res| { mine(res); });",
        ),
        ("lib/help", "// helpers\nfn broken(res) { res.json.z.y = 1; }"),
    ];
    let stage = Stage::with(&files, &["s"], &[]);
    let why = |path: &str| {
        let said = stage.play(&request("GET", path, ""), &recorded(FACTOR)).unwrap_err();
        said.lines().next().unwrap().to_owned()
    };
    assert!(why("/b").starts_with("scenarios/s.rhai:3:"), "{}", why("/b"));
    assert!(why("/a").starts_with("scenarios/lib/help.rhai:2:"), "{}", why("/a"));
    let said =
        |text: &str| load(&[("s", "import \"h\" as h;"), ("h", text)], &["s"], &[]).unwrap_err().to_string();
    assert!(said("let a = ;").starts_with("scenarios/h.rhai:1:9: "), "{}", said("let a = ;"));
    assert!(said("import \"s\" as s;").contains("imports itself"), "{}", said("import \"s\" as s;"));
    let registers = said("on_request(\"GET /a\", |req| { });");
    assert!(registers.contains("write require(\"h\")"), "{registers}");
}
