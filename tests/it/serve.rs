//! Replay over sockets: recordings as a client gets them.

mod values;
mod which;

use std::io::Read as _;

use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use overdub::http::Coding;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Client, Message, request};

/// A cassette with one answer of each kind.
const KINDS: &str = r#"overdub: 1
upstream: https://okta.overdub.test
...
---
request: {method: GET, url: /chunked}
response:
  status: 200
  headers: {content-type: application/json, trailer: x-sum}
  framing: chunked
  trailers: {x-sum: "9"}
  body: {text: '{"a":1}'}
...
---
request: {method: GET, url: /gzip}
response:
  status: 200
  headers: {content-type: application/json, content-encoding: gzip, content-length: "9999", vary: Accept-Encoding}
  body: {text: '{"href":"https://okta.overdub.test/x"}'}
...
---
request: {method: HEAD, url: /gzip}
response:
  status: 200
  headers: {content-type: application/json, content-length: "57"}
...
---
request: {method: DELETE, url: /gone}
response:
  status: 204
  headers: {content-type: application/json, transfer-encoding: chunked, connection: close}
...
---
request: {method: POST, url: /once, body: {json: {passCode: "123456", n: 1}}}
response:
  status: 201
  body: {json: {id: 1}}
...
---
request: {method: POST, url: /once, body: {json: {passCode: "123456", n: 1}}}
response:
  status: 201
  body: {json: {id: 2}}
...
---
request: {method: GET, url: /cached, headers: {if-none-match: '"1"'}}
response:
  status: 304
  headers: {etag: '"1"'}
...
"#;

const POST: &str = "POST /once\n\n{\"n\":1,\"passCode\":\"654321\"}";

fn kinds() -> (Project, Overdub) {
    let project = Project::new();
    project.write("recordings/kinds.yaml", KINDS);
    let player = project.replay();
    (project, player)
}

#[test]
fn the_ready_line_says_what_is_replayed_and_that_nothing_is_behind_it() {
    let (_project, player) = kinds();
    let address = player.address;
    assert_eq!(
        player.ready,
        format!(
            "overdub listening url=http://{address} mode=replay upstream=none cassettes=1 interactions=7"
        )
    );
}

#[test]
fn chunks_and_trailers_go_to_those_who_know_them() {
    let (_project, player) = kinds();
    let answer = player.ask("GET /chunked\nte: trailers");
    assert_eq!(
        (answer.chunked, answer.text().as_str(), answer.trailers.as_str()),
        (true, "{\"a\":1}", "x-sum: 9")
    );
    let answer = player.ask("GET /chunked");
    assert_eq!((answer.chunked, answer.text().as_str(), answer.trailers.as_str()), (true, "{\"a\":1}", ""));
    let answer = player.ask("GET /chunked HTTP/1.0");
    assert_eq!(
        (answer.chunked, answer.text().as_str(), answer.header("content-length")),
        (false, "{\"a\":1}", "7")
    );
}

#[test]
fn an_http_1_0_client_that_keeps_its_connection_can_use_it_again() {
    let (_project, player) = kinds();
    let mut client = Client::to(player.address);
    for _ in 0..2 {
        let answer = client.ask("GET /chunked HTTP/1.0\nconnection: keep-alive");
        assert_eq!(answer.text(), "{\"a\":1}");
        assert_eq!(answer.header("connection").to_ascii_lowercase(), "keep-alive");
    }
}

