//! A live API asked again.

use insta::assert_snapshot;

use crate::support::overdub::Project;
use crate::support::wire::{Message, Upstream, json, with_body};

const USER: &str = "00ua4t9ugYY0pDxkE4x6";

/// What `overdub verify` says of a cassette with these lines, asked of an upstream that answers so.
fn verify(
    lines: &[&str],
    args: &[&str],
    answer: impl Fn(&Message) -> String + Send + Sync + 'static,
) -> (i32, String, String, Vec<String>) {
    let project = Project::new();
    project.tape("recordings/run.yaml", lines);
    let upstream = Upstream::start(move |request| {
        let answer = answer(request);
        let (status, body) = answer.split_once(' ').unwrap_or((&answer, ""));
        with_body(&format!("HTTP/1.1 {status} X\ncontent-type: application/json"), body)
    });
    let url = upstream.url();
    let (code, out, err) = project.run(&[&["verify", "--upstream", &url, "-c", "run"], args].concat());
    // What was not compared is told in one line of log.
    let err = match err.split_once("run: compared: ") {
        Some((_, rest)) => format!("compared: {rest}"),
        None => err,
    };
    let seen =
        upstream.seen().iter().map(|own| own.line().trim_end_matches(" HTTP/1.1").to_owned()).collect();
    (code, out, err, seen)
}

/// Exit code and what is told of one read that is answered so now.
fn told(recorded: &str, live: &str) -> String {
    let answer = live.to_owned();
    let (code, out, err, _) = verify(&[&format!("GET /a => {recorded}")], &[], move |_| answer.clone());
    let err: Vec<_> = err.lines().filter(|line| !line.starts_with("compared: ")).collect();
    format!("exit code {code}\n{out}{}", err.join("\n"))
}

