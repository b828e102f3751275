//! Answers that are no more than a head, and what their heads say.

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::replay;
use crate::support::overdub::{Overdub, Project};

/// Status, headers and body of an answer over HTTP/2; the error, if it is none.
fn over_http2(player: &Overdub, method: &Method, path: &str) -> Result<(u16, HeaderMap, Bytes), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(player.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        let asked = http::Request::builder().method(method).uri(format!("http://api.test{path}"));
        let asked = asked.body(Full::<Bytes>::default()).unwrap();
        let answer = sender.send_request(asked).await.map_err(|error| format!("{error:?}"))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| format!("{error:?}"))?;
        Ok((head.status.as_u16(), head.headers, body.to_bytes()))
    })
}

fn length(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("content-length").iter().map(|length| length.to_str().unwrap()).collect()
}

#[test]
fn an_answer_to_head_is_a_head_alone_over_http_2_whoever_makes_it() {
    let (_project, player) = replay(r#"on_request("HEAD /own", || respond(200, "abc"));"#, &[]);
    let (status, headers, body) = over_http2(&player, &Method::HEAD, "/own").unwrap();
    assert_eq!((status, length(&headers), body.len()), (200, vec!["3"], 0));
    for (path, due) in [("/__overdub/health", 200), ("/missed", 501)] {
        let (status, headers, body) = over_http2(&player, &Method::HEAD, path).unwrap();
        assert_eq!((status, body.len()), (due, 0), "{path}");
        assert!(length(&headers)[0].parse::<u64>().unwrap() > 0, "{path}: {headers:?}");
    }
}

#[test]
fn a_changed_head_keeps_the_length_of_the_body_that_get_would_give() {
    let project = Project::new();
    project.write(
        "recordings/a.yaml",
        "overdub: 1\nupstream: https://okta.overdub.test\n...\n---\nrequest: {method: HEAD, url: /a}\n\
         response:\n  status: 200\n  headers: {content-type: text/plain, content-length: 66}\n...\n",
    );
    project.write("scenarios/own.rhai", r#"on_response("* /a", |req, res| { res.headers["x-own"] = 1; });"#);
    let player = project.serve(&["replay", "--scenario", "own"]);
    let (_, headers, _) = over_http2(&player, &Method::HEAD, "/a").unwrap();
    assert_eq!((length(&headers), &headers["x-own"]), (vec!["66"], &"1".parse().unwrap()));
}

#[test]
fn an_answer_says_one_length_whatever_its_script_says() {
    let script = r#"
        on_request("GET /none", || respond(200, #{ "content-length": ["0", "5"] }, ""));
        on_request("GET /some", || respond(200, #{ "content-length": ["3", "5"] }, "abc"));
    "#;
    let (_project, player) = replay(script, &[]);
    for (path, due) in [("/none", "0"), ("/some", "3")] {
        let (_, headers, body) = over_http2(&player, &Method::GET, path).unwrap();
        assert_eq!((length(&headers), body.len().to_string().as_str()), (vec![due], due));
    }
}

#[test]
fn a_write_answered_by_a_head_alone_counts_unless_its_head_is_kept_back() {
    let faults = ["truncate(2)", "reset_after(2)", "malformed_chunk()", "wrong_length(2)", "close_after()"];
    for (fault, next) in faults.map(|fault| (fault, 205)).into_iter().chain([("empty_reply()", 204)]) {
        let project = Project::new();
        project.tape("recordings/a.yaml", &["DELETE /a => 204", "DELETE /a => 205"]);
        let script = format!(
            "on_response(\"DELETE /a\", |req, res| {{ if req.nth == 1 {{ res.fault({fault}); }} }});"
        );
        project.write("scenarios/own.rhai", script);
        let player = project.serve(&["replay", "--scenario", "own"]);
        let mut client = crate::support::wire::Client::to(player.address);
        client.send(crate::support::wire::request("DELETE /a"));
        let mut head = [0; 12];
        let has_come = std::io::Read::read_exact(&mut client.0, &mut head).is_ok();
        assert_eq!(has_come, next == 205, "{fault}");
        assert_eq!(player.ask("DELETE /a").status(), next, "{fault}");
    }
}
