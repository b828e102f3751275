//! Answers that are late, slow or in pieces.

use std::time::Duration;

use overdub::clock::Stopwatch;
use overdub::fault::{Fault, WireFault};
use overdub::server::{Limits, Settings};

use super::{BODY, CHUNKED, End, Faulty, head_of, rest};
use crate::support::wire::request;

fn slow(faults: &[Fault]) -> Faulty {
    Faulty::with(faults, |_| Settings::default())
}

#[test]
fn an_answer_is_late_whatever_its_fault() {
    let faulty = slow(&[Fault::Delay(Duration::from_millis(60)), Fault::Wire(WireFault::EmptyReply)]);
    let watch = Stopwatch::start();
    assert_eq!(faulty.ask("GET /whole"), (String::new(), End::Closed));
    assert!(watch.elapsed() >= Duration::from_millis(60));
}

#[test]
fn a_body_dribbles_in_equal_pieces() {
    let over = Duration::from_millis(60);
    let faulty = slow(&[Fault::Dribble { chunks: 4, over }, Fault::Wire(WireFault::CloseAfter)]);
    let pieces = [&BODY[..11], &BODY[11..23], &BODY[23..35], &BODY[35..]];
    let chunks = pieces.map(|piece| format!("{:X}\r\n{piece}\r\n", piece.len())).concat();
    for path in ["/chunked", "/guarded-chunked", "/arriving"] {
        let watch = Stopwatch::start();
        let expected = (format!("{CHUNKED}{chunks}0\r\n\r\n"), End::Closed);
        assert_eq!(faulty.ask(&format!("GET {path}")), expected, "{path}");
        assert!(watch.elapsed() >= over, "{path}");
    }
    assert_eq!(faulty.ask("GET /guarded"), (head_of(BODY.len()) + BODY, End::Closed), "with its length");
    assert_eq!(faulty.ask("GET /empty"), (head_of(0), End::Closed));
    assert_eq!(faulty.ask("HEAD /whole"), (head_of(BODY.len()), End::Closed));
}

#[test]
fn a_rate_holds_a_body_back_and_leaves_the_connection() {
    let faulty = slow(&[Fault::Throttle { bytes_per_second: 470 }]);
    let mut client = faulty.listener.client();
    for path in ["/whole", "/chunked", "/arriving"] {
        let watch = Stopwatch::start();
        assert_eq!(client.ask(&format!("GET {path}")).text(), BODY, "{path}");
        // A part of a twentieth second goes out at once.
        assert!(watch.elapsed() >= Duration::from_millis(48), "{path}");
    }
    assert_eq!(client.ask("HEAD /whole").status(), 200);
}

#[test]
fn faults_of_one_answer_come_together() {
    let over = Duration::from_millis(10);
    let faulty = slow(&[
        Fault::Throttle { bytes_per_second: 1000 },
        Fault::Dribble { chunks: 10, over },
        Fault::Wire(WireFault::Truncate(30)),
    ]);
    let torn = (head_of(BODY.len()) + &BODY[..30], End::Closed);
    assert_eq!(faulty.ask("GET /guarded"), torn);
    assert_eq!(faulty.cut(), 1);
}

#[test]
fn a_slow_body_ends_when_its_client_leaves() {
    let faulty = slow(&[Fault::Dribble { chunks: 40, over: Duration::from_secs(10) }]);
    let mut client = faulty.listener.client();
    client.send(request("GET /guarded"));
    client.until("{");
    drop(client);
    let watch = Stopwatch::start();
    faulty.until_cut();
    assert!(watch.elapsed() < Duration::from_secs(8), "{:?}", watch.elapsed());
}

#[test]
fn a_shutdown_waits_for_slow_bodies_no_longer_than_for_others() {
    let limits = Limits { grace: Duration::from_millis(20), ..Limits::default() };
    let slow = Fault::Dribble { chunks: 2, over: Duration::from_hours(1) };
    let faulty = Faulty::with(&[slow], |_| Settings { limits, ..Settings::default() });
    let mut client = faulty.listener.client();
    client.send(request("GET /whole"));
    client.until(&BODY[..BODY.len() / 2]);
    faulty.listener.stop();
    assert_eq!(rest(&mut client).0, "");
}
