//! No script takes the process down, slows others, or allocates without end: the same in debug and in release.

use std::sync::Arc;
use std::time::Duration;

use overdub::clock::Stopwatch;
use overdub::scenario::{Engine, Limits, Set};

use super::{FACTOR, FACTOR_PATH, Stage, library, recorded, request, session};

/// What a handler of these lines ends with.
fn ends(lines: &str) -> String {
    match Stage::on_response(lines).play(&request("GET", FACTOR_PATH, ""), &recorded(FACTOR)) {
        Err(said) => said,
        Ok(_) => panic!("it was let through: {lines}"),
    }
}

#[test]
fn loops_and_recursion_end() {
    for lines in [
        "loop { }",
        "while true { let x = 1; }",
        "for i in 0..1000000000 { let x = i; }",
        "for a in 0..1000 { for b in 0..1000 { state[`x`] = a * b; } }",
        // Functions that are passed to others are counted with the call that passes them.
        "let l = []; for i in 0..30 { l.push(i); } let k = l; for i in 0..10000 { l.filter(|x| k.some(|y| y < 0)); }",
        "for i in 0..1000 { res.json._links.keys().filter(|k| [1, 2].all(|x| x > 0)); }",
    ] {
        // Fewer than by default: a debug build needs a while for each.
        let limits = Limits { operations: 20_000, wall: Duration::from_mins(1), ..Limits::default() };
        let script = format!("on_response(\"* /**\", |req, res, state| {{ {lines} }});");
        let files = library(&[("s", &script)]);
        let set = Set::load(&Arc::new(Engine::new(limits)), &files, &["s"], &[]).unwrap();
        let request = request("GET", FACTOR_PATH, "");
        let route = set.matches(&request.method, request.path()).unwrap();
        let said = set.after(&route, &request, &recorded(FACTOR), &session("a", 1).0).unwrap_err();
        assert!(said.message.contains("ran for more than 20000 operations"), "{lines}: {said}");
    }
    let said = Stage::of("fn f(x) { f(x + 1) } on_response(\"* /**\", |req, res, state| { f(1); });")
        .failure(FACTOR);
    assert!(said.contains("call each other too deeply"), "{said}");
    let said = ends("let f = |g, n| g.call(g, n + 1); f.call(f, 1);");
    assert!(said.contains("call each other too deeply"), "{said}");
}

#[test]
fn a_limit_is_told_where_it_is_met() {
    let script = "on_response(\"* /**\", |req, res, state| {\n    let n = 0;\n    loop {\n        n = (n + 1) % 7;\n    }\n});";
    let said = Stage::of(script).failure(FACTOR);
    assert!(said.contains("s.rhai:4:") && said.contains("n = (n + 1) % 7;"), "{said}");
    let caught = "let n = 0; loop { try { while true { n = (n + 1) % 7; } } catch { } }";
    assert!(ends(caught).contains("ran for"), "catching it does not help");
}

#[test]
fn nothing_grows_without_end() {
    for (lines, why) in [
        ("let s = \"x\"; loop { s += s; }", "string is over its limit"),
        ("let a = []; loop { a.push(1); }", "array/BLOB is over its limit"),
        ("let a = [1]; loop { a += a; }", "array/BLOB is over its limit"),
        ("let a = []; loop { a = [a]; }", "array/BLOB is over its limit"),
        (
            "let s = \"x\"; s.pad(1000000, \"x\"); let m = #{}; for i in 0..1000 { m[`k${i}`] = s + i; }",
            "more than 32 MiB together",
        ),
        (
            "let s = \"x\"; s.pad(1000000, \"x\"); let m = #{}; let f = |i| { m[`k${i}`] = s + i; }; for i in 0..1000 { f.call(i); }",
            "more than 32 MiB together",
        ),
        ("let m = #{}; loop { m = #{ m: m }; }", "object map is over its limit"),
        ("let b = blob(100000);", "over its limit"),
        ("let s = \"\"; s.pad(2000000, \"x\");", "over its limit"),
        (
            "let s = \"x\"; s.pad(1000000, \"x\"); loop { state.list = [s]; state.list.push(s); }",
            "more than 16 MiB",
        ),
        (
            "let s = \"x\"; s.pad(1000000, \"x\"); loop { res.json.push_here = s + \"y\"; res.json.remove(\"push_here\"); }",
            "more than 16 MiB",
        ),
        ("let f = |x| x; loop { let g = f; f = |x| g.call(x); }", "functions more than 16 deep"),
        ("let f = [|x| x]; loop { let g = f; f = [|x| g]; }", "functions more than 16 deep"),
        ("let f = |x| x; loop { let g = f; let h = f; f = |x| [g, h]; }", "functions more than 16 deep"),
        (
            "let f = |x| x; loop { f = #{ f: f }.f; let g = #{ f: f }; f = |x| g; }",
            "functions more than 16 deep",
        ),
        ("loop { log(\"again\"); }", "more than 100 lines in one call"),
        ("let a = [[[]]]; for i in 0..70 { a = [a]; } res.json.deep = a;", "too deep for JSON"),
        ("let x = res.json; loop { x.a = #{}; x = x.a; }", "nested more than 128 levels deep"),
        ("let a = [1]; for i in 0..200 { a = [#{ m: a }]; } a == a", "cannot be compared"),
        ("let a = [1]; for i in 0..200 { a = [#{ m: a }]; } throw `${a}${[a]}`;", "an arrayan array"),
        ("let a = [1]; for i in 0..200 { a = [#{ m: a }]; } throw a;", "threw an array"),
        ("let a = [1]; for i in 0..200 { a = [#{ m: a }]; } [a].contains(a)", "cannot be compared"),
        ("for i in 0..20000 { entity(`id${i}`, #{ a: 1 }); }", "more entities than can be kept"),
    ] {
        let said = ends(lines);
        assert!(said.contains(why), "{lines}: {said}");
    }
}

