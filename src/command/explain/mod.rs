//! `overdub explain`: why a request is, or is not, answered; without a listener, from what would be played.

mod asked;
mod curl;
mod file;
mod http_file;
mod log;
mod settings;
mod story;
mod tell;
mod words;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use self::asked::Asked;
use self::log::Line;
use self::settings::Missed;
use self::story::{Step, Story};
use self::tell::Told;
use super::{Failure, chosen};
use crate::cli::ExplainArgs;
use crate::matching::Limits;
use crate::replay::{ReplayOptions, check_session_name};

/// Largest file that a request names, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A request that is to be explained.
#[derive(Debug)]
enum Wanted {
    /// This one, and what it is called where it was found.
    Asked(Box<Asked>, Option<String>),
    /// That of this number in the session log.
    Logged(u64),
}

/// Explains requests, one after the other.
pub(super) async fn run(args: ExplainArgs) -> Result<(), Failure> {
    check_session_name(&args.session).map_err(|error| Failure::usage(format_args!("--session: {error}")))?;
    let wanted = wanted(&args.requests).map_err(Failure::usage)?;
    let lines = args.session_log.as_deref().map(log::read).transpose().map_err(Failure::usage)?;
    let profile = chosen::profile(&args.profile)?;
    let cassettes = chosen::cassettes(&args.cassettes)?;
    let options = ReplayOptions { repeat: args.repeat, ..ReplayOptions::default() };
    let story = Story { cassettes, profile, options, steps: Vec::new(), session: args.session.clone() };
    let told = Explaining { args: &args, lines: lines.as_deref(), story }.all(wanted).await?;
    let missed = told.iter().filter(|own| !own.is_answered()).count();
    let text = if args.json {
        let all: Vec<_> = told.iter().map(Told::json).collect();
        format!("{:#}\n", json!({ "requests": all, "misses": missed }))
    } else {
        told.iter().map(|own| own.text(args.all)).collect::<Vec<_>>().join("\n")
    };
    // Whoever closed stdout does not want it.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    match (missed, told.len()) {
        (0, _) => Ok(()),
        (_, 1) => Err(Failure::Checks("no recording would answer the request".to_owned())),
        (_, all) => Err(Failure::Checks(format!("no recording would answer {missed} of {all} requests"))),
    }
}

struct Explaining<'a> {
    args: &'a ExplainArgs,
    lines: Option<&'a [Line]>,
    story: Story,
}

impl Explaining<'_> {
    async fn all(mut self, wanted: Vec<Wanted>) -> Result<Vec<Told>, Failure> {
        if let Some(lines) = self.lines {
            self.story.steps = steps(lines, &self.args.session, u64::MAX);
        }
        let mut told = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            told.push(match wanted {
                Wanted::Asked(asked, title) => {
                    let forward = self.args.forward;
                    let own = self.explained(&self.story, &asked, forward).await;
                    let own = own.map_err(Failure::usage)?;
                    self.story.steps.push(Step::Asked(*asked, forward));
                    Told { title, ..own }
                }
                Wanted::Logged(number) => self.logged(number).await.map_err(Failure::usage)?,
            });
        }
        Ok(told)
    }

    /// A request of the session log, after what came before it in its session.
    async fn logged(&self, number: u64) -> Result<Told, String> {
        let lines = self.lines.ok_or_else(|| {
            format!("`{number}` is a number in a session log: say which, by --session-log FILE")
        })?;
        let line = lines.iter().find(|line| line.n == number).ok_or_else(|| {
            let last = lines.last().map_or(0, |line| line.n);
            format!("there is no request {number} in the session log, whose last one is {last}")
        })?;
        if line.outcome == "own" {
            return Err(format!(
                "request {number} of the session log, {}, is answered by overdub itself",
                line.target
            ));
        }
        let session = line.session.clone().unwrap_or_else(|| self.args.session.clone());
        let steps = steps(lines, &session, number);
        let story = Story { steps, session, ..self.story.clone() };
        let (mut asked, note) = line.asked()?;
        let mut notes: Vec<String> = note.into_iter().collect();
        if let Some((cassette, interaction)) = line.recording() {
            let recorded = story.cassettes.iter().find(|own| own.name == cassette);
            match recorded.and_then(|own| own.interactions.get(interaction)) {
                Some(own) => {
                    if let Some(body) = own.request.body.bytes().filter(|_| asked.body.is_empty()) {
                        asked.body = body.clone();
                        notes.push("its body is not in the session log, since it was answered: the recorded one is taken".to_owned());
                    }
                }
                None => notes.push(format!(
                    "{cassette} #{} answered it, which is not there any more",
                    interaction + 1
                )),
            }
        }
        if !matches!(line.outcome.as_str(), "replayed" | "miss") {
            notes.push(format!(
                "what came of it was `{}`; scenarios and upstreams are not looked at here",
                line.outcome
            ));
        }
        let mut told = self.explained(&story, &asked, line.is_forwarded()).await?;
        told.notes.splice(0..0, notes);
        Ok(Told { title: Some(format!("#{number}")), ..told })
    }

    /// What comes of a request after what a story tells, and what would make it another.
    async fn explained(&self, story: &Story, asked: &Asked, forward: bool) -> Result<Told, String> {
        let played = story.played().await?;
        let mut notes = Vec::new();
        if played.unknown > 0 {
            notes.push(format!(
                "recordings that the session log names and that are not there: {}",
                played.unknown
            ));
        }
        let limits = Limits {
            recordings: if self.args.all { 20 } else { Limits::MESSAGE.recordings },
            differences: 64,
        };
        let explanation = played.explain(asked, forward, limits).await?;
        let settings = Missed { story, asked, forward, profile: &self.args.profile, told: &explanation }
            .settings()
            .await;
        Ok(Told { explanation, settings, notes, title: None })
    }
}

