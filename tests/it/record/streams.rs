//! Answers that take their time, break off, or are left by their client.

use std::io::{Read as _, Write as _};

use super::until_recorded;
use crate::support::overdub::Project;
use crate::support::wire::{Act, Client, Upstream, chunk, in_chunks, json, request, send, with_body};

#[test]
fn an_event_stream_arrives_event_by_event() {
    let upstream = Upstream::start(|_| {
        vec![
            send("HTTP/1.1 200 OK\ncontent-type: text/event-stream\ntransfer-encoding: chunked\n\n"),
            chunk("data: 1\n\n"),
            Act::Wait,
            chunk("data: 2\n\n"),
            send("0\n\n"),
        ]
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /events"));
    client.until("data: 1\n\n");
    upstream.go_on();
    client.until("data: 2\n\n");
    client.until("0\r\n\r\n");
    recorder.stop();
    assert_eq!(project.replay().ask("GET /events").text(), "data: 1\n\ndata: 2\n\n");
}

#[test]
fn chunked_text_streams_with_its_links_leading_back_to_the_proxy() {
    let upstream = Upstream::start(|request| {
        let own = format!("http://{}", request.header("host"));
        let (first, second) = own.split_at(10);
        vec![
            send("HTTP/1.1 200 OK\ncontent-type: text/html\ntransfer-encoding: chunked\n\n"),
            chunk(&format!("<a href=\"{own}/1\">{}", "-".repeat(100))),
            Act::Wait,
            chunk(&format!("<a href=\"{first}")),
            chunk(&format!("{second}/2\">")),
            send("0\n\n"),
        ]
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /page"));
    client.until("\r\n\r\n");
    client.until("<a href=\"http://api.test/1\">");
    upstream.go_on();
    let rest = client.until("0\r\n\r\n").replace("\r\n", "");
    assert!(rest.contains("http://api.test/2"), "{rest}");
    recorder.stop();
    let replayed = project.replay().ask("GET /page").text();
    let wanted = format!("<a href=\"http://api.test/1\">{}<a href=\"http://api.test/2\">", "-".repeat(100));
    assert_eq!(replayed, wanted);
}

/// The upstream sends half an answer of this type, and the rest when told to.
fn in_halves(content_type: &'static str) -> Upstream {
    Upstream::start(move |_| {
        vec![
            send(&format!(
                "HTTP/1.1 200 OK\ncontent-type: {content_type}\ncontent-length: 22\n\nfirst half,"
            )),
            Act::Wait,
            send("second half"),
        ]
    })
}

#[test]
fn an_exchange_whose_client_hangs_up_in_the_middle_is_recorded_whole() {
    let upstream = in_halves("image/png");
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /a"));
    client.until("first half,");
    drop(client);
    upstream.go_on();
    until_recorded(&project, &recorder, "first half,second half");
    recorder.stop();
    assert_eq!(project.replay().ask("GET /a").text(), "first half,second half");
}

#[test]
fn an_exchange_whose_client_hangs_up_before_any_answer_is_recorded_whole() {
    let upstream = in_halves("text/plain");
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /a"));
    // Only to know that the upstream has the request.
    while upstream.seen().is_empty() {
        recorder.ask("GET /__overdub/nothing");
    }
    drop(client);
    upstream.go_on();
    until_recorded(&project, &recorder, "first half,second half");
}

#[test]
fn an_answer_that_is_cut_short_ends_early_for_a_client_that_streams() {
    let upstream = Upstream::start(|request| match request.target() {
        "/sized" => {
            vec![send("HTTP/1.1 200 OK\ncontent-type: image/png\ncontent-length: 100\n\nhalf"), Act::Close]
        }
        "/chunked" => vec![
            send("HTTP/1.1 200 OK\ncontent-type: text/html\ntransfer-encoding: chunked\n\n"),
            chunk(&"half ".repeat(50)),
            Act::Close,
        ],
        _ => json("{}"),
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    for target in ["/sized", "/chunked"] {
        let answer = recorder.ask(&format!("GET {target}"));
        assert_eq!(answer.status(), 200);
        assert!(!answer.whole, "{target} must not look whole");
    }
    assert_eq!(recorder.ask("GET /next").status(), 200);
    let (status, told) = recorder.stop();
    assert!(status.success());
    assert!(
        told.contains("not recorded: GET /sized") && told.contains("not recorded: GET /chunked"),
        "{told}"
    );
    let cassette = project.cassette();
    assert!(cassette.contains("/next") && !cassette.contains("half"), "{cassette}");
}

#[test]
fn an_answer_that_is_cut_short_before_any_of_it_went_out_is_a_502() {
    let upstream = Upstream::start(|_| {
        vec![
            send("HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 100\n\n{\"a\""),
            Act::Close,
        ]
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let answer = recorder.ask("GET /a");
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (502, "upstream-error"));
    assert!(answer.text().contains(&upstream.url()), "{}", answer.text());
    recorder.stop();
    assert!(!project.cassette().contains("/a"));
}

#[test]
fn a_body_above_the_limit_passes_whole_and_is_not_recorded() {
    const SIZE: usize = 65 << 20;
    let upstream = Upstream::start(|request| {
        let of_type = if request.target() == "/json" { "application/json" } else { "image/png" };
        vec![
            send(&format!("HTTP/1.1 200 OK\ncontent-type: {of_type}\ncontent-length: {SIZE}\n\n")),
            Act::Zeros(SIZE),
        ]
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    for target in ["/png", "/json"] {
        let answer = recorder.ask(&format!("GET {target}"));
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.body.len(), SIZE, "{target}");
        assert!(answer.body.iter().all(|byte| *byte == 0));
    }
    let (_, told) = recorder.stop();
    for target in ["/png", "/json"] {
        assert!(told.contains(&format!("not recorded: GET {target}")), "{told}");
    }
    assert_eq!(project.list("recordings"), ["run.yaml"]);
    assert!(!project.cassette().contains("request:"));
}

#[test]
fn an_upload_above_the_limit_passes_whole_and_is_not_recorded() {
    const SIZE: usize = 65 << 20;
    let upstream = Upstream::start(|request| json(&request.body.len().to_string()));
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request(&format!("POST /large\ncontent-length: {SIZE}")));
    for _ in 0..65 {
        client.send(vec![0; 1 << 20]);
    }
    assert_eq!(client.answer(false).text(), SIZE.to_string());
    let (_, told) = recorder.stop();
    assert!(told.contains("not recorded: POST /large: its request body is larger"), "{told}");
    assert!(!project.cassette().contains("request:"));
}

#[test]
fn exchanges_on_one_connection_and_on_many_are_all_recorded() {
    let upstream = Upstream::start(|request| with_body("HTTP/1.1 200 OK", request.target()));
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    std::thread::scope(|scope| {
        for connection in 0..8 {
            let address = recorder.address;
            scope.spawn(move || {
                let mut client = Client::to(address);
                for number in 0..10 {
                    let target = format!("/{connection}/{number}");
                    assert_eq!(client.ask(&format!("GET {target}")).text(), target);
                }
            });
        }
    });
    recorder.stop();
    let player = project.replay();
    assert!(player.ready.ends_with("interactions=80"), "{}", player.ready);
    assert_eq!(player.ask("GET /7/9").text(), "/7/9");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let upstream = Upstream::start(|request| in_chunks("HTTP/1.1 200 OK", &[request.target()]));
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send((0..5).map(|n| request(&format!("GET /{n}"))).collect::<String>());
    let answers: Vec<_> = (0..5).map(|_| client.answer(false).text()).collect();
    assert_eq!(answers, ["/0", "/1", "/2", "/3", "/4"]);
    recorder.stop();
}

#[test]
fn an_answer_that_comes_before_the_upload_has_ended_is_passed_on_and_recorded() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    let project = Project::new();
    let recorder = project.record(&url);
    let mut client = Client::to(recorder.address);
    client.send(request("POST /a\ncontent-length: 1000000\n\nonly the beginning"));
    let answer = client.answer(false);
    assert_eq!((answer.status(), answer.text().as_str()), (413, "{}"));
    drop(client);
    until_recorded(&project, &recorder, "body: unrecorded");
    recorder.stop();
    assert_eq!(project.replay().ask("POST /a\n\nanything").status(), 413);
}
