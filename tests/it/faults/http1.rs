//! HTTP/1.1.

use std::time::Duration;

use overdub::fault::WireFault;
use overdub::server::{Limits, Settings};

use super::{BODY, CHUNKED, End, Faulty, head_of, raw_rest, rest};
use crate::support::wire::request;

/// Every way to ask and every kind of body.
const ALL: [&str; 9] = [
    "GET /whole",
    "GET /chunked",
    "GET /guarded",
    "GET /guarded-chunked",
    "GET /arriving",
    "GET /empty",
    "GET /204",
    "HEAD /whole",
    "GET /whole HTTP/1.0",
];

#[test]
fn an_empty_reply_is_a_connection_closed_before_a_byte() {
    let faulty = Faulty::of(WireFault::EmptyReply);
    for text in ALL {
        assert_eq!(faulty.ask(text), (String::new(), End::Closed), "{text}");
    }
    assert_eq!(faulty.cut(), 2, "the guarded bodies tell that they were not sent");
    let unread = format!("POST /whole\n\n{}", "x".repeat(300_000));
    assert_eq!(faulty.ask(&unread), (String::new(), End::Closed), "whatever was left unread");
}

#[test]
fn a_reset_comes_before_a_byte() {
    let faulty = Faulty::of(WireFault::Reset);
    for text in ALL {
        assert_eq!(faulty.ask(text), (String::new(), End::Reset), "{text}");
    }
    assert_eq!(faulty.cut(), 2);
}

#[test]
fn what_ends_the_connection_leaves_pipelined_requests_unanswered() {
    for (fault, end) in [
        (WireFault::EmptyReply, End::Closed),
        (WireFault::Reset, End::Reset),
        (WireFault::ResetAfter(5), End::Reset),
        (WireFault::Truncate(5), End::Closed),
        (WireFault::MalformedChunk, End::Closed),
        (WireFault::Garbage { seed: 1 }, End::Closed),
        (WireFault::CloseAfter, End::Closed),
    ] {
        let faulty = Faulty::of(fault);
        let mut client = faulty.listener.client();
        client.send([request("GET /clean"), request("GET /whole"), request("GET /clean")].concat());
        assert_eq!(client.answer(false).text(), BODY, "the one before is whole: {fault:?}");
        assert_eq!(rest(&mut client).1, end, "{fault:?}");
        assert_eq!(faulty.answered(), 2, "{fault:?}");
    }
}

#[test]
fn a_reset_in_the_body_comes_after_as_many_bytes() {
    for (bytes, sent) in [(0, ""), (5, &BODY[..5]), (BODY.len() as u64, BODY), (1_000_000, BODY)] {
        let faulty = Faulty::of(WireFault::ResetAfter(bytes));
        for path in ["/whole", "/guarded"] {
            let expected = (head_of(BODY.len()) + sent, End::Reset);
            assert_eq!(faulty.ask(&format!("GET {path}")), expected, "{path} {bytes}");
        }
        assert_eq!(faulty.cut(), usize::from(sent != BODY), "{bytes}");
    }
    let faulty = Faulty::of(WireFault::ResetAfter(5));
    let chunk = format!("{CHUNKED}5\r\n{}\r\n", &BODY[..5]);
    for path in ["/chunked", "/guarded-chunked", "/arriving"] {
        assert_eq!(faulty.ask(&format!("GET {path}")), (chunk.clone(), End::Reset), "{path}");
    }
    assert_eq!(faulty.cut(), 1);
}

#[test]
fn a_reset_after_what_has_no_body_comes_after_its_head() {
    let faulty = Faulty::of(WireFault::ResetAfter(5));
    assert_eq!(faulty.ask("GET /empty"), (head_of(0), End::Reset));
    assert_eq!(faulty.ask("HEAD /whole"), (head_of(BODY.len()), End::Reset));
    assert_eq!(faulty.ask("GET /204"), ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), End::Reset));
}