#[test]
fn deep_source_is_refused_and_never_overflows_the_stack() {
    let deep = [
        format!("let x = {}1{};", "(".repeat(5000), ")".repeat(5000)),
        format!("let x = {}1{};", "[".repeat(5000), "]".repeat(5000)),
        format!("let x = 1{};", " + 1".repeat(5000)),
        format!("{}{}", "if true { ".repeat(5000), "}".repeat(5000)),
        format!("let x = {}1;", "-".repeat(5000)),
        format!("let f = {}1;", "|x| ".repeat(5000)),
        format!("x{};", ".a".repeat(50_000)),
    ];
    for script in deep {
        let said = super::refused(&script);
        assert!(said.starts_with("scenarios/s.rhai:1:"), "{said}");
    }
    // At the edge of what is taken, in functions that call each other as deeply as they may.
    let nested = format!("{}f(x + 1){}", "(1 + ".repeat(12), ")".repeat(12));
    let script = format!("fn f(x) {{ {nested} }} on_response(\"* /**\", |req, res, state| {{ f(1); }});");
    let said = Stage::of(&script).failure(FACTOR);
    assert!(said.contains("call each other too deeply"), "{said}");
}

#[test]
fn what_is_no_business_of_a_script_is_not_there() {
    for (line, why) in [
        ("eval(\"1\");", "eval"),
        ("sleep(1);", "no function sleep"),
        ("exit();", "no function exit"),
        ("timestamp();", "no function timestamp"),
        ("import \"/etc/passwd\" as x;", "no file `/etc/passwd.rhai` among the scenarios"),
        ("import \"../secrets\" as x;", "no file `../secrets.rhai` among the scenarios"),
    ] {
        let said = super::refused(line);
        assert!(said.contains(why), "{line}: {said}");
    }
}

#[test]
fn a_call_is_over_when_its_time_is_over() {
    let limits = Limits { wall: Duration::from_millis(20), operations: u64::MAX, ..Limits::default() };
    let engine = Arc::new(Engine::new(limits));
    let script = "on_response(\"* /**\", |req, res, state| { loop { } });";
    let set = Set::load(&engine, &library(&[("s", script)]), &["s"], &[]).unwrap();
    let request = request("GET", FACTOR_PATH, "");
    let route = set.matches(&request.method, request.path()).unwrap();
    let watch = Stopwatch::start();
    let said = set.after(&route, &request, &recorded(FACTOR), &session("a", 1).0).unwrap_err();
    assert!(said.message.contains("ran for longer than 20ms"), "{said}");
    assert!(watch.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_session_whose_script_loops_does_not_hold_up_another() {
    let script = "on_response(\"GET /loop\", |req, res, state| { loop { } });
                  on_response(\"GET /a\", |req, res, state| { res.status = 201; });";
    let stage = Stage::of(script);
    let (slow, _) = session("slow", 1);
    std::thread::scope(|scope| {
        let set = &stage.set;
        let looping = scope.spawn(move || {
            let request = request("GET", "/loop", "");
            let route = set.matches(&request.method, request.path()).unwrap();
            set.after(&route, &request, &recorded("{}"), &slow).unwrap_err()
        });
        for _ in 0..20 {
            assert_eq!(stage.get("/a", "{}").status(), 201);
        }
        assert!(looping.join().unwrap().message.contains("operations"));
    });
}
