//! From a document to its text: what was not changed keeps its bytes.

use std::borrow::Cow;

use super::document::{Document, Id, Member};
use super::parsed::Kind;

impl Document {
    /// The whole text.
    pub(crate) fn text(&self) -> String {
        self.text_of(self.root())
    }

    /// The text of one value.
    pub(crate) fn text_of(&self, id: Id) -> String {
        if !Self::is_first(id) || id != self.root() {
            let mut out = String::new();
            self.write(id, &mut out);
            return out;
        }
        let source = self.source(id);
        let (text, span) = (source.text(), source.span(0));
        // Most changes are small: what was there and a little more has room without being moved.
        let mut out = String::with_capacity(text.len() + 256);
        // What stands around the outermost value, a newline at the end mostly, belongs to the text.
        out.push_str(source.slice(0..span.start));
        self.write(id, &mut out);
        out.push_str(source.slice(span.end..text.len()));
        out
    }

    fn write(&self, id: Id, out: &mut String) {
        if !self.is_dirty(id) {
            out.push_str(self.raw(id));
            return;
        }
        match self.edited(id) {
            Some(members) => self.write_members(id, members, out),
            None => self.write_below(id, out),
        }
    }

    /// A container whose members are those that were read, but for the values of some: what stands between these is
    /// copied as a whole.
    fn write_below(&self, id: Id, out: &mut String) {
        let source = self.source(id);
        let mut from = source.span(Self::node(id)).start;
        for (kid, now) in self.members(id).filter(|&(kid, now)| kid != now || self.is_dirty(kid)) {
            let span = source.span(Self::node(kid));
            out.push_str(source.slice(from..span.start));
            self.write(now, out);
            from = span.end;
        }
        out.push_str(source.slice(from..source.span(Self::node(id)).end));
    }

    fn write_members(&self, id: Id, members: &[Member], out: &mut String) {
        let style = Style::of(self, id);
        let is_object = self.kind(id) == Kind::Object;
        out.push(if is_object { '{' } else { '[' });
        for (place, member) in members.iter().enumerate() {
            out.push_str(match place {
                0 => style.first,
                _ => self.gap(member).unwrap_or(&style.between),
            });
            if is_object {
                self.write_name(member, style.colon, out);
            }
            self.write(member.id, out);
        }
        if !members.is_empty() {
            out.push_str(style.last);
        }
        out.push(if is_object { '}' } else { ']' });
    }

    /// `"name": `, with the spacing that the member's place had.
    fn write_name(&self, member: &Member, colon: &str, out: &mut String) {
        if let (None, Some(place)) = (&member.key, member.place) {
            let (source, node) = (self.source(place), Self::node(place));
            out.push_str(source.slice(source.key_span(node).start..source.span(node).start));
        } else {
            out.push_str(self.raw_key(member));
            out.push_str(colon);
        }
    }

    /// What stood before a member when the document was read.
    fn gap(&self, member: &Member) -> Option<&str> {
        let place = member.place?;
        let (source, node) = (self.source(place), Self::node(place));
        let kids = source.kids(source.node(node).parent);
        // Nodes are numbered in the order of the text.
        let before = kids.get(kids.binary_search(&node).ok()?.checked_sub(1)?)?;
        Some(source.slice(source.span(*before).end..start(source, node)))
    }
}

/// Where a member begins: at its name, if it has one.
fn start(source: &super::Parsed, node: u32) -> usize {
    let key = source.key_span(node);
    if key.is_empty() { source.span(node).start } else { key.start }
}

/// How a container is spaced.
struct Style<'a> {
    /// After the opening bracket.
    first: &'a str,
    between: Cow<'a, str>,
    /// Before the closing bracket.
    last: &'a str,
    colon: &'a str,
}

impl<'a> Style<'a> {
    fn of(document: &'a Document, id: Id) -> Self {
        let source = document.source(id);
        let kids = source.kids(Document::node(id));
        let span = source.span(Document::node(id));
        let (Some(&head), Some(&tail)) = (kids.first(), kids.last()) else {
            return Self { first: "", between: ",".into(), last: "", colon: ":" };
        };
        let first = source.slice(span.start + 1..start(source, head));
        let last = source.slice(source.span(tail).end..span.end.saturating_sub(1));
        let between = match kids.get(1) {
            Some(&second) => source.slice(source.span(head).end..start(source, second)).into(),
            // A member on a line of its own: the next one gets such a line too.
            None => format!(",{first}").into(),
        };
        let key = source.key_span(head);
        let colon = if key.is_empty() { ":" } else { source.slice(key.end..source.span(head).start) };
        Self { first, between, last, colon }
    }
}