/// What a session did before the request of this number.
fn steps(lines: &[Line], session: &str, before: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in lines.iter().take_while(|line| line.n < before) {
        if line.resets(session) {
            steps.push(Step::Reset);
        } else if line.session.as_deref() == Some(session)
            && let Some((cassette, interaction)) = line.recording()
        {
            let (cassette, target) = (cassette.to_owned(), line.target.clone());
            steps.push(Step::Given { cassette, interaction, target });
        }
    }
    steps
}

/// The requests that were typed.
fn wanted(words: &[String]) -> Result<Vec<Wanted>, String> {
    let mut all = Vec::new();
    let mut rest = words.iter().enumerate();
    while let Some((index, word)) = rest.next() {
        let text = word.trim();
        let line = text.strip_prefix("$ ").unwrap_or(text);
        if is_curl(text) {
            all.extend(asked(curl::parse(&words[index + 1..], &read_beside(None))?));
            return Ok(all);
        }
        if let Some((_, arguments)) = line.split_once(char::is_whitespace).filter(|(first, _)| is_curl(first))
        {
            all.extend(asked(curl::parse(&words::words(arguments)?, &read_beside(None))?));
        } else if let Ok(number) = text.strip_prefix('#').unwrap_or(text).parse() {
            all.push(Wanted::Logged(number));
        } else if let Some((path, fragment)) = http_file_of(text) {
            all.extend(of_file(&path, fragment)?);
        } else if text.starts_with('-') {
            return Err(format!("{text}: flags of `overdub explain` stand before the request"));
        } else if is_method(text)
            && let Some((_, url)) = rest.next()
        {
            all.push(Wanted::Asked(Box::new(Asked::new(text, url.trim())?), None));
        } else {
            all.push(Wanted::Asked(Box::new(Asked::parse(text)?), None));
        }
    }
    Ok(all)
}

fn asked(all: Vec<Asked>) -> impl Iterator<Item = Wanted> {
    all.into_iter().map(|asked| Wanted::Asked(Box::new(asked), None))
}

fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "curl" || name == "curl.exe"
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// `FILE.http` or `FILE.rest`, and what stands behind a `#`.
fn http_file_of(text: &str) -> Option<(PathBuf, Option<&str>)> {
    let (path, fragment) = match text.rsplit_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (text, None),
    };
    let is_file = Path::new(path).extension().is_some_and(|own| own == "http" || own == "rest");
    (is_file && !path.contains("://") && !path.contains(' ')).then(|| (PathBuf::from(path), fragment))
}

/// The requests of a file, or the one that is meant by its number or name.
fn of_file(path: &Path, which: Option<&str>) -> Result<Vec<Wanted>, String> {
    let bytes = read_beside(None)(&path.display().to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{}: is no text", path.display()))?;
    let folder = path.parent().map(Path::to_owned);
    let all = http_file::parse(path, &text, &read_beside(folder));
    if all.is_empty() {
        return Err(format!("{}: holds no request", path.display()));
    }
    let titled = (1..).zip(all).map(|(number, own)| {
        let title = own.name.clone().unwrap_or_else(|| format!("{}:{}", path.display(), own.line));
        (number, own.name, own.asked.map(|asked| Wanted::Asked(Box::new(asked), Some(title))))
    });
    let Some(which) = which else { return titled.map(|(.., wanted)| wanted).collect() };
    let mut names = Vec::new();
    for (number, name, wanted) in titled {
        if name.as_deref() == Some(which) || which.parse() == Ok(number) {
            return Ok(vec![wanted?]);
        }
        names.push(name.unwrap_or_else(|| number.to_string()));
    }
    Err(format!(
        "{}: has no request `{}`; there are: {}",
        path.display(),
        which.escape_debug(),
        names.join(", ")
    ))
}

/// Reads files, relative to a folder.
fn read_beside(folder: Option<PathBuf>) -> impl Fn(&str) -> Result<Vec<u8>, String> {
    move |name| {
        if name == "-" {
            return Err("-: stdin is not read here; name a file".to_owned());
        }
        let path = folder.as_ref().map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        file::read(&path, LARGEST).map_err(|what| format!("{}: {what}", path.display()))
    }
}
