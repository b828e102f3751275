//! HTTP/2: frames as they come, and what a client library makes of them.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use http::HeaderMap;
use overdub::fault::{Fault, WireFault};
use overdub::server::{Limits, Settings};

use super::{BODY, End, Faulty, number};
use crate::support::wire::Client;

/// A client that writes frames by hand (RFC 9113 §4.1) and acknowledges nothing.
struct Frames(Client);

impl Frames {
    fn to(faulty: &Faulty) -> Self {
        let mut client = faulty.listener.client();
        client.send([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat());
        Self(client)
    }

    /// Asks on a stream of this number.
    fn ask(&mut self, stream: u8, method: &str, path: &str) {
        // `:method` by its place in the static table (RFC 7541, A) or as text, then `:scheme: http`, `:path`, `:authority`.
        let mut block = if method == "GET" { vec![0x82] } else { [&[0x02, 4], method.as_bytes()].concat() };
        block.extend([0x86, 0x04, u8::try_from(path.len()).unwrap()]);
        block.extend(path.as_bytes());
        block.extend([0x01, 1, b'a']);
        let head = [0, 0, u8::try_from(block.len()).unwrap(), 1, 0x05, 0, 0, 0, stream];
        self.0.send([&head, block.as_slice()].concat());
    }

    /// The frames that come until `last` or the end of the connection, and that end, if it comes.
    fn until(&mut self, last: &str) -> (Vec<String>, Option<End>) {
        let mut frames = Vec::new();
        loop {
            let mut head = [0; 9];
            if let Err(error) = self.0.0.read_exact(&mut head) {
                let end = match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => End::Closed,
                    std::io::ErrorKind::ConnectionReset => End::Reset,
                    _ => End::Other(error.to_string()),
                };
                return (frames, Some(end));
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            if self.0.0.read_exact(&mut payload).is_err() {
                return (frames, Some(End::Other("in the middle of a frame".to_owned())));
            }
            let (stream, ends) = (head[8], if head[4] & 1 == 1 { " END" } else { "" });
            let code = |from: usize| u32::from_be_bytes(payload[from..from + 4].try_into().unwrap());
            frames.push(match head[3] {
                0 => format!("DATA {stream} {}{ends}", String::from_utf8_lossy(&payload)),
                1 => format!("HEADERS {stream}{ends}"),
                3 => format!("RST_STREAM {stream} {}", code(0)),
                7 => format!("GOAWAY {}", code(4)),
                _ => continue,
            });
            if frames.last().is_some_and(|frame| frame == last) {
                return (frames, None);
            }
        }
    }
}

/// All frames of the answer on a connection of its own, to its end.
fn met(fault: WireFault, path: &str) -> (Vec<String>, Option<End>) {
    let faulty = Faulty::of(fault);
    let mut client = Frames::to(&faulty);
    client.ask(1, "GET", path);
    client.until("")
}

fn frames(frames: &[&str], end: End) -> (Vec<String>, Option<End>) {
    (frames.iter().map(|frame| (*frame).to_owned()).collect(), Some(end))
}

#[test]
fn what_ends_the_connection_ends_all_its_streams_without_a_word() {
    for path in ["/whole", "/empty", "/arriving"] {
        assert_eq!(met(WireFault::EmptyReply, path), frames(&[], End::Closed));
        assert_eq!(met(WireFault::Reset, path), frames(&[], End::Reset));
    }
    let five = format!("DATA 1 {}", &BODY[..5]);
    for path in ["/whole", "/chunked", "/guarded", "/arriving"] {
        assert_eq!(met(WireFault::ResetAfter(5), path), frames(&["HEADERS 1", &five], End::Reset), "{path}");
    }
    let whole = format!("DATA 1 {BODY} END");
    assert_eq!(met(WireFault::ResetAfter(500), "/whole"), frames(&["HEADERS 1", &whole], End::Reset));
    assert_eq!(met(WireFault::CloseAfter, "/whole"), frames(&["HEADERS 1", &whole], End::Closed));
    assert_eq!(met(WireFault::CloseAfter, "/empty"), frames(&["HEADERS 1 END"], End::Closed));
    let half = format!("DATA 1 {}", &BODY[..BODY.len() / 2]);
    let broken = frames(&["HEADERS 1", &half, "DATA 0 \0"], End::Closed);
    assert_eq!(met(WireFault::MalformedChunk, "/whole"), broken);
}

#[test]
fn bytes_of_no_meaning_come_in_place_of_frames() {
    let faulty = Faulty::of(WireFault::Garbage { seed: 1 });
    let all = || {
        let mut client = Frames::to(&faulty);
        client.ask(1, "GET", "/whole");
        let mut bytes = Vec::new();
        client.0.0.read_to_end(&mut bytes).unwrap();
        bytes[bytes.len() - 256..].to_vec()
    };
    assert_eq!(all(), all());
}

#[test]
fn what_ends_the_stream_leaves_the_connection() {
    let hang = Limits { hang: Duration::from_millis(30), ..Limits::default() };
    let five = format!("DATA 1 {}", &BODY[..5]);
    for (fault, expected) in [
        (WireFault::Truncate(5), vec!["HEADERS 1", &five, "RST_STREAM 1 2"]),
        (WireFault::Truncate(0), vec!["HEADERS 1", "RST_STREAM 1 2"]),
        (WireFault::H2Reset(11), vec!["RST_STREAM 1 11"]),
        (WireFault::Hang, vec!["RST_STREAM 1 8"]),
    ] {
        let faulty =
            Faulty::with(&[Fault::Wire(fault)], |_| Settings { limits: hang, ..Settings::default() });
        let mut client = Frames::to(&faulty);
        client.ask(1, "GET", "/guarded");
        let (frames, end) = client.until(expected[expected.len() - 1]);
        assert_eq!((frames, end), (expected.iter().map(ToString::to_string).collect(), None), "{fault:?}");
        assert_eq!(faulty.cut(), 1, "{fault:?}");
        client.ask(3, "GET", "/clean");
        assert_eq!(client.until(&format!("DATA 3 {BODY} END")).1, None, "{fault:?}");
    }
}

#[test]
fn an_answer_without_a_body_ends_as_others_do() {
    let faulty = Faulty::of(WireFault::Truncate(5));
    let mut client = Frames::to(&faulty);
    client.ask(1, "HEAD", "/whole");
    assert_eq!(client.until("RST_STREAM 1 2").0, ["HEADERS 1", "RST_STREAM 1 2"]);
    client.ask(3, "GET", "/204");
    assert_eq!(client.until("RST_STREAM 3 2").0, ["HEADERS 3", "RST_STREAM 3 2"]);
}

#[test]
fn a_client_is_told_to_go_away_and_gets_what_is_under_way() {
    let faulty = Faulty::of(WireFault::H2Goaway);
    let mut client = Frames::to(&faulty);
    client.ask(1, "GET", "/whole");
    let whole = format!("DATA 1 {BODY} END");
    assert_eq!(client.until("GOAWAY 0"), (vec!["HEADERS 1".to_owned(), whole, "GOAWAY 0".to_owned()], None));
}

/// Asks by a client library: head, body, and the error in the end.
async fn ask(
    sender: &mut SendRequest<Bytes>,
    path: &str,
) -> Result<(HeaderMap, String, Option<h2::Error>), h2::Error> {
    let request = http::Request::get(format!("http://api.test{path}")).body(()).unwrap();
    let (head, mut body) = sender.send_request(request, true)?.0.await?.into_parts();
    let (mut text, mut error) = (String::new(), None);
    while let Some(part) = body.data().await {
        match part {
            Ok(part) => text.push_str(&String::from_utf8_lossy(&part)),
            Err(broken) => {
                error = Some(broken);
                break;
            }
        }
    }
    Ok((head.headers, text, error))
}

fn by_library<R>(faulty: &Faulty, talk: impl AsyncFnOnce(SendRequest<Bytes>) -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(faulty.listener.address).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        talk(sender.ready().await.unwrap()).await
    })
}