#[test]
fn a_truncated_body_is_shorter_than_its_length_says() {
    let length = BODY.len();
    for (bytes, claimed, sent) in
        [(0, length, ""), (5, length, &BODY[..5]), (length, length + 1, BODY), (length + 7, length + 8, BODY)]
    {
        let faulty = Faulty::of(WireFault::Truncate(bytes as u64));
        for path in ["/whole", "/chunked", "/guarded", "/guarded-chunked"] {
            let expected = (head_of(claimed) + sent, End::Closed);
            assert_eq!(faulty.ask(&format!("GET {path}")), expected, "{path} {bytes}");
        }
        assert_eq!(faulty.cut(), if sent == BODY { 0 } else { 2 }, "{bytes}");
    }
    let faulty = Faulty::of(WireFault::Truncate(5));
    let torn = format!("{CHUNKED}5\r\n{}\r\n", &BODY[..5]);
    assert_eq!(faulty.ask("GET /arriving"), (torn, End::Closed), "no length could say more");
    assert_eq!(faulty.ask("GET /empty"), (head_of(6), End::Closed));
    assert_eq!(faulty.ask("HEAD /whole"), (head_of(length), End::Closed));
    assert_eq!(faulty.ask("GET /204"), ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), End::Closed));
}

#[test]
fn a_wrong_length_leaves_the_rest_of_the_body_to_the_next_answer() {
    for (length, claimed) in [(0, 0), (5, 5), (BODY.len() as u64, BODY.len() - 1), (1000, BODY.len() - 1)] {
        let faulty = Faulty::of(WireFault::WrongLength(length));
        for path in ["/whole", "/chunked", "/guarded", "/guarded-chunked", "/arriving"] {
            let mut client = faulty.listener.client();
            let last = request("GET /clean\nconnection: close");
            client.send([request(&format!("GET {path}")), last].concat());
            let answer = client.answer(false);
            assert_eq!(answer.header("content-length"), claimed.to_string(), "{path}");
            assert_eq!(answer.text(), BODY[..claimed], "{path}");
            let closing = head_of(BODY.len()).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
            let (text, end) = rest(&mut client);
            let (surplus, next) = text.split_once("HTTP/1.1").unwrap();
            assert_eq!((surplus, end), (&BODY[claimed..], End::Closed), "{path}");
            assert!(next.ends_with(BODY) && next.len() + 8 == closing.len() + BODY.len(), "{path}: {next}");
        }
        assert_eq!(faulty.cut(), 0);
    }
}

#[test]
fn a_wrong_length_leaves_alone_what_has_no_body() {
    let faulty = Faulty::of(WireFault::WrongLength(5));
    let mut client = faulty.listener.client();
    assert_eq!(client.ask("GET /empty").header("content-length"), "0");
    assert_eq!(client.ask("HEAD /whole").header("content-length"), BODY.len().to_string());
    assert_eq!(client.ask("GET /204").status(), 204);
}

#[test]
fn a_malformed_chunk_follows_half_of_the_body() {
    let faulty = Faulty::of(WireFault::MalformedChunk);
    let half = &BODY[..BODY.len() / 2];
    let broken = |part: &str| format!("{CHUNKED}{:X}\r\n{part}\r\nno chunk size\r\n", part.len());
    for path in ["/whole", "/chunked", "/guarded", "/guarded-chunked"] {
        assert_eq!(faulty.ask(&format!("GET {path}")), (broken(half), End::Closed), "{path}");
    }
    assert_eq!(faulty.cut(), 2);
    assert_eq!(faulty.ask("GET /arriving"), (broken(&BODY[..10]), End::Closed), "the first part of it");
    assert_eq!(faulty.ask("GET /empty"), (format!("{CHUNKED}no chunk size\r\n"), End::Closed));
    assert_eq!(faulty.ask("HEAD /whole"), (head_of(BODY.len()), End::Closed));
    assert_eq!(faulty.ask("GET /204"), ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), End::Closed));
    let plain = (format!("HTTP/1.0 200 OK\r\n\r\n{half}"), End::Closed);
    assert_eq!(faulty.ask("GET /whole HTTP/1.0"), plain, "HTTP/1.0 has no chunks");
}

