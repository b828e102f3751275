//! Answers that are no more than a head, and what their heads say.

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::replay;
use crate::support::overdub::Overdub;

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