#[test]
fn a_coding_is_applied_again_for_those_who_accept_it() {
    let (_project, player) = kinds();
    let plain = "{\"href\":\"http://api.test/x\"}";
    for (accepted, coded) in [
        ("gzip", true),
        ("br, *", true),
        ("deflate, GZIP;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
        ("identity", false),
    ] {
        let answer = player.ask(&format!("GET /gzip\naccept-encoding: {accepted}"));
        assert_eq!(answer.has("content-encoding"), coded, "{accepted}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(answer.header("vary"), "Accept-Encoding");
        let body = if coded { Coding::Gzip.decode(&answer.body, 100).unwrap() } else { answer.body.into() };
        assert_eq!(body, plain, "{accepted}");
    }
    assert_eq!(player.ask("GET /gzip").text(), plain, "no Accept-Encoding at all");
}

#[test]
fn head_gets_the_recorded_length_and_no_body() {
    let (_project, player) = kinds();
    let mut client = Client::to(player.address);
    for _ in 0..2 {
        let answer = client.ask("HEAD /gzip");
        assert_eq!(answer.head, "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 57");
    }
    assert_eq!(client.ask("GET /chunked").status(), 200, "the connection is in step");
}

#[test]
fn an_answer_without_content_has_no_content_type_and_no_framing() {
    let (_project, player) = kinds();
    assert_eq!(player.ask("DELETE /gone").head, "HTTP/1.1 204 No Content");
}

#[test]
fn not_modified_answers_conditional_requests_only() {
    let (_project, player) = kinds();
    let answer = player.ask("GET /cached\nif-none-match: \"1\"");
    assert_eq!((answer.status(), answer.header("etag")), (304, "\"1\""));
    assert_eq!(player.ask("GET /cached").status(), 501);
}

#[test]
fn requests_on_one_connection_are_answered_one_by_one_or_all_at_once() {
    let (_project, player) = kinds();
    let mut client = Client::to(player.address);
    for _ in 0..3 {
        assert_eq!(client.ask("GET /chunked").text(), "{\"a\":1}");
    }
    let pipelined: String =
        ["GET /gzip", POST, "HEAD /gzip", POST, "GET /chunked"].iter().map(|asked| request(asked)).collect();
    client.send(pipelined);
    let answers: Vec<_> = (0..5).map(|n| client.answer(n == 2).text()).collect();
    assert_eq!(answers, ["{\"href\":\"http://api.test/x\"}", "{\"id\":1}", "", "{\"id\":2}", "{\"a\":1}"]);
}

#[test]
fn sixteen_connections_at_once_get_what_each_asks_for() {
    let project = Project::new();
    let lines: Vec<_> = (0..16).map(|n| format!("GET /users/{n} => 200 {{\"id\":{n}}}")).collect();
    project.tape("recordings/users.yaml", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let player = project.replay();
    std::thread::scope(|scope| {
        for n in 0..16 {
            let address = player.address;
            scope.spawn(move || {
                let mut client = Client::to(address);
                for round in 0..50 {
                    let id = (n + round) % 16;
                    assert_eq!(client.ask(&format!("GET /users/{id}")).text(), format!("{{\"id\":{id}}}"));
                }
            });
        }
    });
}

#[test]
fn parallel_writes_get_each_recording_once() {
    let project = Project::new();
    let lines: Vec<_> = (0..64).map(|n| format!("POST /users => 200 {{\"id\":{n}}}")).collect();
    project.tape("recordings/users.yaml", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let player = project.replay();
    let mut given: Vec<String> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|_| {
                let address = player.address;
                scope.spawn(move || {
                    let mut client = Client::to(address);
                    (0..4).map(|_| client.ask("POST /users").text()).collect::<Vec<_>>()
                })
            })
            .collect();
        asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 64);
}

/// What a miss says, line by line.
fn report(miss: &Message) -> Vec<String> {
    assert_eq!((miss.status(), miss.header("x-overdub-outcome")), (501, "miss"));
    assert_eq!(miss.header("content-type"), "application/json");
    let body: serde_json::Value = serde_json::from_slice(&miss.body).unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]);
    let causes = body["errorCauses"].as_array().unwrap();
    let lines =
        std::iter::once(&body).chain(causes).map(|own| own["errorSummary"].as_str().unwrap().to_owned());
    lines.collect()
}

#[test]
fn a_miss_is_loud_and_explains_itself() {
    let (_project, player) = kinds();
    let lines = report(&player.ask("POST /once?x=1\n\n{\"n\":2,\"passCode\":\"123456\"}"));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    overdub: never recorded: POST /once?x=1
    cassettes in force: kinds (7)
    closest: kinds #5 (recordings/kinds.yaml:32) POST /once
      query x: sent 1, recorded (none)
      body.n: sent 2, recorded 1
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c kinds curl -X POST -d BODY '/once?x=1'
    "#);
    let (_, log) = player.stop();
    for line in &lines {
        let line = line.trim_start_matches("overdub: ");
        assert!(log.contains(line), "the log tells it too: {line} in {log}");
    }
}

