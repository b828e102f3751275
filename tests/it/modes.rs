//! `overdub proxy --mode …`: when it records and when it replays.

use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Upstream, json};

/// An upstream that counts its answers and repeats what it was sent.
fn counting() -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::start(move |request| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let sent = if request.body.is_empty() { "null".to_owned() } else { request.text() };
        json(&format!("{{\"n\":{number},\"sent\":{sent}}}"))
    })
}

fn proxy(project: &Project, mode: &str, upstream: &Upstream, flags: &[&str]) -> Overdub {
    project.serve(&[&["proxy", "--mode", mode, "--upstream", &upstream.url()], flags].concat())
}

fn stopped(overdub: Overdub) -> String {
    let (status, told) = overdub.stop();
    assert!(status.success(), "{told}");
    told
}

#[test]
fn once_records_the_first_time_and_replays_from_then_on() {
    let (project, upstream) = (Project::new(), counting());
    let first = proxy(&project, "once", &upstream, &["-c", "run"]);
    assert!(first.ready.contains("mode=record"), "{}", first.ready);
    let recorded = first.ask("GET /a");
    stopped(first);

    let second = proxy(&project, "once", &upstream, &["-c", "run"]);
    assert!(second.ready.contains("mode=replay upstream=none"), "{}", second.ready);
    assert_eq!(second.ask("GET /a"), recorded);
    assert_eq!(second.ask("GET /b").status(), 501);
    assert_eq!(upstream.seen().len(), 1, "what was not recorded is not asked for");
}

#[test]
fn once_records_where_nothing_was_recorded_before() {
    let (project, upstream) = (Project::new(), counting());
    stopped(proxy(&project, "once", &upstream, &["-c", "run"]));
    let again = proxy(&project, "once", &upstream, &["-c", "run"]);
    assert!(again.ready.contains("mode=record"), "{}", again.ready);
    assert_eq!(again.ask("GET /a").status(), 200);
}

