//! Both ends of a connection, byte by byte: an upstream that sends what it is told, a client that shows what came.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a fixture waits for bytes before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A request or a response as it came over the wire.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// First line and header lines as they came, joined by `\n`.
    pub(crate) head: String,
    /// The body without its framing.
    pub(crate) body: Vec<u8>,
    /// The body came in chunks.
    pub(crate) chunked: bool,
    /// The lines after the last chunk.
    pub(crate) trailers: String,
    /// The body came to its end as its framing says.
    pub(crate) whole: bool,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let framing = if self.chunked { "chunked" } else { "" };
        let cut = if self.whole { "" } else { " (cut short)" };
        write!(f, "\n{}\n\n{}\n{framing}{}{cut}\n", self.head, self.text(), self.trailers)
    }
}

impl Message {
    /// The values of a header, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The first value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first line: request line or status line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// A request's target.
    pub(crate) fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }

    /// A response's status.
    pub(crate) fn status(&self) -> u16 {
        self.target().parse().unwrap_or_default()
    }

    /// Whether no body follows the head, whatever the head says.
    fn is_bare(&self) -> bool {
        self.head.starts_with("HTTP/") && matches!(self.status(), 100..=199 | 204 | 304)
    }
}

/// Reads one message; `None` when the connection ends before it. `bare`: it answers HEAD.
fn read_message(reader: &mut impl BufRead, bare: bool) -> std::io::Result<Option<Message>> {
    let head = read_lines(reader)?;
    if head.is_empty() {
        return Ok(None);
    }
    let mut own = Message { head, body: Vec::new(), chunked: false, trailers: String::new(), whole: true };
    if bare || own.is_bare() {
        return Ok(Some(own));
    }
    own.chunked = own.header("transfer-encoding") == "chunked";
    if own.chunked {
        own.whole = read_chunks(reader, &mut own.body, &mut own.trailers).is_ok();
    } else if let Ok(length) = own.header("content-length").parse::<u64>() {
        let _ = reader.take(length).read_to_end(&mut own.body);
        own.whole = own.body.len() as u64 == length;
    } else if own.head.starts_with("HTTP/") {
        own.whole = reader.read_to_end(&mut own.body).is_ok();
    }
    Ok(Some(own))
}

/// Lines up to an empty one, joined by `\n`; fewer when the connection ends.
fn read_lines(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(line) if !line.is_empty() => lines.push(String::from_utf8_lossy(line).into_owned()),
            _ => return Ok(lines.join("\n")),
        }
    }
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>, trailers: &mut String) -> std::io::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
        if size == 0 {
            *trailers = read_lines(reader)?;
            return Ok(());
        }
        let start = body.len();
        reader.take(size as u64).read_to_end(body)?;
        if body.len() - start < size {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        reader.read_exact(&mut [0; 2])?;
    }
}

/// What an upstream does with a connection on which a request has arrived.
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends so many zeros.
    Zeros(usize),
    /// Waits until the test calls [`Upstream::go_on`].
    Wait,
    /// Closes the connection.
    Close,
}

/// Sends this text, its lines ended as HTTP ends them. A body goes on its own: [`with_body`], [`in_chunks`].
pub(crate) fn send(text: &str) -> Act {
    Act::Send(text.replace('\n', "\r\n").into_bytes())
}

/// A response of this head, `content-length` added, and this body.
pub(crate) fn with_body(head: &str, body: impl AsRef<[u8]>) -> Vec<Act> {
    let body = body.as_ref();
    vec![send(&format!("{head}\ncontent-length: {}\n\n", body.len())), Act::Send(body.to_vec())]
}

/// A JSON answer.
pub(crate) fn json(body: &str) -> Vec<Act> {
    with_body("HTTP/1.1 200 OK\ncontent-type: application/json", body)
}

/// A response of this head, `transfer-encoding` added, each part a chunk.
pub(crate) fn in_chunks(head: &str, parts: &[&str]) -> Vec<Act> {
    let mut acts = vec![send(&format!("{head}\ntransfer-encoding: chunked\n\n"))];
    acts.extend(parts.iter().map(|part| chunk(part)));
    acts.push(send("0\n\n"));
    acts
}

pub(crate) fn chunk(part: &str) -> Act {
    Act::Send(format!("{:x}\r\n{part}\r\n", part.len()).into_bytes())
}

