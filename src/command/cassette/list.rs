//! `overdub cassette list`: which cassettes there are.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::json;

use super::glance::Glance;
use super::sources;
use crate::cassette::{Origin, Source};
use crate::cli::CassetteListArgs;
use crate::clock;
use crate::command::Failure;
use crate::command::terminal::{Cell, Paint, Table, bytes, counted, printable, width};

/// One cassette, as it is told.
#[derive(Serialize)]
struct Listed {
    name: String,
    /// Where its file is; none for one that ships.
    path: Option<String>,
    shipped: bool,
    interactions: usize,
    upstream: String,
    profile: Option<String>,
    recorded_with: Option<String>,
    /// When its first dated interaction was recorded.
    recorded_at: Option<String>,
    /// Size in bytes, with the bodies beside it.
    bytes: u64,
    /// How many stand-ins it declares.
    stand_ins: usize,
    /// Why it cannot be played.
    error: Option<String>,
}

pub(super) fn run(args: &CassetteListArgs) -> Result<(), Failure> {
    let listed: Vec<_> = sources(&args.names)?.iter().map(describe).collect();
    let text = if args.json { json!({ "cassettes": listed }).to_string() + "\n" } else { table(&listed) };
    // Nobody reads on when stdout is closed.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn describe(source: &Source) -> Listed {
    let path = match &source.origin {
        Origin::File(path) => Some(path.display().to_string()),
        Origin::Shipped(_) => None,
    };
    let mut listed = Listed {
        name: source.name.clone(),
        shipped: path.is_none(),
        path,
        interactions: 0,
        upstream: String::new(),
        profile: None,
        recorded_with: None,
        recorded_at: None,
        bytes: 0,
        stand_ins: 0,
        error: None,
    };
    let glance = match Glance::at(source) {
        Ok(glance) => glance,
        Err(error) => {
            listed.error = Some(error.to_string());
            return listed;
        }
    };
    let own = &glance.reading.cassette;
    listed.interactions = own.interactions.len();
    listed.upstream.clone_from(&own.header.upstream);
    listed.profile.clone_from(&own.header.profile);
    listed.recorded_with.clone_from(&own.header.recorded_with);
    listed.recorded_at = own.interactions.iter().find_map(|own| own.at).map(clock::rfc3339);
    listed.bytes = glance.bytes;
    listed.stand_ins = own.interactions.iter().map(|own| own.stand_ins.len()).sum();
    listed
}

/// A line for each, and what is wrong with those that cannot be read.
fn table(listed: &[Listed]) -> String {
    let paint = Paint::on_stdout();
    let titles = ["name", "interactions", "upstream", "profile", "recorded", "size", "stand-ins"];
    let mut table = Table::default();
    let titles = titles.iter().enumerate().map(|(column, title)| {
        let title = Cell::painted(*title, Paint::dim);
        if matches!(column, 1 | 5 | 6) { title.right() } else { title }
    });
    table.row(titles.collect());
    for own in listed.iter().filter(|own| own.error.is_none()) {
        let told = |text: &Option<String>| printable(text.as_deref().unwrap_or("-"));
        // The day and the time of day; nobody compares cassettes by milliseconds.
        let recorded = own.recorded_at.as_deref().and_then(|at| at.get(..16)).map(|at| at.replace('T', " "));
        let name = if own.shipped { format!("{} (shipped)", own.name) } else { own.name.clone() };
        table.row(vec![
            Cell::painted(printable(&name), Paint::bold),
            Cell::of(own.interactions.to_string()).right(),
            Cell::of(printable(&own.upstream)),
            Cell::of(told(&own.profile)),
            Cell::of(told(&recorded)),
            Cell::of(bytes(own.bytes)).right(),
            Cell::of(own.stand_ins.to_string()).right(),
        ]);
    }
    let failed: Vec<_> = listed.iter().filter_map(|own| own.error.as_deref()).collect();
    let mut text = if failed.len() < listed.len() { table.text(paint, width(), 2) } else { String::new() };
    for error in &failed {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{} {error}", paint.red("ERROR"));
    }
    if !failed.is_empty() {
        let told = counted(failed.len(), "cassette");
        let _ = writeln!(text, "{told} cannot be read");
    }
    text
}
