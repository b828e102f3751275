//! YAML: events of a streaming parser, put together interaction by interaction.
//!
//! The parser holds to YAML 1.2; the recordings come from libyaml and its ports, which read and write YAML 1.1. What
//! differs and occurs is seen to in [`mended`] and [`indented`]. Aliases are followed, within a budget.

use std::borrow::Cow;
use std::collections::HashMap;

use data_encoding::{BASE64_MIME_PERMISSIVE as BASE64, Specification};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::Problem;
use super::node::{MAX_DEPTH, Node, Value};
use super::stream::{List, Sink, Stop};

/// How many nodes aliases may repeat in one file.
const ALIASED: usize = 1_000_000;

/// How many quoted texts of a file are indented afterwards, each of which costs a new beginning.
const INDENTED: usize = 200;

/// What the parser says of a quoted text whose further lines begin left of where YAML 1.2 wants them.
const NOT_INDENTED: &str = "invalid indentation in quoted scalar";

/// Hands over the items of the list that the file has, and says which list it is.
pub(super) fn items(text: &str, sink: &mut Sink<'_, '_>) -> Result<Option<List>, Stop> {
    let mut text = mended(text);
    for _ in 0..INDENTED {
        let mut events = Events::new(&text);
        let ended = events.document(sink);
        let Some(place) = events.not_indented else { return ended };
        match indented(&text, place) {
            Some(better) => text = Cow::Owned(better),
            None => return ended,
        }
        sink.skip = sink.given;
    }
    Events::new(&text).document(sink)
}

/// The line breaks of YAML 1.1 that are none in 1.2 (NEL, LS, PS): libyaml breaks a text there and indents what follows, which
/// its readers take off again.
fn mended(text: &str) -> Cow<'_, str> {
    let is_break = |c: char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(is_break) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_break) {
        let end = at + rest[at..].chars().next().map_or(1, char::len_utf8);
        out.push_str(&rest[..end]);
        rest = rest[end..].trim_start_matches([' ', '\t']);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text with the lines of the quoted scalar around the character `at` indented: readers fold such blanks away.
fn indented(text: &str, (line, column): (usize, usize)) -> Option<String> {
    let begins = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    let start = begins + text.get(begins..)?.chars().take(column).map(char::len_utf8).sum::<usize>();
    let quote = text.get(start..)?.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut out = String::with_capacity(text.len() + 1024);
    out.push_str(text.get(..=start)?);
    let mut inside = text.get(start + 1..)?.char_indices();
    let mut changed = false;
    while let Some((at, c)) = inside.next() {
        out.push(c);
        match c {
            '\\' if quote == '"' => out.extend(inside.next().map(|(_, c)| c)),
            '\n' => {
                out.extend(std::iter::repeat_n(' ', column + 1));
                changed = true;
            }
            c if c == quote && quote == '\'' && inside.as_str().starts_with('\'') => {
                out.extend(inside.next().map(|(_, c)| c));
            }
            c if c == quote => {
                out.push_str(text.get(start + 1 + at + 1..)?);
                return changed.then_some(out);
            }
            _ => {}
        }
    }
    None
}

/// The events of one file.
struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// What has a name, by the parser's number for it.
    anchors: HashMap<usize, Node>,
    aliased: usize,
    /// Where the quoted text begins that the parser has complained of: line, and characters before it.
    not_indented: Option<(usize, usize)>,
}

type Spanned<'t> = (Event<'t>, Span);

impl<'t> Events<'t> {
    fn new(text: &'t str) -> Self {
        let parser = Parser::new_from_str(text);
        Self { parser, anchors: HashMap::new(), aliased: 0, not_indented: None }
    }