fn reason(error: Option<h2::Error>) -> Option<Reason> {
    error.and_then(|error| error.reason())
}

#[test]
fn a_library_takes_them_for_what_they_are() {
    let faulty = Faulty::of(WireFault::Truncate(5));
    by_library(&faulty, async |mut sender| {
        let (head, text, error) = ask(&mut sender, "/whole").await.unwrap();
        assert_eq!((number(&head, "content-length"), text.as_str()), (BODY.len(), &BODY[..5]));
        assert_eq!(reason(error), Some(Reason::INTERNAL_ERROR));
        assert_eq!(ask(&mut sender, "/clean").await.unwrap().1, BODY);
    });
    by_library(&Faulty::of(WireFault::WrongLength(5)), async |mut sender| {
        let error = ask(&mut sender, "/whole").await.map_or_else(Some, |(_, _, error)| error);
        assert_eq!(reason(error), Some(Reason::PROTOCOL_ERROR));
    });
    by_library(&Faulty::of(WireFault::MalformedChunk), async |mut sender| {
        let (head, text, error) = ask(&mut sender, "/chunked").await.unwrap();
        assert_eq!((number(&head, "content-length"), text.as_str()), (BODY.len(), &BODY[..BODY.len() / 2]));
        assert_eq!(reason(error), Some(Reason::PROTOCOL_ERROR));
    });
    by_library(&Faulty::of(WireFault::H2Reset(13)), async |mut sender| {
        let error = ask(&mut sender, "/whole").await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::HTTP_1_1_REQUIRED));
    });
}

#[test]
fn a_hanging_stream_does_not_hold_up_others() {
    let faulty = Faulty::of(WireFault::Hang);
    by_library(&faulty, async |mut sender| {
        let mut other = sender.clone();
        tokio::select! {
            biased;
            answered = ask(&mut sender, "/whole") => panic!("{answered:?}"),
            answered = ask(&mut other, "/clean") => assert_eq!(answered.unwrap().1, BODY),
        }
    });
}

#[test]
fn a_slow_body_is_reset_where_it_should_be() {
    let slow = [Fault::Throttle { bytes_per_second: 100 }, Fault::Wire(WireFault::ResetAfter(12))];
    let faulty = Faulty::with(&slow, |_| Settings::default());
    let mut client = Frames::to(&faulty);
    client.ask(1, "GET", "/guarded");
    let parts = [&BODY[..5], &BODY[5..10], &BODY[10..12]].map(|part| format!("DATA 1 {part}"));
    assert_eq!(client.until(""), frames(&["HEADERS 1", &parts[0], &parts[1], &parts[2]], End::Reset));
    faulty.until_cut();
}
