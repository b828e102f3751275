//! Connections to the upstream: used again after every kind of answer, and never after their end.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex};

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Act, Client, Upstream, chunk, in_chunks, request, send, with_body};

/// An upstream that sends what its paths say.
fn various() -> Upstream {
    Upstream::start(|request| match request.target() {
        "/length" => with_body("HTTP/1.1 200 OK\ncontent-type: image/png", "two writes"),
        "/at-once" => vec![send("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")],
        "/chunks" => in_chunks("HTTP/1.1 200 OK", &["one", "two"]),
        "/trailers" => vec![
            send("HTTP/1.1 200 OK\ntransfer-encoding: chunked\ntrailer: x-sum\n\n"),
            chunk("one"),
            send("0\nx-sum: 1\n\n"),
        ],
        "/large" => vec![send("HTTP/1.1 200 OK\ncontent-length: 1000000\n\n"), Act::Zeros(1_000_000)],
        "/early" => {
            vec![send("HTTP/1.1 103 Early Hints\nlink: a\n\nHTTP/1.1 200 OK\ncontent-length: 2\n\nok")]
        }
        "/none" => vec![send("HTTP/1.1 204 No Content\n\n")],
        "/head" => vec![send("HTTP/1.1 200 OK\ncontent-length: 10\n\n")],
        "/last" => with_body("HTTP/1.1 200 OK\nconnection: close", "bye"),
        _ => with_body("HTTP/1.1 200 OK", ""),
    })
}

const ALL: [&str; 11] = [
    "GET /length",
    "GET /at-once",
    "GET /chunks",
    "GET /trailers",
    "GET /large",
    "GET /early",
    "GET /none",
    "HEAD /head",
    "GET /empty",
    "POST /length\n\nsent",
    "POST /at-once\ntransfer-encoding: chunked\n\n2\r\nab\r\n0\r\n\r\n",
];

fn both(upstream: &Upstream) -> (Project, [Overdub; 2]) {
    let project = Project::new();
    let passing = project.serve(&["proxy", "--mode", "passthrough", "--upstream", &upstream.url()]);
    let recording = project.record(&upstream.url());
    (project, [passing, recording])
}

#[test]
fn one_connection_serves_one_request_after_another() {
    for number in 0..2 {
        let upstream = various();
        let (_project, proxies) = both(&upstream);
        let mut client = Client::to(proxies[number].address);
        for asked in ALL.iter().chain(&ALL) {
            let answer = client.ask(asked);
            assert!(answer.whole && matches!(answer.status(), 200 | 204), "{asked}: {answer:?}");
        }
        assert_eq!(upstream.connections(), 1, "of {} requests", upstream.seen().len());
    }
}

#[test]
fn a_connection_that_the_upstream_ends_is_not_used_again() {
    let upstream = various();
    let (_project, proxies) = both(&upstream);
    for proxy in &proxies {
        let mut client = Client::to(proxy.address);
        for _ in 0..3 {
            assert_eq!(client.ask("POST /last\n\nx").text(), "bye");
        }
    }
    assert_eq!(upstream.connections(), 6);
}

#[test]
fn requests_at_the_same_time_have_connections_of_their_own() {
    let (seen, all_there) = (Mutex::new(HashSet::new()), Barrier::new(3));
    let upstream = Upstream::start(move |request| {
        let is_first = seen.lock().unwrap().insert(request.target().to_owned());
        if is_first {
            // None is answered before all have come.
            all_there.wait();
        }
        with_body("HTTP/1.1 200 OK", request.target())
    });
    let (_project, [passing, _]) = both(&upstream);
    let mut clients: Vec<_> = (0..3).map(|_| Client::to(passing.address)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(request(&format!("GET /{number}")));
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.answer(false).text(), format!("/{number}"));
    }
    for number in 0..3 {
        assert_eq!(clients[0].ask(&format!("GET /{number}")).text(), format!("/{number}"));
    }
    assert_eq!(upstream.connections(), 3);
}

#[test]
fn an_upload_goes_on_after_the_answer_has_begun() {
    // The fixture answers whole requests only.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let early = std::thread::spawn(move || {
        let mut client = Client::over(listener.accept().unwrap().0);
        let head = client.until("\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n");
        let body = client.until("end");
        client.send("fin");
        (head, body)
    });
    let project = Project::new();
    let passing = project.serve(&["proxy", "--mode", "passthrough", "--upstream", &url]);
    let mut client = Client::to(passing.address);
    client.send("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 12\r\n\r\nbegin-");
    let head = client.until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    client.send("to-end");
    assert_eq!(client.until("fin"), "fin");
    let (head, body) = early.join().unwrap();
    assert!(head.starts_with("POST /a ") && body == "begin-to-end", "{head}{body}");
}