    fn next(&mut self) -> Result<Spanned<'t>, Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refused(&error)),
            None => Err(Problem::at(0, "the file ends early")),
        }
    }

    fn refused(&mut self, error: &ScanError) -> Problem {
        let marker = error.marker();
        if error.info() == NOT_INDENTED {
            self.not_indented = Some((marker.line(), marker.col()));
        }
        Problem {
            line: marker.line(),
            column: marker.col() + 1,
            what: format!("is no YAML: {}", error.info()),
        }
    }

    /// The first document; what follows it is none of ours.
    fn document(&mut self, sink: &mut Sink<'_, '_>) -> Result<Option<List>, Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::MappingStart(..) => return self.map(false, sink),
                Event::SequenceStart(..) => {
                    sink.list(List::Top);
                    self.list(List::Top, sink)?;
                    return Ok(Some(List::Top));
                }
                Event::StreamEnd => return Ok(None),
                other => {
                    // A text, which is what most files are that are no YAML.
                    self.value(other, span, 0)?;
                    return Ok(None);
                }
            }
        }
    }

    /// Looks for the list in a map that has begun.
    fn map(&mut self, in_log: bool, sink: &mut Sink<'_, '_>) -> Result<Option<List>, Stop> {
        let mut found = None;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(found);
            }
            let key = self.value(event, span, 0)?;
            let key = key.text().unwrap_or_default().trim_start_matches(':').to_owned();
            sink.cassette |= !in_log && key == "overdub";
            let (event, span) = self.next()?;
            match (List::of(&key, in_log), event) {
                (Some(list), Event::SequenceStart(..)) => {
                    found = Some(list);
                    sink.list(list);
                    self.list(list, sink)?;
                }
                (None, Event::MappingStart(..)) if key == "log" && !in_log => {
                    found = found.or(self.map(true, sink)?);
                }
                (list, event) => {
                    let value = self.value(event, span, 0)?;
                    // `interactions:` with nothing behind it.
                    if value.value == Value::Null
                        && let Some(list) = list
                    {
                        sink.list(list);
                        found = Some(list);
                    }
                }
            }
        }
    }

    fn list(&mut self, list: List, sink: &mut Sink<'_, '_>) -> Result<(), Stop> {
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(());
            }
            // Counted in characters, which is near enough.
            let at = span.start.index();
            let node = self.value(event, span, 0)?;
            sink.item(list, (&node, at), None)?;
        }
    }

    /// The value that begins with an event.
    fn value(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Problem> {
        let line = span.start.line();
        if depth > MAX_DEPTH {
            return Err(Problem::at(line, format!("is nested more than {MAX_DEPTH} levels deep")));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(text, style, tag.as_deref(), line)?),
            Event::SequenceStart(anchor, _) => {
                let mut list = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        break;
                    }
                    list.push(self.value(event, span, depth + 1)?);
                }
                (anchor, Value::List(list))
            }
            Event::MappingStart(anchor, _) => (anchor, self.entries(depth)?),
            Event::Alias(anchor) => return self.alias(anchor, line),
            _ => return Err(Problem::at(line, "is no YAML that a recording is written in")),
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn entries(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let line = span.start.line();
            let key = self.value(event, span, depth + 1)?;
            let key = match key.value {
                Value::Text(text) => text,
                Value::Null => String::new(),
                Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                _ => return Err(Problem::at(line, "a key here is no text")),
            };
            let (event, span) = self.next()?;
            entries.push((key, self.value(event, span, depth + 1)?));
        }
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<Node, Problem> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Problem::at(line, "an alias here stands for what it is a part of"));
        };
        self.aliased += node.size();
        if self.aliased > ALIASED {
            return Err(Problem::at(line, "aliases repeat too much"));
        }
        Ok(node.clone())
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<Value, Problem> {
    // `!!binary`, and Psych's `!binary`.
    if tag.is_some_and(|tag| tag.suffix == "binary") {
        let bytes = unpacked(text.as_bytes());
        return bytes
            .map(Value::Bytes)
            .ok_or_else(|| Problem::at(line, "what is tagged binary is no base64"));
    }
    let is_null =
        style == ScalarStyle::Plain && tag.is_none() && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
    Ok(if is_null { Value::Null } else { Value::Text(text.into_owned()) })
}

/// What base64 says, with line breaks or without, padded or not.
pub(super) fn unpacked(text: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(text).ok().or_else(|| {
        let mut lenient = Specification::new();
        lenient.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        lenient.translate.from.push_str("-_");
        lenient.translate.to.push_str("+/");
        lenient.ignore.push_str(" \t\r\n=");
        lenient.check_trailing_bits = false;
        lenient.encoding().ok()?.decode(text).ok()
    })
}