#[test]
fn an_api_that_has_not_drifted_is_met_with_silence() {
    let recorded = format!(r#"200 {{"id":"{USER}","created":"2020-04-22T12:09:20.000Z"}}"#);
    assert_eq!(
        told(&recorded, r#"200 {"created":"2026-01-01T00:00:00.000Z","id":"00uLPHffIbkcy4kIFjcX"}"#),
        "exit code 0\n"
    );
}

#[test]
fn drift_is_told_with_its_severity_and_decides_the_exit_code() {
    let recorded = r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","status":"ACTIVE","n":1}"#;
    let told = [
        r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","status":"ACTIVE"}"#,
        r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","status":"ACTIVE","n":1,"m":2}"#,
        r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","status":"ACTIVE","n":"1"}"#,
        r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","status":"STAGED","n":1}"#,
        r#"404 {"errorCode":"E0000007"}"#,
    ]
    .map(|live| told(recorded, live));
    assert_snapshot!(told.join("\n"), @r#"
    exit code 1
    GET /a  (recordings/run.yaml:4)
        breaking  $.n: gone, was 1
    run: 1 breaking; compared: 1
    error: the API has drifted from the recordings: breaking changes
    exit code 0
    GET /a  (recordings/run.yaml:4)
        additive  $.m: new: 2
    run: 1 additive; compared: 1

    exit code 1
    GET /a  (recordings/run.yaml:4)
        breaking  $.n: 1 -> "1"
    run: 1 breaking; compared: 1
    error: the API has drifted from the recordings: breaking changes
    exit code 0
    GET /a  (recordings/run.yaml:4)
        value     $.status: "ACTIVE" -> "STAGED"
    run: 1 value; compared: 1

    exit code 1
    GET /a  (recordings/run.yaml:4)
        breaking  status: 200 -> 404 {"errorCode":"E0000007"}
    run: 1 breaking; compared: 1
    error: the API has drifted from the recordings: breaking changes
    "#);
}

#[test]
fn fail_on_says_from_when_on_drift_counts() {
    let line = r#"GET /a => 200 {"n":1}"#;
    for (live, code_by_flag) in
        [(r#"200 {"n":1,"m":1}"#, [0, 1, 1]), (r#"200 {"n":2}"#, [0, 0, 1]), ("200 {}", [1, 1, 1])]
    {
        let codes = ["breaking", "additive", "value"]
            .map(|flag| verify(&[line], &["--fail-on", flag], move |_| live.to_owned()).0);
        assert_eq!(codes, code_by_flag, "{live}");
    }
}

#[test]
fn reads_follow_with_the_ids_that_the_live_api_gives() {
    let lines = [
        format!(r#"GET /api/v1/users?limit=1 => 200 [{{"id":"{USER}","status":"ACTIVE"}}]"#),
        format!(r#"GET /api/v1/users/{USER} => 200 {{"id":"{USER}"}}"#),
        format!(r#"GET /api/v1/users/{USER} => 200 {{"id":"{USER}"}}"#),
    ];
    let (code, out, _, seen) = verify(&lines.each_ref().map(String::as_str), &[], |request| {
        let list = request.target().contains("limit");
        let user = r#"{"id":"00uLPHffIbkcy4kIFjcX","status":"ACTIVE"}"#;
        if list { format!("200 [{user}]") } else { r#"200 {"id":"00uLPHffIbkcy4kIFjcX"}"#.to_owned() }
    });
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(seen, ["GET /api/v1/users?limit=1", "GET /api/v1/users/00uLPHffIbkcy4kIFjcX"]);
}

const FLOW: [&str; 6] = [
    r"GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors => 200 []",
    r#"POST /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors => 200 {"id":"sms9heipGfhT6AEm70g4","status":"ACTIVE"}"#,
    r#"GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors => 200 [{"id":"sms9heipGfhT6AEm70g4","status":"ACTIVE"}]"#,
    r#"GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors/sms9heipGfhT6AEm70g4 => 200 {"id":"sms9heipGfhT6AEm70g4"}"#,
    r"DELETE /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors/sms9heipGfhT6AEm70g4 => 204",
    r"GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors => 200 []",
];

#[test]
fn without_writes_what_they_made_is_not_asked_for() {
    let (code, out, err, seen) = verify(&FLOW, &[], |_| "200 []".to_owned());
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(seen, ["GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors"]);
    assert_snapshot!(err, @r#"compared: 3; not compared: 1 about what a write that was not sent makes, 2 sent only with --allow-writes"#);
    // What is there in another state is no drift, but what all states have in common is.
    let (code, out, ..) = verify(&FLOW, &[], |_| r#"200 [{"id":"smsOQPFK8LyFSK7BllJQ"}]"#.to_owned());
    assert_eq!(code, 0, "{out}");
    let (code, out, ..) = verify(&FLOW, &[], |_| "200 {}".to_owned());
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("breaking  $: [] -> {}"), "{out}");
}

#[test]
fn a_thing_in_another_state_is_held_against_what_all_states_have_in_common() {
    let lines = [
        "POST /api/v1/users/00ua4t9ugYY0pDxkE4x6/lifecycle/suspend => 200 {}",
        r#"GET /api/v1/users/00ua4t9ugYY0pDxkE4x6 => 200 {"status":"SUSPENDED","since":"x"}"#,
    ];
    let told = |live: &'static str| {
        let (code, out, ..) = verify(&lines, &[], move |_| format!("200 {live}"));
        (code, out.lines().nth(1).unwrap_or_default().trim().to_owned())
    };
    assert_eq!(told(r#"{"status":"ACTIVE"}"#), (0, String::new()));
    assert_eq!(told(r#"{"status":"SUSPENDED"}"#), (1, "breaking  $.since: gone, was \"x\"".to_owned()));
    assert_eq!(told(r#"{"status":"ACTIVE","since":1}"#), (1, "breaking  $.since: \"x\" -> 1".to_owned()));
}

#[test]
fn with_writes_the_sequence_is_sent_with_the_live_ids() {
    let (code, out, _, seen) = verify(&FLOW, &["--allow-writes"], {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        move |_| {
            let factor = r#"{"id":"smsOQPFK8LyFSK7BllJQ","status":"ACTIVE"}"#;
            let answers = [
                "200 []",
                &format!("200 {factor}"),
                &format!("200 [{factor}]"),
                r#"200 {"id":"smsOQPFK8LyFSK7BllJQ"}"#,
                "204",
                "200 []",
            ];
            answers[asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)].to_owned()
        }
    });
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[3], "GET /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors/smsOQPFK8LyFSK7BllJQ");
    assert_eq!(seen[4], "DELETE /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors/smsOQPFK8LyFSK7BllJQ");
}

#[test]
fn what_a_failed_write_was_to_make_is_neither_read_nor_deleted() {
    let (code, out, _, seen) = verify(&FLOW, &["--allow-writes"], |request| {
        if request.line().starts_with("POST") {
            r#"400 {"errorCode":"E0000001"}"#.to_owned()
        } else {
            "200 []".to_owned()
        }
    });
    assert_eq!(code, 1);
    assert!(out.contains("breaking  status: 200 -> 400"), "{out}");
    assert!(seen.iter().all(|line| !line.contains("sms9")), "{seen:?}");
}

#[test]
fn stand_ins_are_bound_by_hand() {
    let lines = [
        "GET /api/v1/users/user1@example.test => 200 {\"id\":\"00ua4t9ugYY0pDxkE4x6\",\"login\":\"user1@example.test\"}",
    ];
    let answer = |_: &Message| r#"200 {"id":"00ua4t9ugYY0pDxkE4x6","login":"jane@acme.com"}"#.to_owned();
    let (code, _, err, seen) = verify(&lines, &[], answer);
    assert_eq!((code, seen.len()), (0, 0));
    assert!(err.contains("with a value to be given: --bind user1@example.test=VALUE"), "{err}");
    let (code, out, err, seen) = verify(&lines, &["--bind", "user1@example.test=jane@acme.com"], answer);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    assert_eq!(seen, ["GET /api/v1/users/jane@acme.com"]);
    let (code, _, err, seen) = verify(&lines, &["--bind", "user2@example.test=jane@acme.com"], answer);
    assert_eq!((code, seen.len()), (2, 0));
    assert!(err.contains("--bind user2@example.test: no request of the cassette holds it"), "{err}");
}

#[test]
fn credentials_are_sent_and_never_shown_nor_is_what_the_api_keeps_secret() {
    let project = Project::new();
    project.tape("recordings/run.yaml", &["GET /a => 200 {\"a\":1}"]);
    let upstream = Upstream::of_json(
        r#"{"sharedSecret":"JBSWY3DPEHPK3PXP","mail":"jane@acme.com","t":"00secretTOKENof32characters00000"}"#,
    );
    let url = upstream.url();
    for (env, args, sent) in [
        ("00tokenFromTheEnvironment", &[][..], "SSWS 00tokenFromTheEnvironment"),
        ("", &["--header", "authorization: Bearer by-hand"], "Bearer by-hand"),
    ] {
        let mut command =
            project.command(&[&["verify", "--upstream", &url, "-c", "run", "--json"], args].concat());
        let output = command.env("OKTA_CLIENT_TOKEN", env).output().unwrap();
        assert_eq!(upstream.seen().last().unwrap().header("authorization"), sent);
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for secret in ["00tokenFromTheEnvironment", "by-hand", "JBSWY3DPEHPK3PXP", "jane@acme.com"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn an_api_that_cannot_be_asked_is_no_drift() {
    let lines = ["GET /a => 200 {}", "GET /b => 200 {}"];
    let told =
        [(r#"429 {"errorCode":"E0000047"}"#, 1), (r#"401 {"errorCode":"E0000011"}"#, 1), ("503 <html>", 2)]
            .map(|(answer, asked)| {
                let (code, out, err, seen) = verify(&lines, &[], move |_| answer.to_owned());
                assert_eq!((code, seen.len()), (1, asked));
                format!("{out}{err}")
            });
    assert_snapshot!(told.join("\n"), @r#"
    GET /a  (recordings/run.yaml:4)
        failed    the answer is 429: the API's rate limit is used up; run it again in a minute
    run: failed 1; compared: 0
    compared: 0; not compared: 1 after the one that ended the run
    error: 1 request got no answer that could be compared

    GET /a  (recordings/run.yaml:4)
        failed    the answer is 401: its credentials are not accepted; give them with --header or OKTA_CLIENT_TOKEN
    run: failed 1; compared: 0
    compared: 0; not compared: 1 after the one that ended the run
    error: 1 request got no answer that could be compared

    GET /a  (recordings/run.yaml:4)
        failed    the answer is 503
    GET /b  (recordings/run.yaml:11)
        failed    the answer is 503
    run: failed 2; compared: 0
    error: 2 requests got no answer that could be compared
    "#);
    let project = Project::new();
    project.tape("recordings/run.yaml", &lines);
    let (code, out, _) = project.run(&["verify", "--upstream", "http://127.0.0.1:1", "-c", "run"]);
    assert_eq!(code, 1);
    assert!(out.contains("no connection (connection refused)"), "{out}");
}

#[test]
fn flags_that_cannot_be_used_are_told_without_their_values() {
    let project = Project::new();
    project.tape("recordings/run.yaml", &["GET /a => 200 {}"]);
    let fails = |args: &[&str]| project.fails(&[&["verify", "-c", "run"], args].concat());
    let told = [
        fails(&[]),
        fails(&["--upstream", "http://127.0.0.1:1", "--header", "SSWS 00secret"]),
        fails(&["--upstream", "http://127.0.0.1:1", "--bind", "nothing"]),
    ];
    assert_snapshot!(told.join("\n"), @r#"
    exit code 2
    error: --upstream is missing: give the API's URL, or `sandbox`
    exit code 2
    error: --header: there is no colon; write NAME: VALUE
    exit code 2
    error: --bind nothing: write RECORDED=LIVE, as user1@example.test=jane@acme.com
    "#);
}

/// A user who enrols, answers, unenrols: recorded from an org, and asked of another one.
#[test]
fn what_was_recorded_from_a_sandbox_is_what_another_one_answers() {
    let project = Project::new();
    let org = project.serve(&["sandbox", "--seed", "7"]);
    let recorder = project.record(&format!("http://{}", org.address));
    let head = "authorization: SSWS t\ncontent-type: application/json";
    let ask = |line: &str, body: &str| {
        let answer = recorder.ask(&format!("{line}\n{head}\n\n{body}"));
        serde_json::from_str::<serde_json::Value>(&answer.text()).unwrap_or_default()
    };
    let user = ask(
        "POST /api/v1/users",
        r#"{"profile":{"firstName":"Jane","lastName":"Doe","email":"jane@acme.com","login":"jane@acme.com"}}"#,
    );
    let factors = format!("/api/v1/users/{}/factors", user["id"].as_str().unwrap());
    ask(&format!("GET {factors}"), "");
    let enrolled = ask(
        &format!("POST {factors}"),
        r#"{"factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"mayonnaise"}}"#,
    );
    let factor = format!("{factors}/{}", enrolled["id"].as_str().unwrap());
    ask(&format!("GET {factors}"), "");
    ask(&format!("POST {factor}/verify"), r#"{"answer":"mayonnaise"}"#);
    ask("GET /api/v1/users/jane@acme.com", "");
    ask(&format!("DELETE {factor}"), "");
    ask(&format!("GET {factor}"), "");
    assert!(recorder.stop().0.success());
    let other = format!("http://{}", org.address);
    for (asked, upstream) in ["sandbox", &other, &other].into_iter().enumerate() {
        let verify = ["verify", "--upstream", upstream, "-c", "run", "--allow-writes", "--log", "warn"];
        let with = [&verify[..], &["--fail-on", "value", "--header", "authorization: SSWS t"]].concat();
        let (code, out, err) = project.run(&with);
        if asked < 2 {
            assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
        } else {
            // The same login again: this org knows it by now.
            assert_eq!(code, 1);
            assert!(out.contains("breaking  status: 200 -> 400"), "{out}");
        }
    }
}

#[test]
fn ids_that_look_like_none_are_followed_in_links_too() {
    let thing = |id: &str, owner: &str| {
        let link = format!("https://okta.overdub.test/api/v1/users/{owner}/factors/{id}/verify?n=1");
        format!(r#"{{"id":"{id}","userId":"{owner}","_links":{{"verify":{{"href":"{link}"}}}}}}"#)
    };
    let lines = [
        r#"POST /api/v1/users => 200 {"id":"u1"}"#.to_owned(),
        format!("POST /api/v1/users/u1/factors => 200 {}", thing("f1", "u1")),
        format!("GET /api/v1/users/u1/factors/f1 => 200 {}", thing("f1", "u1")),
    ];
    let lines = lines.each_ref().map(String::as_str);
    let flags = ["--allow-writes", "--fail-on", "value"];
    let live = move |user: &'static str| {
        verify(&lines, &flags, move |request| match request.target() {
            "/api/v1/users" => r#"200 {"id":"u7"}"#.to_owned(),
            _ => format!("200 {}", thing("f9", user)),
        })
    };
    let (code, out, err, seen) = live("u7");
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    assert_eq!(seen[1..], ["POST /api/v1/users/u7/factors", "GET /api/v1/users/u7/factors/f9"]);
    // A link to somebody else is another link.
    let (code, out, ..) = live("u8");
    assert_eq!(code, 1);
    assert!(out.contains("$.userId") && out.contains("$._links.verify.href"), "{out}");
}

#[test]
fn an_api_of_any_kind_is_followed_by_its_id_fields() {
    let project = Project::new();
    project.tape(
        "recordings/run.yaml",
        &["GET /groups => 200 [{\"id\":42,\"name\":\"a\"}]", "GET /groups/42 => 200 {\"id\":42}"],
    );
    let upstream = Upstream::start(|request| {
        json(if request.target() == "/groups" { r#"[{"id":77,"name":"a"}]"# } else { r#"{"id":77}"# })
    });
    let (code, out, _) = project.run(&[
        "verify",
        "--upstream",
        &upstream.url(),
        "-c",
        "run",
        "--profile",
        "none",
        "--fail-on",
        "value",
    ]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(upstream.seen().last().unwrap().target(), "/groups/77");
}