/// An upstream that answers by path.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
    connections: Arc<AtomicUsize>,
    go: Sender<()>,
}

impl Upstream {
    /// Does with each request what `script` says.
    pub(crate) fn start(script: impl Fn(&Message) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (go, waiting) = channel();
        let (waiting, script) = (Arc::new(Mutex::new(waiting)), Arc::new(script));
        let connections = Arc::new(AtomicUsize::new(0));
        let own = Self { address, seen: Arc::clone(&seen), connections: Arc::clone(&connections), go };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let (seen, waiting, script) = (Arc::clone(&seen), Arc::clone(&waiting), Arc::clone(&script));
                std::thread::spawn(move || {
                    // The proxy may close at any time; what the test looks at is what the client got.
                    let _ = serve(stream, &seen, &waiting, &*script);
                });
            }
        });
        own
    }

    /// One that always sends this JSON.
    pub(crate) fn of_json(body: &str) -> Self {
        let body = body.to_owned();
        Self::start(move |_| json(&body))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that arrived so far.
    pub(crate) fn seen(&self) -> Vec<Message> {
        self.seen.lock().expect("no panic").clone()
    }

    /// How many connections were made to it so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Lets one [`Act::Wait`] end.
    pub(crate) fn go_on(&self) {
        self.go.send(()).expect("an upstream that waits");
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Message>>,
    waiting: &Mutex<Receiver<()>>,
    script: &dyn Fn(&Message) -> Vec<Act>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read_message(&mut reader, false)? {
        seen.lock().expect("no panic").push(request.clone());
        for act in script(&request) {
            match act {
                Act::Send(bytes) => writer.write_all(&bytes)?,
                Act::Zeros(count) => {
                    std::io::copy(&mut std::io::repeat(0).take(count as u64), &mut writer)?;
                }
                Act::Wait => {
                    let _ = waiting.lock().expect("no panic").recv_timeout(PATIENCE);
                }
                Act::Close => return writer.shutdown(Shutdown::Both),
            }
        }
    }
    Ok(())
}

/// A client's connection.
pub(crate) struct Client<S = TcpStream>(pub(crate) BufReader<S>);

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Self(BufReader::new(stream))
    }

    /// Closes the sending side and keeps reading.
    pub(crate) fn say_no_more(&self) {
        // The other end may have closed already.
        let _ = self.0.get_ref().shutdown(Shutdown::Write);
    }
}

impl<S: Read + Write> Client<S> {
    /// Speaks over a connection that stands.
    pub(crate) fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// The connection itself. Nothing that was read from it may be left over.
    pub(crate) fn into_stream(self) -> S {
        assert_eq!(self.0.buffer(), b"", "nothing is lost");
        self.0.into_inner()
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).expect("an open connection");
    }

    /// Reads until the text so far ends with `end`.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap_or_else(|error| {
                panic!("{error} before {end:?}; so far: {}", String::from_utf8_lossy(&text))
            });
            text.push(byte[0]);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Reads to the connection's end.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a request (see [`request`]) and reads its answer.
    pub(crate) fn ask(&mut self, text: &str) -> Message {
        self.send(request(text));
        self.answer(text.starts_with("HEAD "))
    }

    /// Reads an answer. `bare`: it answers HEAD.
    pub(crate) fn answer(&mut self, bare: bool) -> Message {
        let answer = read_message(&mut self.0, bare).expect("an answer in time");
        answer.expect("an answer before the connection's end")
    }
}

/// The bytes of a request that is written as `METHOD /path`, header lines, an empty line and the body, all but the first
/// optional. HTTP/1.1, the host `api.test` and the body's length are added where they are not given.
pub(crate) fn request(text: &str) -> String {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let given = |name: &str| headers.to_ascii_lowercase().lines().any(|line| line.starts_with(name));
    let mut lines = vec![line.to_owned()];
    if !line.contains(" HTTP/") {
        lines[0].push_str(" HTTP/1.1");
    }
    if !given("host:") && !line.ends_with("HTTP/1.0") {
        lines.push("host: api.test".to_owned());
    }
    lines.extend(headers.lines().map(str::to_owned));
    if !body.is_empty() && !given("content-length:") && !given("transfer-encoding:") {
        lines.push(format!("content-length: {}", body.len()));
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// Sends one request on a connection of its own and returns the answer.
pub(crate) fn ask(address: SocketAddr, text: &str) -> Message {
    Client::to(address).ask(text)
}
