//! JSON: the text is walked once; each interaction is read when its turn comes.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Problem;
use super::node::{Node, Value};
use super::stream::{List, Sink, Stop};

/// Hands over the items of the list that the file has, and says which list it is.
pub(super) fn items(text: &str, sink: &mut Sink<'_, '_>) -> Result<Option<List>, Stop> {
    let mut walk = Walk { text, sink, at: 0, line: 1, found: None, stopped: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let walked =
        At { walk: &mut walk, in_log: false, list: None }.deserialize(&mut json).and_then(|()| json.end());
    match (walk.stopped, walked) {
        (Some(stopped), _) => Err(stopped),
        (None, Err(error)) => Err(Stop::Bad(problem(&error, 1))),
        (None, Ok(())) => Ok(walk.found),
    }
}

fn problem(error: &serde_json::Error, first_line: usize) -> Problem {
    let what = error.to_string();
    let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
    let line = (first_line + error.line()).saturating_sub(1);
    let column = if first_line == 1 || error.line() > 1 { error.column() } else { 0 };
    Problem { line, column, what: format!("is no JSON: {what}") }
}

/// How far the walk has come.
struct Walk<'t, 's, 'a, 'e> {
    text: &'t str,
    sink: &'s mut Sink<'a, 'e>,
    /// A byte of the text, and the line that it is on.
    at: usize,
    line: usize,
    found: Option<List>,
    stopped: Option<Stop>,
}

impl Walk<'_, '_, '_, '_> {
    /// The line of an item, which is a part of the text and stands behind those before it.
    fn line_of(&mut self, item: &str) -> usize {
        let offset = (item.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count();
        self.at = self.at.max(offset);
        self.line
    }

    fn item(&mut self, list: List, raw: &RawValue) -> Result<(), Stop> {
        let line = self.line_of(raw.get());
        match node(raw.get(), line) {
            Ok(node) => self.sink.item(list, (&node, self.at), None),
            Err(problem) => {
                // Browsers list texts that were cut between the halves of a character.
                let whole = without_halves(raw.get()).ok_or(problem)?;
                self.sink.item(list, (&node(&whole, line)?, self.at), Some(HALVES))
            }
        }
    }
}

/// What becomes of surrogates without their other half, which no UTF-8 text holds (RFC 3629 §3).
const HALVES: &str =
    "halves of characters (lone surrogates) are not carried over; U+FFFD stands in their place";

/// The text with the escapes of lone surrogates (RFC 8259 §8.2) replaced; `None` if there are none.
fn without_halves(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut done, mut at) = (String::new(), 0, 0);
    while let Some(next) = memchr::memchr(b'\\', text.as_bytes().get(at..)?) {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(text.get(done..at)?);
                out.push_str("\\ufffd");
                done = at + 6;
                6
            }
            // An escaped backslash does not begin another escape.
            _ => 2,
        };
    }
    out.push_str(text.get(done..)?);
    (done > 0).then_some(out)
}

/// One interaction as a tree.
fn node(text: &str, line: usize) -> Result<Node, Problem> {
    let mut json = serde_json::Deserializer::from_str(text);
    Tree { line }.deserialize(&mut json).map_err(|error| problem(&error, line))
}

/// Values that no list can be in.
macro_rules! passed_over {
    ($($visit:ident: $value:ty),*) => {
        $(fn $visit<E>(self, _: $value) -> Result<(), E> {
            Ok(())
        })*
    };
}

/// A place on the way to the list.
struct At<'w, 't, 's, 'a, 'e> {
    walk: &'w mut Walk<'t, 's, 'a, 'e>,
    in_log: bool,
    /// It is the list.
    list: Option<List>,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_, '_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let list = List::of(&key, self.in_log);
            let into_log = key == "log" && !self.in_log;
            self.walk.sink.cassette |= key == "overdub" && !self.in_log;
            if self.list.is_none() && (list.is_some() || into_log) {
                map.next_value_seed(At { walk: self.walk, in_log: self.in_log || into_log, list })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let walk = self.walk;
        let list = match self.list {
            Some(list) => list,
            None if self.in_log => return while_ignored(items),
            None => List::Top,
        };
        walk.found = Some(list);
        walk.sink.list(list);
        let mut ended = Ok(());
        while ended.is_ok()
            && let Some(raw) = items.next_element::<&'de RawValue>()?
        {
            ended = walk.item(list, raw);
        }
        ended.map_err(|stopped| {
            walk.stopped = Some(stopped);
            A::Error::custom("stopped")
        })
    }

    passed_over!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<(), E> {
        if let Some(list) = self.list {
            self.walk.sink.found = true;
            self.walk.found = Some(list);
        }
        Ok(())
    }
}

fn while_ignored<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Makes a tree of a value. All of it counts as on the line of the interaction.
#[derive(Clone, Copy)]
struct Tree {
    line: usize,
}

impl Tree {
    fn of(self, value: Value) -> Node {
        Node { line: self.line, value }
    }
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.of(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(self.of(Value::Text(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(self.of(Value::Text(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(self.of(Value::Text(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(self.of(Value::Text(value.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(self.of(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(self.of(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(self.of(Value::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(self.of(Value::Map(entries)))
    }
}