#[test]
fn a_write_that_was_used_up_says_so_and_a_reset_starts_afresh() {
    let (_project, player) = kinds();
    let mut client = Client::to(player.address);
    assert_eq!(client.ask(POST).text(), "{\"id\":1}");
    assert_eq!(client.ask(POST).text(), "{\"id\":2}");
    insta::assert_snapshot!(report(&client.ask(POST)).join("\n"), @r#"
    overdub: recorded, but already used: POST /once
    cassettes in force: kinds (7)
    used in this session: kinds #5 (recordings/kinds.yaml:32) POST /once
    used in this session: kinds #6 (recordings/kinds.yaml:38) POST /once
    what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette (or --repeat) allows it again
    what shows more: overdub explain -c kinds --session-log FILE curl -X POST -d BODY /once
    "#);
    let reset = client.ask("POST /__overdub/reset");
    assert_eq!((reset.status(), reset.header("x-overdub-outcome")), (200, "reset"));
    assert_eq!(client.ask(POST).text(), "{\"id\":1}");
}

#[test]
fn a_flag_repeats_the_last_answer_or_all_of_them() {
    for (policy, due) in [("last", ["1", "2", "2", "2"]), ("cycle", ["1", "2", "1", "2"])] {
        let project = Project::new();
        project.write("recordings/kinds.yaml", KINDS);
        let player = project.serve(&["replay", "--repeat", policy]);
        let given: Vec<_> = (0..4).map(|_| player.ask(POST).text()).collect();
        assert_eq!(given, due.map(|id| format!("{{\"id\":{id}}}")), "{policy}");
    }
}

#[test]
fn a_client_that_closes_its_side_is_still_answered() {
    let (_project, player) = kinds();
    let mut client = Client::to(player.address);
    client.send(request(POST));
    client.say_no_more();
    assert_eq!(client.answer(false).text(), "{\"id\":1}");
    assert_eq!(client.rest(), "", "and then it closes too");
}

#[test]
fn a_write_whose_client_left_in_the_middle_is_answered_again() {
    let project = Project::new();
    // More than the buffers between the two take.
    let large = vec![b'x'; 24 << 20];
    let text = "request: {method: POST, url: /large}\nresponse: {status: 200, body: {file: large.body}}";
    project
        .write("recordings/a.yaml", format!("overdub: 1\nupstream: https://a.test\n...\n---\n{text}\n...\n"));
    project.write("recordings/large.body", &large);
    let player = project.replay();
    let mut client = Client::to(player.address);
    client.send(request("POST /large"));
    client.0.read_exact(&mut [0; 100]).unwrap();
    assert_eq!(player.ask("POST /large").status(), 501, "it is being given");
    drop(client);
    // The break is seen as soon as the next part of the body is written.
    let again = (0..3000).map(|_| player.ask("POST /large")).find(|answer| answer.status() == 200);
    assert_eq!(again.map(|answer| answer.body.len()), Some(large.len()));
}

#[test]
fn requests_that_are_too_large_to_compare_are_refused() {
    let (_project, player) = kinds();
    let answer = player.ask(&format!("GET /chunked\nx-long: {}", "x".repeat(66_000)));
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (431, "client-error"));
}

#[test]
fn http_2_with_prior_knowledge_gets_the_same_answers() {
    let (_project, player) = kinds();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (head, body) = runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(player.address).await.unwrap();
        let executor = TokioExecutor::new();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(executor, TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        let asked =
            http::Request::post("http://api.test/once").body(Full::from("{\"n\":1,\"passCode\":\"1\"}"));
        let (head, body) = sender.send_request(asked.unwrap()).await.unwrap().into_parts();
        let first = body.collect().await.unwrap().to_bytes();
        assert_eq!((head.status.as_u16(), &first[..]), (201, &b"{\"id\":1}"[..]));
        let asked = http::Request::get("http://api.test/gzip").body(Full::<bytes::Bytes>::default());
        let (head, body) = sender.send_request(asked.unwrap()).await.unwrap().into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    });
    assert_eq!(head.version, http::Version::HTTP_2);
    assert_eq!(body, "{\"href\":\"http://api.test/x\"}");
}
