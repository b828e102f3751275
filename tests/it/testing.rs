//! `overdub::Server`: a proxy in the test's own process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use overdub::Server;
use overdub::testing::Builder;

use crate::support::overdub::Project;
use crate::support::wire::{Upstream, ask};

/// A replay of a cassette with these recordings.
fn replay(project: &Project, lines: &[&str]) -> Builder {
    project.tape("recordings/tape.yaml", lines);
    Server::replay("tape").recordings(project.path("recordings"))
}

/// What a test fails with that runs this.
fn failure(run: impl FnOnce()) -> String {
    let failed = catch_unwind(AssertUnwindSafe(run)).expect_err("it did not fail");
    failed.downcast_ref::<String>().cloned().unwrap()
}

#[test]
fn it_answers_tells_what_was_asked_and_begins_anew() {
    let project = Project::new();
    let server =
        replay(&project, &["POST /a => 201 first", "GET /b => 200 second"]).start_blocking().unwrap();
    assert_eq!((server.url(), server.mode()), (format!("http://{}", server.address()), "replay"));
    assert_eq!(server.ca(), None);
    for _ in 0..2 {
        assert_eq!(ask(server.address(), "POST /a").text(), "first");
        server.reset();
    }
    assert_eq!(ask(server.address(), "GET /b").text(), "second");
    let told = server.journal();
    let told: Vec<_> = told.iter().map(|own| (own.method.as_str(), &*own.target, own.outcome)).collect();
    let (post, get) = (("POST", "/a", "replayed"), ("GET", "/b", "replayed"));
    assert_eq!(told, [post, post, get]);
    assert!(server.verdict().is_good());
    server.stop_blocking();
}

#[tokio::test]
async fn one_that_is_stopped_or_dropped_listens_no_more() {
    let project = Project::new();
    let stopped = replay(&project, &["GET /a => 200 a"]).start().await.unwrap();
    let dropped = replay(&project, &["GET /a => 200 a"]).start().await.unwrap();
    let addresses = [stopped.address(), dropped.address()];
    stopped.stop().await;
    drop(dropped);
    for address in addresses {
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}

#[test]
fn a_request_that_was_never_recorded_fails_the_test_at_its_end() {
    let project = Project::new();
    let server = replay(&project, &["GET /a?x=1 => 200 a"]).start_blocking().unwrap();
    assert_eq!(ask(server.address(), "GET /a?x=2").status(), 501);
    let told = failure(|| drop(server));
    for part in ["overdub: problems: 1\nmiss: never recorded: GET /a?x=2\n", "query x: sent 2, recorded 1"] {
        assert!(told.contains(part), "{told}");
    }

    let lenient = replay(&project, &["GET /a => 200 a"]).allow_failures().start_blocking().unwrap();
    assert_eq!(ask(lenient.address(), "GET /other").status(), 501);
    assert_eq!(lenient.journal()[0].outcome, "miss");
}

#[test]
fn a_test_that_fails_already_keeps_its_own_message() {
    let project = Project::new();
    let told = failure(|| {
        let server = replay(&project, &["GET /a => 200 a"]).start_blocking().unwrap();
        assert_eq!(ask(server.address(), "GET /other").status(), 501);
        panic!("{}", String::from("its own message"));
    });
    assert_eq!(told, "its own message");
}

#[test]
fn what_was_not_used_or_never_did_anything_fails_the_test_if_that_is_asked_for() {
    let project = Project::new();
    let lines = ["GET /a => 200 a", "POST /b => 200 b"];
    let unused = replay(&project, &lines).require_used().start_blocking().unwrap();
    assert_eq!(ask(unused.address(), "GET /a").status(), 200);
    let told = failure(|| unused.stop_blocking());
    assert!(told.starts_with("overdub: problems: 1\nnever used: tape #2 ("), "{told}");

    project.write(
        "scenarios/own.rhai",
        "describe(\"c\", #{ c: 1 });\non_request(\"GET /c\", |req| respond(200, `c${param(\"c\")}`));\n",
    );
    let scripted = || {
        replay(&project, &lines)
            .scenarios(project.path("scenarios"))
            .scenario("own")
            .set("c", 2)
            .require_fired()
    };
    let idle = scripted().start_blocking().unwrap();
    let told = failure(|| drop(idle));
    assert!(told.contains("never did anything: own: on_request GET /c"), "{told}");

    let fired = scripted().start_blocking().unwrap();
    assert_eq!(ask(fired.address(), "GET /c").text(), "c2");
}

#[test]
fn what_cannot_be_used_is_told_and_nothing_is_started() {
    let project = Project::new();
    let folder = || project.path("recordings");
    let told = |builder: Builder| builder.start_blocking().unwrap_err().to_string();
    assert!(told(Server::replay("nothing").recordings(folder())).contains("nothing"));
    assert!(told(replay(&project, &["GET /a => 200 a"]).scenario("nothing")).contains("`nothing`"));
    assert!(told(replay(&project, &["GET /a => 200 a"]).profile("nothing")).starts_with("the profile: "));
    assert!(told(Server::record("new", "no origin").recordings(folder())).starts_with("the upstream: "));
    let two = Server::record("new", "sandbox").cassette("other").recordings(folder());
    assert_eq!(told(two), "a server that records has one cassette");
    assert!(!project.path("recordings/new.yaml").exists());
}

#[test]
fn once_records_what_is_on_the_disk_when_it_ends_and_replays_it_from_then_on() {
    let (project, upstream) = (Project::new(), Upstream::of_json("{\"a\":1}"));
    let once = || Server::once("new", upstream.url()).recordings(project.path("recordings"));
    let server = once().start_blocking().unwrap();
    assert_eq!(server.mode(), "record");
    assert_eq!(ask(server.address(), "GET /a").text(), "{\"a\":1}");
    drop(server);
    assert!(project.read("recordings/new.yaml").contains("url: /a\n"));

    let server = once().require_used().start_blocking().unwrap();
    assert_eq!(server.mode(), "replay");
    assert_eq!(ask(server.address(), "GET /a").text(), "{\"a\":1}");
    drop(server);
    assert_eq!(upstream.seen().len(), 1);

    let told = Server::record("new", upstream.url()).recordings(project.path("recordings"));
    let told = told.start_blocking().unwrap_err().to_string();
    assert!(told.contains("new.yaml"), "{told}");
}

#[test]
fn an_upstream_that_is_gone_fails_the_test() {
    let project = Project::new();
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let server = Server::record("new", gone).recordings(project.path("recordings")).start_blocking().unwrap();
    assert_eq!(ask(server.address(), "GET /a").status(), 502);
    let told = failure(|| drop(server));
    assert!(told.contains("upstream-error: GET /a"), "{told}");
}