#[test]
fn a_new_episode_answers_who_asks_for_its_cassette_alone() {
    let (project, upstream) = (Project::new(), counting());
    let overdub = proxy(&project, "new_episodes", &upstream, &["-c", "run", "--admin", "127.0.0.1:0"]);
    let pinned = "GET /a\nx-overdub-cassette: run";
    assert_eq!(overdub.ask(pinned), overdub.ask(pinned));
    let made = crate::support::wire::ask(
        overdub.admin(),
        "POST /__overdub/sessions\nhost: 127.0.0.1\ncontent-type: application/json\n\n{\"name\":\"one\",\"cassette\":\"run\"}",
    );
    assert_eq!(made.status(), 201, "{}", made.text());
    assert_eq!(overdub.ask("GET /a\nx-overdub-session: one").status(), 200);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_cassette_that_cannot_be_read_is_none_that_is_missing() {
    let project = Project::new();
    project.write("recordings/run.yaml", "overdub: [\n");
    for mode in ["once", "new_episodes"] {
        let told = project.fails(&["proxy", "--mode", mode, "--upstream", "http://127.0.0.1:9", "-c", "run"]);
        assert!(told.starts_with("exit code 2\nerror: recordings/run.yaml:"), "{told}");
    }
    assert_eq!(project.cassette(), "overdub: [\n");
}

#[test]
fn new_episodes_replays_what_there_is_and_records_the_rest() {
    let (project, upstream) = (Project::new(), counting());
    project.tape("recordings/run.yaml", &["GET /old => 200 {\"old\":1}"]);
    let overdub = proxy(&project, "new_episodes", &upstream, &["-c", "run"]);
    assert_eq!(overdub.ask("GET /old").text(), "{\"old\":1}");
    let new = overdub.ask("GET /new");
    assert_eq!(new.text(), "{\"n\":1,\"sent\":null}");
    assert_eq!(overdub.ask("GET /new"), new, "what was captured answers at once");
    let again = "POST /w\ncontent-type: application/json\n\n{\"a\":1}";
    assert_eq!(overdub.ask(again).text(), "{\"n\":2,\"sent\":{\"a\":1}}");
    assert_eq!(overdub.ask(again).text(), "{\"n\":3,\"sent\":{\"a\":1}}", "a write was used by who made it");
    let other = "POST /w\nx-overdub-session: other\ncontent-type: application/json\n\n{\"a\":1}";
    assert_eq!(overdub.ask(other).text(), "{\"n\":2,\"sent\":{\"a\":1}}", "another session has both to come");
    assert_eq!(overdub.ask(other).text(), "{\"n\":3,\"sent\":{\"a\":1}}");
    assert_eq!(upstream.seen().len(), 3);
    stopped(overdub);

    let replay = project.replay();
    assert_eq!(replay.ready.split_once("interactions=").unwrap().1, "4");
    assert_eq!(replay.ask("GET /old").text(), "{\"old\":1}");
    assert_eq!(replay.ask("GET /new").text(), new.text());
}

#[test]
fn who_makes_a_new_episode_sees_its_own_values_and_others_theirs() {
    let (project, upstream) = (Project::new(), counting());
    let overdub = proxy(&project, "new_episodes", &upstream, &["-c", "run"]);
    let read = |session: &str, email: &str| {
        overdub.ask(&format!(
            "POST /oauth2/v1/introspect\nx-overdub-session: {session}\ncontent-type: application/json\n\n\
             {{\"email\":\"{email}\"}}"
        ))
    };
    for (session, email) in [("a", "ann@acme.com"), ("a", "ann@acme.com"), ("b", "bob@acme.com")] {
        assert_eq!(read(session, email).text(), format!("{{\"n\":1,\"sent\":{{\"email\":\"{email}\"}}}}"));
    }
    assert_eq!(upstream.seen().len(), 1);
    stopped(overdub);
    assert!(!project.cassette().contains("acme"), "{}", project.cassette());
}

#[test]
fn all_records_and_none_replays() {
    let (project, upstream) = (Project::new(), counting());
    let recorder = proxy(&project, "all", &upstream, &["-c", "run"]);
    let (one, two) = (recorder.ask("GET /a"), recorder.ask("GET /a"));
    assert_ne!(one, two, "every request is passed on");
    stopped(recorder);

    let replay = proxy(&project, "none", &upstream, &["-c", "run"]);
    assert!(replay.ready.contains("upstream=none"), "{}", replay.ready);
    assert_eq!((replay.ask("GET /a"), replay.ask("GET /a")), (one, two));
    assert_eq!(upstream.seen().len(), 2);
}

#[test]
fn passthrough_keeps_nothing() {
    let (project, upstream) = (Project::new(), counting());
    let overdub = proxy(&project, "passthrough", &upstream, &["--admin", "127.0.0.1:0"]);
    assert_eq!(overdub.ask("GET /a").text(), "{\"n\":1,\"sent\":null}");
    let journal = crate::support::wire::ask(overdub.admin(), "GET /__overdub/journal\nhost: 127.0.0.1");
    assert!(journal.text().contains("\"outcome\": \"passed\""), "{}", journal.text());
    stopped(overdub);
    assert_eq!(project.list(""), Vec::<String>::new());
}

#[test]
fn what_a_mode_does_not_do_is_not_asked_of_it() {
    let project = Project::new();
    let fails = |more: &[&str]| project.fails(&[&["proxy", "--mode"], more].concat());
    assert_snapshot!(fails(&["all", "-c", "run"]), @r#"
    exit code 2
    error: --upstream is missing: give the API's URL or `sandbox`, or --forward, where requests name their API themselves
    "#);
    assert_snapshot!(fails(&["once", "--upstream", "sandbox"]), @r#"
    exit code 2
    error: --mode once writes one cassette: give one -c NAME
    "#);
    assert_snapshot!(fails(&["new_episodes", "--upstream", "sandbox", "-c", "a", "-c", "b"]), @r#"
    exit code 2
    error: --mode new_episodes writes one cassette: give one -c NAME
    "#);
    assert_snapshot!(fails(&["passthrough", "--upstream", "sandbox", "-c", "a"]), @r#"
    exit code 2
    error: -c has no effect with --mode passthrough; leave it out
    "#);
    assert_snapshot!(fails(&["none", "--append"]), @r#"
    exit code 2
    error: --append has no effect with --mode none; leave it out
    "#);
    assert_snapshot!(fails(&["all", "--upstream", "sandbox", "-c", "a", "--latency", "recorded"]), @r#"
    exit code 2
    error: --latency has no effect with --mode all; leave it out
    "#);
    assert_snapshot!(fails(&["none", "--redact", "off"]), @r#"
    exit code 2
    error: --redact has no effect with --mode none; leave it out
    "#);
    assert_snapshot!(fails(&["some"]), @r#"
    exit code 2
    error: invalid value 'some' for '--mode <once|new_episodes|all|none|passthrough>'
      [possible values: once, new_episodes, all, none, passthrough]

    For more information, try '--help'.
    "#);
}
