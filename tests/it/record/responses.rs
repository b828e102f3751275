//! Answers come back as the upstream sent them.

use super::play;
use crate::support::overdub::Project;
use crate::support::wire::{Act, Client, Message, Upstream, in_chunks, json, send, with_body};

#[test]
fn status_line_and_every_header_come_back_in_the_order_they_were_sent() {
    let upstream = Upstream::start(|_| {
        with_body(
            "HTTP/1.1 200 OK\n\
             date: Wed, 22 Apr 2020 12:09:20 GMT\n\
             content-type: application/json\n\
             x-rate-limit-limit: 600\n\
             x-rate-limit-remaining: 599\n\
             set-cookie: theme=dark; Path=/; Expires=Thu, 01 Jan 1970 00:00:10 GMT\n\
             set-cookie: lang=en; Path=/; HttpOnly\n\
             link: <https://other1.overdub.test/a>; rel=\"self\"\n\
             link: <https://other1.overdub.test/b>; rel=\"next\"\n\
             x-okta-request-id: Wz2Q\n\
             vary: Accept-Encoding",
            r#"{"id":1}"#,
        )
    });
    let played = play(&upstream, &["GET /a"]);
    insta::assert_snapshot!(played.same()[0].head, @r#"
    HTTP/1.1 200 OK
    date: Wed, 22 Apr 2020 12:09:20 GMT
    content-type: application/json
    x-rate-limit-limit: 600
    x-rate-limit-remaining: 599
    set-cookie: theme=dark; Path=/; Expires=Thu, 01 Jan 1970 00:00:10 GMT
    set-cookie: lang=en; Path=/; HttpOnly
    link: <https://other1.overdub.test/a>; rel="self"
    link: <https://other1.overdub.test/b>; rel="next"
    x-okta-request-id: Wz2Q
    vary: Accept-Encoding
    content-length: 8
    "#);
    assert_eq!(played.same()[0].text(), r#"{"id":1}"#);
}

#[test]
fn an_answer_without_date_or_content_type_stays_without() {
    let played = play(&Upstream::start(|_| with_body("HTTP/1.1 200 OK", "plain")), &["GET /a"]);
    assert_eq!(played.same()[0].head, "HTTP/1.1 200 OK\ncontent-length: 5");
}

#[test]
fn more_than_a_hundred_header_lines_come_back() {
    let upstream = Upstream::start(|_| {
        let lines: Vec<_> = (0..150).map(|n| format!("x-line-{n}: {n}")).collect();
        with_body(&format!("HTTP/1.1 200 OK\n{}", lines.join("\n")), "x")
    });
    let played = play(&upstream, &["GET /a"]);
    assert_eq!(played.same()[0].status(), 200);
    assert_eq!(played.same()[0].header("x-line-149"), "149");
}

#[test]
fn a_header_value_that_is_not_ascii_comes_back_to_the_byte() {
    let upstream = Upstream::start(|_| {
        let mut head = b"HTTP/1.1 200 OK\r\nx-latin: caf\xe9\r\nx-utf: ".to_vec();
        head.extend_from_slice("café\r\ncontent-length: 0\r\n\r\n".as_bytes());
        vec![Act::Send(head)]
    });
    let project = Project::new();
    let bytes = |address| {
        let mut client = Client::to(address);
        client.send("GET /a HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut client.0, &mut bytes).unwrap();
        bytes
    };
    let recorder = project.record(&upstream.url());
    let live = bytes(recorder.address);
    recorder.stop();
    assert!(live.windows(4).any(|four| four == b"caf\xe9"));
    assert_eq!(live, bytes(project.replay().address));
}

#[test]
fn created_accepted_and_moved_answers_to_a_post_are_passed_on_and_not_followed() {
    let upstream = Upstream::start(|request| match request.target() {
        "/created" => with_body("HTTP/1.1 201 Created\nlocation: /users/1", r#"{"id":"1"}"#),
        "/accepted" => with_body("HTTP/1.1 202 Accepted", r#"{"status":"WAITING"}"#),
        "/moved" => with_body("HTTP/1.1 301 Moved Permanently\nlocation: /elsewhere", r#"{"id":"301"}"#),
        _ => panic!("nothing else is asked for"),
    });
    let played = play(&upstream, &["POST /created\n\n{}", "POST /accepted\n\n{}", "POST /moved\n\n{}"]);
    let seen: Vec<_> = played
        .same()
        .iter()
        .map(|answer| format!("{} {} {}", answer.line(), answer.header("location"), answer.text()))
        .collect();
    assert_eq!(
        seen,
        [
            r#"HTTP/1.1 201 Created /users/1 {"id":"1"}"#,
            r#"HTTP/1.1 202 Accepted  {"status":"WAITING"}"#,
            r#"HTTP/1.1 301 Moved Permanently /elsewhere {"id":"301"}"#,
        ]
    );
    assert_eq!(upstream.seen().len(), 3);
}

#[test]
fn bodies_of_every_kind_come_back_to_the_byte() {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let binary = all_bytes.clone();
    let upstream = Upstream::start(move |request| match request.target() {
        "/invalid" => json("{\"id\": \"mbl1\",\n  \"status\": \"ACTIVE\",\n  ...\n}\n"),
        "/numbers" => json(r#"{"a":0.00,"b":1e5,"c":123456789012345678901,"d":-0,"a":2}"#),
        "/unicode" => json("{\"name\":\"Zoë \\u00e9 🦀 \u{2028}\"}\r\n\t"),
        "/binary" => with_body("HTTP/1.1 200 OK\ncontent-type: image/png", &binary),
        "/untyped" => with_body("HTTP/1.1 200 OK\ncontent-type: application/json", &binary),
        _ => with_body("HTTP/1.1 200 OK\ncontent-type: text/plain", "yes"),
    });
    let played = play(
        &upstream,
        &["GET /invalid", "GET /numbers", "GET /unicode", "GET /binary", "GET /untyped", "GET /yes"],
    );
    let answers = played.same();
    assert_eq!(answers[0].text(), "{\"id\": \"mbl1\",\n  \"status\": \"ACTIVE\",\n  ...\n}\n");
    assert_eq!(answers[1].text(), r#"{"a":0.00,"b":1e5,"c":123456789012345678901,"d":-0,"a":2}"#);
    assert_eq!(answers[2].text(), "{\"name\":\"Zoë \\u00e9 🦀 \u{2028}\"}\r\n\t");
    assert_eq!(answers[3].body, all_bytes);
    assert_eq!(answers[4].body, all_bytes);
    assert_eq!(answers[5].text(), "yes");
}

#[test]
fn answers_without_a_body_come_back_without_one() {
    let upstream = Upstream::start(|request| match request.line() {
        "DELETE /a HTTP/1.1" => vec![send("HTTP/1.1 204 No Content\nx-okta-request-id: 1\n\n")],
        "GET /a HTTP/1.1" => vec![send("HTTP/1.1 304 Not Modified\netag: \"1\"\n\n")],
        "HEAD /a HTTP/1.1" => {
            vec![send("HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 1234\n\n")]
        }
        _ => vec![send("HTTP/1.1 200 OK\ncontent-length: 0\n\n")],
    });
    let played = play(&upstream, &["DELETE /a", "GET /a\nif-none-match: \"1\"", "HEAD /a", "POST /a\n\n{}"]);
    let heads: Vec<_> = played.same().iter().map(|answer| answer.head.as_str()).collect();
    assert_eq!(
        heads,
        [
            "HTTP/1.1 204 No Content\nx-okta-request-id: 1",
            "HTTP/1.1 304 Not Modified\netag: \"1\"",
            "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 1234",
            "HTTP/1.1 200 OK\ncontent-length: 0",
        ]
    );
    assert!(played.same().iter().all(|answer| answer.body.is_empty()));
}

#[test]
fn chunked_answers_are_chunked_again_and_sized_ones_have_their_length() {
    let upstream = Upstream::start(|request| match request.target() {
        "/chunked" => in_chunks("HTTP/1.1 200 OK\ncontent-type: application/json", &["{\"a\":", "1}"]),
        "/binary" => in_chunks("HTTP/1.1 200 OK\ncontent-type: image/png", &["ab", "cd"]),
        "/empty" => in_chunks("HTTP/1.1 200 OK", &[]),
        _ => json(r#"{"a":1}"#),
    });
    let played = play(&upstream, &["GET /chunked", "GET /binary", "GET /empty", "GET /sized"]);
    let seen: Vec<_> = played
        .same()
        .iter()
        .map(|answer| (answer.chunked, answer.header("content-length"), answer.text()))
        .collect();
    assert_eq!(
        seen,
        [
            (true, "", r#"{"a":1}"#.to_owned()),
            (true, "", "abcd".to_owned()),
            (true, "", String::new()),
            (false, "7", r#"{"a":1}"#.to_owned()),
        ]
    );
}

#[test]
fn a_body_that_ends_with_its_connection_comes_back_whole() {
    let upstream = Upstream::start(|_| {
        vec![send("HTTP/1.0 200 OK\ncontent-type: text/plain\n\nuntil the end"), Act::Close]
    });
    assert_eq!(play(&upstream, &["GET /a"]).same()[0].text(), "until the end");
}

#[test]
fn trailers_come_back_to_a_client_that_takes_them() {
    let upstream = Upstream::start(|_| {
        vec![send(
            "HTTP/1.1 200 OK\ncontent-type: application/json\ntrailer: x-sum\ntransfer-encoding: chunked\n\n\
             2\n{}\n0\nx-sum: 99\n\n",
        )]
    });
    let played = play(&upstream, &["GET /a\nte: trailers\nconnection: te", "GET /b"]);
    let seen: Vec<_> = played.same().iter().map(|answer| (answer.trailers.as_str(), answer.text())).collect();
    assert_eq!(seen, [("x-sum: 99", "{}".to_owned()), ("", "{}".to_owned())]);
    assert_eq!(upstream.seen()[0].header("te"), "trailers");
    assert!(!upstream.seen()[1].has("te"));
}

#[test]
fn trailers_of_a_coded_answer_come_back_too() {
    let coded = overdub::http::Coding::Gzip.encode(b"{}");
    let upstream = Upstream::start(move |_| {
        vec![
            send("HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-encoding: gzip\ntrailer: x-sum\n"),
            send(&format!("transfer-encoding: chunked\n\n{:x}\n", coded.len())),
            Act::Send(coded.to_vec()),
            send("\n0\nx-sum: 99\n\n"),
        ]
    });
    let played = play(&upstream, &["GET /a\nte: trailers\naccept-encoding: gzip"]);
    assert_eq!(played.same()[0].trailers, "x-sum: 99");
}

#[test]
fn an_upstream_that_closes_every_connection_is_asked_on_a_new_one() {
    let upstream = Upstream::start(|request| {
        let mut acts = with_body("HTTP/1.1 200 OK\nconnection: close", request.target());
        acts.push(Act::Close);
        acts
    });
    let played = play(&upstream, &["GET /1", "GET /2", "GET /3"]);
    let answers: Vec<_> = played.same().iter().map(Message::text).collect();
    assert_eq!(answers, ["/1", "/2", "/3"]);
}

#[test]
fn an_interim_answer_does_not_take_the_place_of_the_final_one() {
    let upstream = Upstream::start(|_| {
        let mut acts = vec![send("HTTP/1.1 103 Early Hints\nlink: </style.css>; rel=preload\n\n")];
        acts.extend(json(r#"{"final":true}"#));
        acts
    });
    assert_eq!(play(&upstream, &["GET /a"]).replayed[0].text(), r#"{"final":true}"#);
}

#[test]
fn an_answer_to_head_keeps_what_it_says_of_the_body() {
    let upstream = Upstream::start(|request| match request.line() {
        "HEAD /chunked HTTP/1.1" => vec![send("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n")],
        "HEAD /silent HTTP/1.1" => vec![send("HTTP/1.1 200 OK\netag: \"1\"\n\n")],
        "HEAD /sized HTTP/1.1" => vec![send("HTTP/1.1 404 Not Found\ncontent-length: 12\n\n")],
        _ => panic!("nothing else is asked for"),
    });
    let played = play(&upstream, &["HEAD /chunked", "HEAD /silent", "HEAD /sized"]);
    let lengths: Vec<_> = played.same().iter().map(|answer| answer.all("content-length")).collect();
    assert_eq!(lengths, [vec![], vec![], vec!["12"]]);
}

#[test]
fn a_coding_that_is_not_known_passes_through() {
    let upstream = Upstream::start(|_| {
        with_body("HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-encoding: compress", "\x1f\x09coded")
    });
    let played = play(&upstream, &["GET /a\naccept-encoding: compress"]);
    assert_eq!(played.same()[0].text(), "\x1f\x09coded");
    assert_eq!(played.same()[0].header("content-encoding"), "compress");
}

#[test]
fn chunks_stand_before_a_length_that_says_otherwise() {
    let upstream = Upstream::start(|_| {
        in_chunks("HTTP/1.1 200 OK\ncontent-type: image/png\ncontent-length: 5", &["ok"])
    });
    let played = play(&upstream, &["GET /a"]);
    let answer = &played.same()[0];
    assert!(answer.whole && answer.chunked && !answer.has("content-length"), "{answer:?}");
}

#[test]
fn the_head_is_the_same_for_a_client_that_closes() {
    let played = play(&Upstream::of_json("{}"), &["GET /a\nconnection: close", "GET /b HTTP/1.0"]);
    assert_eq!(played.same()[0].header("connection"), "close");
}
