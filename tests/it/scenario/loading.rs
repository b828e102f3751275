//! Several scenarios, what they require, and what a reload keeps.

use super::{FACTOR, Stage, library, load, patient, request};
use overdub::scenario::{Library, Set, Source};

#[test]
fn required_scenarios_run_first_once_and_with_what_they_are_given() {
    let files = [
        (
            "a",
            "require(\"c\", #{ mark: \"given\" }); require(\"b\"); on_response(\"* /**\", |req, res| { res.json.push(\"a\"); });",
        ),
        ("b", "require(\"c\"); on_response(\"* /**\", |req, res| { res.json.push(\"b\"); });"),
        (
            "c",
            "describe(\"c\", #{ mark: \"c\" }); on_response(\"* /**\", |req, res| { res.json.push(param(\"mark\")); });",
        ),
    ];
    let played = |settings: &[&str]| Stage::with(&files, &["a"], settings).get("/", "[]").text().to_owned();
    assert_eq!(played(&[]), r#"["given","b","a"]"#);
    assert_eq!(played(&["c.mark=set"]), r#"["set","b","a"]"#);
    let circle = [("a", "require(\"b\");"), ("b", "require(\"a\");")];
    let said = load(&circle, &["a"], &[]).unwrap_err().to_string();
    assert!(
        said.contains("scenarios/b.rhai:1:1: scenarios require each other in a circle: a → b → a"),
        "{said}"
    );
    let wrong = [("a", "require(\"c\", #{ marc: 1 });"), files[2]];
    let said = load(&wrong, &["a"], &[]).unwrap_err().to_string();
    assert!(said.starts_with("scenarios/a.rhai:1:1: `c` has no parameter `marc`; there are: mark"), "{said}");
    let wrong = [("a", "require(\"n\", #{ times: \"3\" });"), ("n", "describe(\"n\", #{ times: 1 });")];
    let said = load(&wrong, &["a"], &[]).unwrap_err().to_string();
    let why = "scenarios/a.rhai:1:1: the parameter `times` of `n` is an integer, and \"3\" is not";
    assert!(said.starts_with(why), "{said}");
    let plain = [("a", "require(\"n\", #{ times: 3 });"), ("n", "let x = 1;")];
    let said = load(&plain, &["a"], &[]).unwrap_err().to_string();
    assert!(
        said.starts_with("scenarios/a.rhai:1:1: `n` has no parameter `times`; there are: nothing"),
        "{said}"
    );
}

#[test]
fn an_unknown_scenario_is_told_with_the_ones_there_are() {
    let said = load(&[("one", "1"), ("two", "2")], &["thre"], &[]).unwrap_err().to_string();
    assert_eq!(said, "there is no scenario `thre`; known are: one, two");
}

#[test]
fn a_shipped_scenario_is_found_after_the_projects_own() {
    let own = Source {
        name: "own".to_owned(),
        path: "scenarios/own.rhai".to_owned(),
        text: "require(\"shipped\");".to_owned(),
        shipped: false,
    };
    let shipped =
        [("shipped", "describe(\"is shipped\"); on_response(\"* /**\", |req, res| { res.sttus = 1; });")];
    let library = std::sync::Arc::new(Library::new([own], &shipped));
    let set = Set::load(&patient(), &library, &["own"], &[]).unwrap();
    assert_eq!(set.scenarios()[0].title, "is shipped");
    let stage = Stage { set, ..Stage::of("1") };
    let said = stage.play(&request("GET", "/", ""), &super::recorded("{}")).unwrap_err();
    assert!(said.starts_with("shipped.rhai (shipped):1:"), "{said}");
}

#[test]
fn state_and_counts_survive_a_reload_and_new_state_is_added() {
    let version = |text: &str| Set::load(&patient(), &library(&[("s", text)]), &["s"], &[]).unwrap();
    let stage = Stage::of(
        "describe(\"v1\", #{ state: #{ seen: 0 } }); on_response(\"GET /a\", |req, res, state| { state.seen += 1; });",
    );
    stage.get("/a", "{}");
    stage.get("/a", "{}");
    let set = version(
        "describe(\"v2\", #{ state: #{ seen: 0, more: \"new\" } });
         on_response(\"GET /a\", |req, res, state| { state.seen += 1; res.json = [state.seen, state.more, req.nth]; });",
    );
    set.adopt(&stage.set);
    let stage = Stage { set, ..stage };
    assert_eq!(stage.get("/a", "{}").text(), r#"[3,"new",3]"#);
    assert_eq!(stage.set.report()[0].calls, 3);
}

#[test]
fn a_variable_of_the_file_is_read_and_never_a_back_door_between_sessions() {
    let stage = Stage::of(
        "let limit = 2; let names = [\"a\"]; on_response(\"GET /a\", |req, res| { res.json = [limit, names]; });",
    );
    assert_eq!(stage.get("/a", "{}").text(), r#"[2,["a"]]"#);
    for change in ["limit += 1;", "names.push(res.json);", "limit = res;"] {
        let script = format!(
            "let limit = 2; let names = [\"a\"];\non_response(\"* /**\", |req, res| {{ let l = limit; let n = names; {change} }});"
        );
        let said = Stage::of(&script).failure(FACTOR);
        assert!(said.contains("keep it in `state`"), "{change}: {said}");
    }
}

#[test]
fn accounts_tell_what_each_handler_did_and_on_what() {
    let stage = Stage::of(
        "on_request(\"POST /a\", |req| { });
         on_response(\"GET /{x}\", |req, res, state| { if nth(2) { res.status = 500; res.fault(close_after()); } });",
    );
    for path in ["/a", "/a", "/b"] {
        stage.get(path, "{}");
    }
    let report = stage.set.report();
    assert_eq!((report[0].calls, report[0].fired), (0, 0));
    let fired = &report[1];
    assert_eq!((fired.calls, fired.fired, fired.failed), (3, 1, 0));
    assert_eq!(fired.handler, "on_response GET /{x}");
    assert_eq!(fired.place, "scenarios/s.rhai:2");
    assert_eq!(fired.last.as_deref(), Some("GET /a in session default"));
    assert_eq!(fired.effects.keys().copied().collect::<Vec<_>>(), ["close_after", "response"]);
}

#[test]
fn routes_take_what_clients_make_of_a_path() {
    let stage = Stage::of(
        "on_response(\"GET /api/{user}/*\", |req, res| { res.json = [req.params.user, req.path]; });",
    );
    assert_eq!(
        stage.get("//api/jane%40x.test/a/", "{}").text(),
        r#"["jane@x.test","//api/jane%40x.test/a/"]"#
    );
    assert_eq!(stage.get("/api/jane", "{}").text(), "{}");
    assert!(stage.set.matches(&http::Method::POST, "/api/jane/a").is_none());
}

#[test]
fn queries_and_headers_are_read_as_they_came() {
    let stage = Stage::on_response(
        "res.json = [req.query.limit, req.query.tag, req.query.get(\"none\"), req.headers[\"User-Agent\"],
                     req.headers.contains(\"accept\"), req.session, req.url, req.method, req.query.keys()];",
    );
    let text = stage.get("/a?tag=y+z&limit=1&tag=x", "{}").text().to_owned();
    let expected = r#"["1",["y z","x"],null,"okta-sdk-python/2.9",false,"default","https://x.test/a?tag=y+z&limit=1&tag=x","GET",["limit","tag"]]"#;
    assert_eq!(text, expected);
}

#[test]
fn functions_can_be_called_on_every_part_of_a_request_and_an_answer() {
    let stage = Stage::on_response(
        "res.json = [req.path.contains(\"a\"), req.text.len(), req.headers.keys(), req.query.len(), req.params.keys(),
                     req.json.keys(), req.json.list.len(), res.text.len(), res.bytes.len(), res.headers.get(\"none\"),
                     res.origin.to_upper(), res.status.to_string(), req.method.to_lower(), state.keys(), req.nth.to_float()];",
    );
    let played = stage.play(&request("POST", "/a?b=1", r#"{"list":[1]}"#), &super::recorded("{}")).unwrap();
    let expected = r#"[true,12,["user-agent"],1,[],["list"],1,2,2,null,"RECORDING","200","post",[],1.0]"#;
    assert_eq!(played.text(), expected);
    assert_eq!(stage.set.report()[0].effects.keys().copied().collect::<Vec<_>>(), ["response"]);
}

#[test]
fn headers_keep_their_order_and_the_length_is_kept_right() {
    let stage = Stage::on_response(
        "res.headers.remove(\"content-type\"); res.headers.server = \"x\"; res.headers.add(\"link\", \"a\"); res.headers.add(\"link\", \"b\"); res.json.extra = 1;",
    );
    let played = stage.get("/a", "{}");
    let names: Vec<_> = played.response().headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["server", "content-length", "x-okta-request-id", "link", "link"]);
    assert_eq!(played.header("content-length"), Some("11"));
}

#[test]
fn what_is_loaded_and_what_a_session_remembers_can_be_shared_by_threads() {
    let stage = Stage::of(
        "describe(\"t\", #{ state: #{ seen: 0 } });
         on_response(\"GET /{x}\", |req, res, state| { state.seen += 1; res.json = [state.seen, req.nth, random(1, 1000000)]; });",
    );
    let mut seen: Vec<i64> = std::thread::scope(|scope| {
        let each = |number: usize| {
            let stage = &stage;
            scope.spawn(move || {
                let texts = (0..20).map(|_| stage.get(&format!("/{number}"), "{}").json());
                texts.map(|json| json[0].as_i64().unwrap()).collect::<Vec<_>>()
            })
        };
        let running: Vec<_> = (0..4).map(each).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    seen.sort_unstable();
    // No call saw the state of another one half done.
    assert_eq!(seen, (1..=80).collect::<Vec<_>>());
}

/// What each of 80 requests got, from four threads.
fn from_threads<T: Send>(ask: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..20).map(|_| ask()).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn calls_are_counted_one_by_one_where_handlers_use_no_state() {
    let stage = Stage::of("on_response(\"GET /a\", |req, res, state| { res.json = [req.nth]; });");
    let mut seen = from_threads(|| stage.get("/a", "{}").json()[0].as_i64().unwrap());
    seen.sort_unstable();
    assert_eq!(seen, (1..=80).collect::<Vec<_>>());
    assert_eq!((stage.set.report()[0].calls, stage.set.report()[0].effects["response"]), (80, 80));
}

#[test]
fn an_entity_is_changed_by_one_handler_at_a_time() {
    let stage = Stage::of(
        "on_response(\"GET /{x}\", |req, res| { entity(\"opf1\", #{ seen: res.json.get(\"seen\", 0) + 1 }); });",
    );
    from_threads(|| stage.get("/a", "{\"id\":\"opf1\"}"));
    assert_eq!(stage.get("/a/b", "{\"id\":\"opf1\"}").text(), r#"{"id":"opf1","seen":80}"#);
}

#[test]
fn files_that_have_functions_of_one_name_keep_to_their_own_in_every_call() {
    let lib = "fn helper() { \"of lib\" } fn f() { helper() }";
    let script = "import \"lib\" as lib; fn helper() { \"of s\" }
        on_response(\"GET /a\", |req, res, state| { res.json = [lib::f(), helper(), lib::f(), helper()]; });";
    let stage = Stage::with(&[("lib", lib), ("s", script)], &["s"], &[]);
    let first = stage.get("/a", "{}").text().to_owned();
    for _ in 0..5 {
        assert_eq!(stage.get("/a", "{}").text(), first);
    }
}
