//! A miss that explains itself: the request, what is in force, what came close, and what to do.

use std::fmt::Write as _;

use super::timeline::Timeline;
use crate::http::Request;
use crate::matching::{Matcher, NearMiss, near_misses};

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

/// The report, first line first.
pub(super) fn report(
    request: &Request,
    body: &[u8],
    reason: &Reason,
    timelines: &[Timeline],
    matcher: &Matcher,
) -> Vec<String> {
    let line = format!("{} {}", request.head.method, request.target());
    let mut lines = vec![match reason {
        Reason::NeverRecorded => format!("never recorded: {line}"),
        Reason::UsedUp(_) => format!("recorded, but already used: {line}"),
        Reason::OnlyConditional => format!("recorded only as 304 Not Modified: {line}"),
        Reason::NoSuchCassette(name) => format!("no cassette named `{name}` is loaded: {line}"),
    }];
    lines.push(in_force(timelines));
    match reason {
        Reason::UsedUp(used) => {
            for &(timeline, ordinal) in used.iter().take(NAMED) {
                lines.push(format!("used: {}", place(timelines, timeline, ordinal)));
            }
        }
        Reason::NeverRecorded => closest(request, body, timelines, matcher, &mut lines),
        Reason::OnlyConditional | Reason::NoSuchCassette(_) => {}
    }
    lines.push(advice(reason).to_owned());
    lines
}

fn in_force(timelines: &[Timeline]) -> String {
    let mut text = String::from("cassettes in force: ");
    for (index, timeline) in timelines.iter().take(NAMED).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let _ =
            write!(text, "{separator}{} ({})", timeline.cassette.name, timeline.cassette.interactions.len());
    }
    if timelines.len() > NAMED {
        let _ = write!(text, " and {} more", timelines.len() - NAMED);
    }
    text
}

fn closest(
    request: &Request,
    body: &[u8],
    timelines: &[Timeline],
    matcher: &Matcher,
    lines: &mut Vec<String>,
) {
    let recorded = timelines.iter().enumerate().flat_map(|(number, timeline)| {
        let upstream = timeline.cassette.header.upstream.as_str();
        let interactions = timeline.cassette.interactions.iter().enumerate();
        interactions.map(move |(ordinal, own)| ((number, ordinal), &own.request, upstream))
    });
    let near = near_misses(matcher, (&request.head.method, request.target(), body), recorded);
    if near.is_empty() {
        lines.push("closest: nothing like it was recorded".to_owned());
    }
    for NearMiss { tag: (timeline, ordinal), differences, more, .. } in near {
        lines.push(format!("closest: {}", place(timelines, timeline, ordinal)));
        for difference in differences {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "(none)".to_owned());
            lines.push(format!(
                "  {}: sent {}, recorded {}",
                difference.field,
                shown(difference.sent),
                shown(difference.recorded)
            ));
        }
        if more > 0 {
            lines.push(format!("  and {more} more differences"));
        }
    }
}

/// `sms #3 (recordings/sms.yaml:41) POST /api/v1/users`
fn place(timelines: &[Timeline], timeline: usize, ordinal: usize) -> String {
    let cassette = &timelines[timeline].cassette;
    let interaction = &cassette.interactions[ordinal];
    format!(
        "{} #{} ({}:{}) {} {}",
        cassette.name,
        ordinal + 1,
        cassette.path.display(),
        interaction.line,
        interaction.request.method,
        interaction.request.url
    )
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
