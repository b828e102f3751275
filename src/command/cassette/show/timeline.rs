//! A line per interaction.

use std::io::{self, Write};
use std::time::Duration;

use super::state;
use crate::cassette::{Cassette, Interaction, RequestBody};
use crate::clock::{self, Timestamp};
use crate::command::terminal::{Cell, Paint, Table, bytes, counted, printable, width};
use crate::profile::Profile;

/// The column that is cut where a line is too long.
const PATH: usize = 3;

/// Longest state that is shown (characters).
const STATE: usize = 48;

pub(super) fn write(
    cassette: &Cassette,
    profile: &Profile,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    head(cassette, paint, out)?;
    let titles = ["#", "at", "method", "path", "status", "state", "took", "sent", "received"];
    let is_number = |column: usize| matches!(column, 0 | 1 | 6..);
    let mut table = Table::default();
    let titles = titles.into_iter().enumerate().map(|(column, title)| {
        let title = Cell::painted(title, Paint::dim);
        if is_number(column) { title.right() } else { title }
    });
    table.row(titles.collect());
    let began = cassette.interactions.iter().find_map(|own| own.at);
    let mut last = None;
    for (index, own) in cassette.interactions.iter().enumerate() {
        let state = state(own, profile);
        let mut row = vec![
            Cell::painted((index + 1).to_string(), Paint::dim).right(),
            Cell::of(offset(own.at, began)).right(),
            Cell::of(own.request.method.as_str()),
            Cell::of(printable(&own.request.url)),
            status(own),
            changed(state.as_deref(), last.as_deref()),
            Cell::of(own.took.map(spent).unwrap_or_default()).right(),
        ];
        let sent = match &own.request.body {
            RequestBody::Unrecorded => "?".to_owned(),
            body => size(body.bytes().map_or(0, bytes::Bytes::len)),
        };
        let received = size(own.response.body.as_ref().map_or(0, |body| body.bytes.len()));
        row.extend([Cell::of(sent).right(), Cell::of(received).right()]);
        table.row(row);
        last = state.or(last);
    }
    out.write_all(table.text(paint, width(), PATH).as_bytes())
}

/// What the cassette is.
fn head(cassette: &Cassette, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let header = &cassette.header;
    let number = counted(cassette.interactions.len(), "interaction");
    let mut told = vec![format!("{number} with {}", printable(&header.upstream))];
    let at = cassette.interactions.iter().find_map(|own| own.at);
    told.extend(at.map(|at| format!("recorded {}", clock::rfc3339(at))));
    told.extend(header.recorded_with.as_deref().map(|with| format!("by {}", printable(with))));
    told.extend(header.profile.as_deref().map(|profile| format!("profile {}", printable(profile))));
    let stand_ins: usize = cassette.interactions.iter().map(|own| own.stand_ins.len()).sum();
    if stand_ins > 0 {
        told.push(counted(stand_ins, "stand-in"));
    }
    writeln!(out, "{}: {}\n", paint.bold(&printable(&cassette.name)), told.join(", "))
}

fn status(own: &Interaction) -> Cell {
    let status = own.response.status;
    let paint = match status.as_u16() {
        400.. => Paint::red,
        300..400 => Paint::yellow,
        _ => Paint::green,
    };
    Cell::painted(status.as_str(), paint)
}

/// The state, with an arrow where it is another than the last one told.
fn changed(state: Option<&str>, last: Option<&str>) -> Cell {
    let Some(state) = state else { return Cell::of("") };
    let cut = |text: &str| crate::command::terminal::shortened(&printable(text), STATE);
    if last.is_some_and(|last| last != state) {
        Cell::painted(format!("-> {}", cut(state)), Paint::bold)
    } else {
        Cell::of(format!("   {}", cut(state)))
    }
}

/// How long after the first: `+1.200s`; nothing where it is not known.
fn offset(at: Option<Timestamp>, began: Option<Timestamp>) -> String {
    let (Some(at), Some(began)) = (at, began) else { return String::new() };
    let millis = at.as_millisecond() - began.as_millisecond();
    let (sign, millis) = (if millis < 0 { '-' } else { '+' }, millis.unsigned_abs());
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{sign}{seconds}.{:03}s", millis % 1000),
        60..3600 => format!("{sign}{}m {:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{sign}{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{sign}{}d {:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// `182ms`, `1.5s`.
pub(super) fn spent(took: Duration) -> String {
    let millis = took.as_millis();
    if millis < 1000 { format!("{millis}ms") } else { format!("{}.{}s", millis / 1000, millis % 1000 / 100) }
}

fn size(number: usize) -> String {
    if number == 0 { "-".to_owned() } else { bytes(number as u64) }
}
