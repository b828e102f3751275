//! As much of a shell, and of curl, as the guide's commands need: a test needs neither.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Client, Message};

/// Where the guide listens; the tests listen wherever there is a free port.
const ADDRESS: &str = "127.0.0.1:8080";

/// What the commands so far have made: variables, functions and a running overdub.
pub(super) struct Shell<'a> {
    project: &'a Project,
    names: HashMap<String, String>,
    functions: HashMap<String, String>,
    overdub: Option<Overdub>,
    log: String,
}

impl<'a> Shell<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Self { project, names: HashMap::new(), functions: HashMap::new(), overdub: None, log: String::new() }
    }

    /// Ends what runs; all that it and its forerunners told on stderr.
    pub(super) fn log(mut self) -> String {
        self.stop();
        self.log
    }

    fn stop(&mut self) {
        if let Some(running) = self.overdub.take() {
            let (status, told) = running.stop();
            assert!(status.success(), "{told}");
            self.log += told.as_str();
        }
    }

    /// Runs a line; what it prints, without the last line break.
    pub(super) fn run(&mut self, line: &str) -> String {
        self.printed(line).trim_end_matches('\n').to_owned()
    }

    fn printed(&mut self, line: &str) -> String {
        if let Some(looped) = line.strip_prefix("for n in ") {
            let (values, rest) = looped.split_once("; do ").expect("do");
            let body = rest.strip_suffix("; done").expect("done");
            return values.split(' ').map(|_| self.printed(body)).collect();
        }
        if let Some((name, body)) = line.split_once("() { ") {
            let body = body.strip_suffix("; }").expect("an end");
            self.functions.insert(name.to_owned(), body.to_owned());
            return String::new();
        }
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some((name, value)) = first.split_once('=') {
            self.names.insert(name.to_owned(), value.to_owned());
            return String::new();
        }
        if let Some(body) = self.functions.get(first) {
            return self.printed(&body.replace("\"$@\"", rest));
        }
        match first {
            "overdub" => self.overdub(rest),
            "curl" => {
                let address = self.overdub.as_ref().expect("overdub runs").address;
                let line = self
                    .names
                    .iter()
                    .fold(rest.to_owned(), |line, (name, value)| line.replace(&format!("${name}"), value));
                curl(&words(&line), address)
            }
            _ => panic!("the guide says `{first}`, which is not known here"),
        }
    }

    fn overdub(&mut self, line: &str) -> String {
        let args = words(line);
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        if !line.contains("--listen") {
            let (status, printed, told) = self.project.run(&args);
            assert_eq!(status, 0, "{told}");
            return printed;
        }
        // The one before has ended by then, as a reader would end it.
        self.stop();
        let here = args.iter_mut().find(|arg| **arg == ADDRESS).expect("the address of the guide");
        *here = "127.0.0.1:0";
        self.overdub = Some(self.project.serve(&args));
        String::new()
    }
}

/// Splits at blanks, with quotes as a shell reads them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for char in line.chars() {
        match (char, quote) {
            ('\'' | '"', None) => quote = Some(char),
            (_, Some(open)) if open == char => quote = None,
            (' ', None) => words.push(String::new()),
            (char, _) => words.last_mut().expect("one").push(char),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What was asked of curl.
#[derive(Default)]
struct Options {
    method: Option<String>,
    headers: Vec<String>,
    body: Option<String>,
    format: String,
    shows_head: bool,
    hides_body: bool,
    url: String,
}

fn options(words: &[String]) -> Options {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value").clone();
        match word.as_str() {
            "-s" | "-sS" => {}
            "-i" => options.shows_head = true,
            "-o" => {
                assert_eq!(value(), "/dev/null");
                options.hides_body = true;
            }
            "-X" => options.method = Some(value()),
            "-H" => options.headers.push(value()),
            "-d" => options.body = Some(value()),
            "-w" => options.format = value(),
            url if url.starts_with("http://") => url.clone_into(&mut options.url),
            other => panic!("the guide gives curl {other}, which is not known here"),
        }
    }
    options
}

fn curl(words: &[String], address: SocketAddr) -> String {
    let options = options(words);
    let target = options.url.strip_prefix(&format!("http://{ADDRESS}")).expect("the address of the guide");
    let method =
        options.method.unwrap_or_else(|| if options.body.is_some() { "POST" } else { "GET" }.to_owned());
    let mut head = vec![format!("{method} {target}"), format!("host: {address}"), "accept: */*".to_owned()];
    if options.body.is_some() && !options.headers.iter().any(|header| header.starts_with("content-type:")) {
        head.push("content-type: application/x-www-form-urlencoded".to_owned());
    }
    head.extend(options.headers);
    let mut client = Client::to(address);
    client.send(crate::support::wire::request(&format!(
        "{}\n\n{}",
        head.join("\n"),
        options.body.unwrap_or_default()
    )));
    let answer = client.answer(false);
    let mut printed = String::new();
    if options.shows_head {
        printed += answer.head.as_str();
        printed += "\n\n";
    }
    if !options.hides_body {
        printed += answer.text().as_str();
    }
    printed += trouble(&answer).as_str();
    printed +=
        options.format.replace("%{http_code}", &answer.status().to_string()).replace("\\n", "\n").as_str();
    printed.replace(&address.to_string(), ADDRESS)
}

/// What curl says of an answer that did not come whole.
fn trouble(answer: &Message) -> String {
    if answer.whole {
        return String::new();
    }
    let length: usize = answer.header("content-length").parse().expect("a length");
    let left = length - answer.body.len();
    format!("curl: (18) transfer closed with {left} bytes remaining to read\n")
}
