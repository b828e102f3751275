//! The cassette as a file: begun, continued, replaced, and never lost by mistake.

use super::play;
use crate::support::overdub::Project;
use crate::support::wire::{Upstream, with_body};

/// What a cassette says, its times left out.
fn timeless(cassette: &str) -> String {
    let lines = cassette.lines().map(|line| match line.split_once(": ") {
        Some((key @ ("at" | "took"), _)) => format!("{key}: TIME"),
        Some(("recorded_with", _)) => "recorded_with: overdub VERSION".to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_cassette_is_made_to_be_read() {
    let upstream = Upstream::start(|request| {
        with_body(
            "HTTP/1.1 200 OK\ncontent-type: application/json\nset-cookie: sid=1; Path=/\nset-cookie: JSESSIONID=2\n\
             x-rate-limit-remaining: 59",
            format!(
                r#"{{"id":"mbl1","_links":{{"self":"http://{}/x"}},"no":[],"n":1.5}}"#,
                request.header("host")
            ),
        )
    });
    let asked = "POST /api/v1/users/00u1/factors?activate=true\ncontent-type: application/json\n\
                 authorization: SSWS x\n\n{\"factorType\":\"sms\",\"profile\":{\"phoneNumber\":\"+15550100001\"}}";
    let cassette = timeless(&play(&upstream, &[asked]).cassette);
    insta::assert_snapshot!(cassette, @r#"
    overdub: 1
    recorded_with: overdub VERSION
    profile: okta
    upstream: https://okta.overdub.test
    ...
    ---
    at: TIME
    took: TIME
    request:
      method: POST
      url: /api/v1/users/00u1/factors?activate=true
      headers:
        content-type: application/json
      body:
        json:
          factorType: sms
          profile:
            phoneNumber: "+15550100001"
    stand_ins:
      "+15550100001": phone
    response:
      status: 200
      headers:
        content-type: application/json
        set-cookie:
          - sid=redacted; Path=/
          - JSESSIONID=redacted
        x-rate-limit-remaining: "59"
      body:
        json:
          id: mbl1
          _links:
            self: https://okta.overdub.test/x
          "no": []
          "n": 1.5
    ...
    "#);
}

#[test]
fn a_large_body_lies_beside_the_cassette() {
    let large: Vec<u8> = (0..70_000_u32).map(|n| n.to_le_bytes()[n as usize % 2]).collect();
    let sent = large.clone();
    let upstream = Upstream::start(move |_| with_body("HTTP/1.1 200 OK\ncontent-type: image/png", &sent));
    let played = play(&upstream, &["GET /a"]);
    assert_eq!(played.same()[0].body, large);
    assert_eq!(played.project.list("recordings"), ["run-0001.body", "run.yaml"]);
    assert!(played.cassette.contains("    file: run-0001.body\n"), "{}", played.cassette);
    let upstream = Upstream::of_json("{}");
    played.project.record_with(&upstream.url(), &["--overwrite"]).stop();
    assert_eq!(played.project.list("recordings"), ["run.yaml"], "the body goes with its cassette");
}

#[test]
fn an_existing_cassette_is_refused_and_stays_as_it_is() {
    let upstream = Upstream::of_json("{}");
    let played = play(&upstream, &["GET /a"]);
    let told = played.project.fails(&["record", "--upstream", &upstream.url(), "-c", "run"]);
    insta::assert_snapshot!(told, @r"
    exit code 2
    error: recordings/run.yaml: exists already
      hint: --overwrite replaces it, --append continues it
    ");
    assert_eq!(played.project.cassette(), played.cassette);
}

#[test]
fn append_continues_a_cassette_and_overwrite_replaces_it() {
    let upstream = Upstream::of_json("{}");
    let project = play(&upstream, &["GET /one"]).project;
    let recorder = project.record_with(&upstream.url(), &["--append"]);
    assert!(recorder.ready.ends_with("cassettes=1 interactions=1"), "{}", recorder.ready);
    recorder.ask("GET /two");
    let (_, told) = recorder.stop();
    assert!(told.contains("recordings/run.yaml: exchanges recorded: 1"), "{told}");
    let player = project.replay();
    assert!(player.ready.ends_with("interactions=2"), "{}", player.ready);
    assert_eq!((player.ask("GET /one").status(), player.ask("GET /two").status()), (200, 200));
    drop(player);

    let recorder = project.record_with(&upstream.url(), &["--overwrite"]);
    assert!(recorder.ready.ends_with("interactions=0"), "{}", recorder.ready);
    recorder.ask("GET /three");
    recorder.stop();
    let cassette = project.cassette();
    assert!(cassette.contains("/three") && !cassette.contains("/one"), "{cassette}");
}

#[test]
fn append_and_overwrite_begin_a_cassette_that_is_not_there() {
    let upstream = Upstream::of_json("{}");
    for flag in ["--append", "--overwrite"] {
        let project = Project::new();
        let recorder = project.record_with(&upstream.url(), &[flag]);
        recorder.ask("GET /a");
        recorder.stop();
        assert!(project.cassette().contains("url: /a\n"), "{flag}");
    }
}

#[test]
fn a_second_recorder_on_one_cassette_is_refused() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let first = project.record(&upstream.url());
    first.ask("GET /one");
    for flag in ["--append", "--overwrite"] {
        let told = project.fails(&["record", "--upstream", &upstream.url(), "-c", "run", flag]);
        assert_eq!(
            told,
            "exit code 2\nerror: recordings/run.yaml: is being recorded by another process\n  \
             hint: stop that one first, or record under another name",
            "{flag}"
        );
    }
    first.ask("GET /two");
    first.stop();
    assert!(project.replay().ready.ends_with("interactions=2"));
}

#[test]
fn the_ready_line_says_where_it_listens_and_what_it_records() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let (address, url) = (recorder.address, upstream.url());
    assert_eq!(
        recorder.ready,
        format!(
            "overdub listening url=http://{address} mode=record upstream={url} cassettes=1 interactions=0"
        )
    );
    assert!(address.ip().is_loopback() && address.port() != 0);
}

#[test]
fn the_sandbox_can_be_recorded_without_any_org() {
    let project = Project::new();
    let recorder = project.record("sandbox");
    assert!(recorder.ready.contains(" mode=record upstream=http://127.0.0.1:"), "{}", recorder.ready);
    let asked = "GET /api/v1/users?limit=1\nauthorization: SSWS token";
    let live = recorder.ask(asked);
    assert_eq!(live.text(), "[]");
    let (status, told) = recorder.stop();
    assert!(status.success(), "{told}");
    let replayed = project.replay().ask(asked);
    assert_eq!(replayed.header("x-okta-request-id"), live.header("x-okta-request-id"));
    assert_eq!(replayed.body, live.body);
}

#[test]
fn a_cassette_may_lie_in_a_directory_of_its_own() {
    let upstream = Upstream::of_json("{}");
    for (name, file) in [("sms/today", "recordings/sms/today.yaml"), ("./here.yaml", "here.yaml")] {
        let project = Project::new();
        let recorder = project.serve(&["record", "--upstream", &upstream.url(), "-c", name]);
        recorder.ask("GET /a");
        recorder.stop();
        assert!(project.read(file).contains("url: /a\n"), "{name}");
        assert_eq!(project.serve(&["replay", "-c", name]).ask("GET /a").status(), 200);
    }
}

#[test]
fn it_listens_where_it_is_told_to() {
    let upstream = Upstream::start(|request| {
        with_body(&format!("HTTP/1.1 200 OK\nlocation: http://{}/b", request.header("host")), "{}")
    });
    for (listen, begins) in
        [("0", "127.0.0.1:"), (":0", "127.0.0.1:"), ("localhost:0", "127.0.0.1:"), ("[::1]:0", "[::1]:")]
    {
        let project = Project::new();
        if listen.starts_with('[') && std::net::TcpListener::bind(listen).is_err() {
            eprintln!("skipped: no IPv6 here");
            continue;
        }
        let recorder = project.record_with(&upstream.url(), &["--listen", listen]);
        let address = recorder.address.to_string();
        assert!(address.starts_with(begins), "{address}");
        let answer = recorder.ask(&format!("GET /a\nhost: {address}"));
        assert_eq!(answer.header("location"), format!("http://{address}/b"));
    }
}
