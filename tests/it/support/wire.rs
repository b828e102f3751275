//! Both ends of a connection, byte by byte: an upstream that sends what it is told, a client that shows what came.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a fixture waits for bytes before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an upstream does with a connection on which a request has arrived.
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits until the test calls [`Upstream::go_on`].
    Wait,
    /// Closes the connection.
    Close,
}

/// Sends a whole response.
pub(crate) fn send(bytes: &str) -> Vec<Act> {
    vec![Act::Send(bytes.replace('\n', "\r\n").into_bytes())]
}

/// An upstream that answers by path.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    go: Sender<()>,
}

impl Upstream {
    /// Answers each request, whose text it gets, with what `script` returns.
    pub(crate) fn start(script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (go, waiting) = channel();
        let (waiting, script) = (Arc::new(Mutex::new(waiting)), Arc::new(script));
        let own = Self { address, seen: Arc::clone(&seen), go };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, waiting, script) = (Arc::clone(&seen), Arc::clone(&waiting), Arc::clone(&script));
                std::thread::spawn(move || {
                    let _ = serve(stream, &seen, &waiting, &*script);
                });
            }
        });
        own
    }

    /// One that always sends the same.
    pub(crate) fn sending(response: &str) -> Self {
        let response = response.to_owned();
        Self::start(move |_| send(&response))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that arrived so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Lets one [`Act::Wait`] end.
    pub(crate) fn go_on(&self) {
        self.go.send(()).expect("an upstream that waits");
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    waiting: &Mutex<Receiver<()>>,
    script: &dyn Fn(&str) -> Vec<Act>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read_request(&mut reader)? {
        seen.lock().expect("no panic").push(request.clone());
        for act in script(&request) {
            match act {
                Act::Send(bytes) => writer.write_all(&bytes)?,
                Act::Wait => waiting.lock().expect("no panic").recv_timeout(PATIENCE).expect("`go_on`"),
                Act::Close => return writer.shutdown(std::net::Shutdown::Both),
            }
        }
    }
    Ok(())
}

/// A request's head and body as text; `None` at the end of the connection.
fn read_request(reader: &mut impl BufReadExt) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if reader.read_line(&mut text)? == 0 {
            return Ok(None);
        }
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("transfer-encoding: chunked") {
        while !text.ends_with("0\r\n\r\n") {
            reader.read_line(&mut text)?;
        }
    } else if let Some(length) = lower.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        let mut body = vec![0; length.trim().parse().expect("a length")];
        reader.read_exact(&mut body)?;
        text.push_str(&String::from_utf8_lossy(&body));
    }
    Ok(Some(text))
}

trait BufReadExt: std::io::BufRead {}
impl<R: std::io::BufRead> BufReadExt for R {}

/// A client's connection.
pub(crate) struct Client(pub(crate) BufReader<TcpStream>);

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Self(BufReader::new(stream))
    }

    /// Sends text, its lines ended as HTTP ends them.
    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.replace('\n', "\r\n").as_bytes()).expect("an open connection");
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
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    /// Hangs up.
    pub(crate) fn leave(self) {}
}

/// Sends one request on a connection of its own and returns all that comes back. `Connection: close` is added.
pub(crate) fn ask(address: SocketAddr, request: &str) -> String {
    String::from_utf8_lossy(&ask_bytes(address, request)).into_owned()
}

/// The same, as bytes.
pub(crate) fn ask_bytes(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut client = Client::to(address);
    let (line, rest) = request.split_once('\n').unwrap_or((request, ""));
    let (headers, body) = rest.split_once("\n\n").unwrap_or((rest.trim_end_matches('\n'), ""));
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\n") };
    client.send(&format!("{line}\nhost: api.test\nconnection: close\n{headers}\n"));
    client.0.get_mut().write_all(body.as_bytes()).expect("an open connection");
    client.rest()
}
