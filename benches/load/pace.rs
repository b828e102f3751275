//! Requests at a rate that is given, whether the answers come or not: what wrk cannot do, and what tells how long a
//! proxy takes that is not at its limit.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use overdub::clock::Stopwatch;

use super::Result;
use super::generator::{Ask, Measured};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection over which one request follows the other.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

/// Sends one request on a connection of its own; returns the answer's status and body.
pub(crate) fn ask(address: &str, ask: &Ask) -> Result<(u16, String)> {
    Connection::to(address)?.ask(ask)
}

impl Connection {
    pub(crate) fn to(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), host: address.to_owned() })
    }

    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<(u16, String)> {
        let Ask { method, path, session, body } = ask;
        let named = match session.as_str() {
            "" => String::new(),
            name => format!("x-overdub-session: {name}\r\n"),
        };
        let typed = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{named}{typed}\r\n{body}", self.host);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    /// Reads an answer whose length is told, as that of all servers here is.
    fn answer(&mut self) -> Result<(u16, String)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status line")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// Asks for paths that never come twice, `rate` per second in all over `conns` connections.
///
/// A request that could not be sent when it was due, because the answer before it was late, counts as sent when it was
/// due: who waits in the queue waits, too.
pub(crate) fn run(
    address: &str,
    path: &str,
    tag: &str,
    rate: f64,
    secs: u64,
    conns: usize,
) -> Result<Measured> {
    let total = (rate * Duration::from_secs(secs).as_secs_f64()).round();
    let since = Stopwatch::start();
    let workers: Vec<_> = (0..conns)
        .map(|first| {
            let (address, prefix) = (address.to_owned(), format!("{path}-{tag}-"));
            thread::spawn(move || paced(&address, &prefix, (first, conns), rate, total, since))
        })
        .collect();
    let (mut took, mut failed) = (Vec::new(), 0.0);
    for worker in workers {
        let (own, lost) = worker.join().map_err(|_| "a connection's thread ended early")?;
        took.extend(own);
        failed += lost;
    }
    let (requests, elapsed) = (to_f64(took.len()), since.elapsed().as_secs_f64());
    let (p50, p99) = (share(&mut took, 0.50), share(&mut took, 0.99));
    Ok(Measured { requests, rate: requests / elapsed, p50, p99, failed })
}

/// The requests of one connection: every `step`th from the `first` on. Milliseconds of each, and how many failed.
fn paced(
    address: &str,
    prefix: &str,
    (first, step): (usize, usize),
    rate: f64,
    total: f64,
    since: Stopwatch,
) -> (Vec<f64>, f64) {
    let (mut took, mut failed) = (Vec::new(), 0.0);
    let mut connection = Connection::to(address).ok();
    for number in (first..).step_by(step).take_while(|number| to_f64(*number) < total) {
        let due = Duration::from_secs_f64(to_f64(number) / rate);
        let wait = due.saturating_sub(since.elapsed());
        thread::sleep(wait);
        let sent = if wait.is_zero() { due } else { since.elapsed() };
        let answered = connection.as_mut().map(|own| own.ask(&Ask::get(format!("{prefix}{number}"))));
        if !matches!(answered, Some(Ok((200..=299, _)))) {
            failed += 1.0;
            connection = Connection::to(address).ok();
        }
        took.push(since.elapsed().saturating_sub(sent).as_secs_f64() * 1e3);
    }
    (took, failed)
}

/// The value that this share of all is at most.
pub(crate) fn share(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the length")]
    let index = (to_f64(values.len()) * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied()
}

/// A count as a number to reckon with.
#[allow(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
pub(crate) fn to_f64(count: usize) -> f64 {
    count as f64
}
