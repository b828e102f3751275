//! A miss that explains itself: the request, what is in force, what came close, and what to do.

use std::fmt::Write as _;

use super::bindings::Timelines;
use super::index::Index;
use super::session::Place;
use super::timeline::Timeline;
use crate::cassette::RecordedRequest;
use crate::http::Request;
use crate::matching::{Difference, Hidden, NearMiss, near_misses};

/// How many cassettes are named.
const NAMED: usize = 5;

/// Why nothing was due.
#[derive(Debug)]
pub(super) enum Reason {
    /// No recording has this request's key.
    NeverRecorded,
    /// Recordings there are, by timeline and ordinal, all given already.
    UsedUp(Vec<(usize, usize)>),
    /// Only 304s were recorded, and the request sets no condition.
    OnlyConditional,
    /// The client asked for a cassette that is not loaded.
    NoSuchCassette(String),
}

impl Reason {
    /// Adds recordings that were all given already.
    pub(super) fn used_up(&mut self, place: Place, recordings: &[usize]) {
        let mut used = match std::mem::replace(self, Self::NeverRecorded) {
            Self::UsedUp(used) => used,
            _ => Vec::new(),
        };
        used.extend(recordings.iter().map(|&ordinal| (place.timeline, ordinal)));
        *self = Self::UsedUp(used);
    }
}

/// What a report is made from.
pub(super) struct Scope<'a> {
    pub(super) index: &'a Index,
    /// What the session's client sends in the place of what was recorded.
    pub(super) bindings: Option<&'a Timelines>,
    /// The only one that was asked.
    pub(super) pinned: Option<usize>,
    /// Fields whose values are not shown.
    pub(super) hidden: Hidden<'a>,
}

/// The report, first line first.
pub(super) fn report(request: &Request, body: &[u8], reason: &Reason, scope: &Scope<'_>) -> Vec<String> {
    let line = format!("{} {}", request.head.method, request.target());
    let mut lines = vec![match reason {
        Reason::NeverRecorded => format!("never recorded: {line}"),
        Reason::UsedUp(_) => format!("recorded, but already used: {line}"),
        Reason::OnlyConditional => format!("recorded only as 304 Not Modified: {line}"),
        Reason::NoSuchCassette(name) => {
            format!("no cassette named `{}` is loaded: {line}", name.escape_debug())
        }
    }];
    lines.push(scope.in_force());
    match reason {
        Reason::UsedUp(used) => {
            for &(timeline, ordinal) in used.iter().take(NAMED) {
                lines.push(format!("used: {}", scope.recording(timeline, ordinal)));
            }
        }
        Reason::NeverRecorded => scope.closest(request, body, &mut lines),
        Reason::OnlyConditional | Reason::NoSuchCassette(_) => {}
    }
    lines.push(advice(reason).to_owned());
    lines
}

impl Scope<'_> {
    fn asked(&self) -> impl Iterator<Item = (usize, &Timeline)> {
        self.index
            .timelines
            .iter()
            .enumerate()
            .filter(|(number, _)| self.pinned.is_none_or(|pinned| pinned == *number))
    }

    fn in_force(&self) -> String {
        let mut text = String::from("cassettes in force: ");
        for (index, (_, timeline)) in self.asked().take(NAMED).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let _ = write!(
                text,
                "{separator}{} ({})",
                timeline.cassette.name,
                timeline.cassette.interactions.len()
            );
        }
        match self.pinned {
            Some(_) => text.push_str(", asked for by x-overdub-cassette"),
            None if self.index.timelines.len() > NAMED => {
                let _ = write!(text, " and {} more", self.index.timelines.len() - NAMED);
            }
            None => {}
        }
        text
    }

    fn closest(&self, request: &Request, body: &[u8], lines: &mut Vec<String>) {
        // One recording per key: the others of a key differ from the request in the same way.
        let recorded = self.asked().flat_map(|(number, timeline)| {
            let upstream = timeline.cassette.header.upstream.as_str();
            timeline.tracks.iter().filter_map(move |track| {
                let ordinal = *track.recordings.first()?;
                Some(((number, ordinal), &timeline.cassette.interactions[ordinal].request, upstream))
            })
        });
        let near = near_misses((&request.head.method, request.target(), body), self.hidden, recorded);
        if near.is_empty() {
            lines.push("closest: nothing like it was recorded".to_owned());
        }
        for NearMiss { tag: (timeline, ordinal), differences, more } in near {
            lines.push(format!("closest: {}", self.recording(timeline, ordinal)));
            for Difference { field, sent, recorded } in differences {
                let shown = |value: Option<String>| value.unwrap_or_else(|| "(none)".to_owned());
                lines.push(format!("  {field}: sent {}, recorded {}", shown(sent), shown(recorded)));
            }
            if more > 0 {
                lines.push(format!("  and {more} more differences"));
            }
        }
    }

    /// `sms #3 (recordings/sms.yaml:41) POST /api/v1/users`
    fn recording(&self, timeline: usize, ordinal: usize) -> String {
        let cassette = &self.index.timelines[timeline].cassette;
        let interaction = &cassette.interactions[ordinal];
        let (number, path, line) = (ordinal + 1, cassette.path.display(), interaction.line);
        let RecordedRequest { method, url, .. } = &interaction.request;
        format!("{} #{number} ({path}:{line}) {method} {url}", cassette.name)
    }
}

fn advice(reason: &Reason) -> &'static str {
    match reason {
        Reason::NeverRecorded => {
            "what to do: record it (`overdub record --append …`), or let the client send what was recorded"
        }
        Reason::UsedUp(_) => {
            "what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in \
             the cassette (or --repeat) allows it again"
        }
        Reason::OnlyConditional => "what to do: record it without If-None-Match and If-Modified-Since",
        Reason::NoSuchCassette(_) => {
            "what to do: load it with -c, or leave out the x-overdub-cassette header"
        }
    }
}