#[test]
fn garbage_is_the_same_each_time_and_no_answer() {
    let of = |seed| {
        let faulty = Faulty::of(WireFault::Garbage { seed });
        let ask = || {
            let mut client = faulty.listener.client();
            client.send(request("GET /guarded"));
            raw_rest(&mut client)
        };
        let (first, again) = (ask(), ask());
        assert_eq!((first.0.len(), &first.1), (256, &End::Closed));
        assert_eq!(first, again);
        assert_eq!(faulty.cut(), 2);
        first.0
    };
    assert_ne!(of(1), of(2));
    assert!(!of(3).starts_with(b"HTTP"));
}

#[test]
fn a_connection_is_closed_after_a_whole_answer_that_does_not_say_so() {
    let faulty = Faulty::of(WireFault::CloseAfter);
    let whole = (head_of(BODY.len()) + BODY, End::Closed);
    let chunked = (format!("{CHUNKED}{:X}\r\n{BODY}\r\n0\r\n\r\n", BODY.len()), End::Closed);
    assert_eq!(faulty.ask("GET /whole"), whole);
    assert_eq!(faulty.ask("GET /guarded"), whole);
    assert_eq!(faulty.ask("GET /chunked"), chunked);
    assert_eq!(faulty.ask("GET /guarded-chunked"), chunked);
    assert_eq!(faulty.ask("GET /arriving").1, End::Closed);
    assert_eq!(faulty.ask("HEAD /whole"), (head_of(BODY.len()), End::Closed));
    assert_eq!(faulty.ask("GET /empty"), (head_of(0), End::Closed));
    assert_eq!(faulty.ask("GET /204"), ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), End::Closed));
    assert_eq!(faulty.cut(), 0);
}

#[test]
fn goaway_is_a_connection_that_is_closed_as_the_answer_says() {
    let faulty = Faulty::of(WireFault::H2Goaway);
    let (text, end) = faulty.ask("GET /whole");
    assert!(text.contains("\r\nconnection: close\r\n") && text.ends_with(BODY), "{text}");
    assert_eq!(end, End::Closed);
    assert_eq!(Faulty::of(WireFault::H2Reset(8)).ask("GET /whole"), (String::new(), End::Reset));
}

fn patient(hang: Duration, grace: Duration) -> Settings {
    Settings { limits: Limits { hang, grace, ..Limits::default() }, ..Settings::default() }
}

const LONG: Duration = Duration::from_hours(1);

#[test]
fn a_hanging_answer_ends_when_the_client_gives_up_or_after_the_bound() {
    let hang = [overdub::fault::Fault::Wire(WireFault::Hang)];
    let faulty = Faulty::with(&hang, |_| patient(LONG, LONG));
    let mut client = faulty.listener.client();
    client.send(request("GET /guarded"));
    assert_eq!(faulty.listener.client().ask("GET /clean").text(), BODY, "others are served");
    client.send(request("GET /clean"));
    client.say_no_more();
    assert_eq!(rest(&mut client), (String::new(), End::Closed));
    assert_eq!((faulty.answered(), faulty.cut()), (2, 1));

    let faulty = Faulty::with(&hang, |_| patient(Duration::from_millis(30), LONG));
    assert_eq!(faulty.ask("GET /whole"), (String::new(), End::Closed));
}

#[test]
fn a_shutdown_ends_a_hanging_answer_at_once() {
    let hang = [overdub::fault::Fault::Wire(WireFault::Hang)];
    let faulty = Faulty::with(&hang, |_| patient(LONG, LONG));
    let mut client = faulty.listener.client();
    client.send(request("GET /guarded"));
    faulty.until_cut();
    faulty.listener.stop();
    assert_eq!(rest(&mut client), (String::new(), End::Closed));
}
