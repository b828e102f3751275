//! What is printed for people: colour where it is wanted, and lines that fit.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};

use crate::cassette::format::is_invisible;

/// Puts colour on text, or leaves it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    colour: bool,
}

impl Paint {
    /// For stdout: coloured on a terminal, unless `NO_COLOR` (`no-color.org`) or `CLICOLOR=0` forbid it; elsewhere only if
    /// `CLICOLOR_FORCE` asks for it (`bixense.com/clicolors`).
    pub(super) fn on_stdout() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_off = |name| set(name).is_some_and(|value| value == "0");
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let able = io::stdout().is_terminal() && set("TERM").is_none_or(|term| term != "dumb");
        Self { colour: set("NO_COLOR").is_none() && (forced || able && !is_off("CLICOLOR")) }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Columns of the terminal, or what `COLUMNS` says; `None` where nobody counts them.
pub(super) fn width() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    set.or_else(own).filter(|columns| *columns > 0)
}

/// A text of at most so many characters, cut before its middle, where a path has its ids.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    if length <= longest {
        return text.to_owned();
    }
    // The end of a path tells more than its beginning.
    let kept = longest.saturating_sub(1);
    let head: String = text.chars().take(kept / 3).collect();
    let tail: String = text.chars().skip(length - (kept - kept / 3)).collect();
    format!("{head}…{tail}")
}

/// Text of a file that anybody may have written, in one line and without what moves a terminal's cursor.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same of a text of several lines.
pub(super) fn printable_lines(text: &str) -> String {
    let lines = text.split_inclusive(['\n', '\t']);
    lines
        .map(|line| {
            let end = line.len() - usize::from(line.ends_with(['\n', '\t']));
            printable(&line[..end]) + &line[end..]
        })
        .collect()
}

/// `3 files`, `1 file`, `2 misses`.
pub(super) fn counted<N: Copy + Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    let plural = match what {
        _ if number == N::from(1) => "",
        what if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {what}{plural}")
}

/// `512 B`, `1.4 kB`, `20.0 MB`: powers of 1000.
pub(super) fn bytes(number: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", number / unit, number % unit * 10 / unit);
    match number {
        0..1000 => format!("{number} B"),
        1000..1_000_000 => format!("{} kB", tenths(1000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// Rows whose columns stand under each other.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
}

/// What stands in a column, and in which colour.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    paint: fn(Paint, &str) -> String,
    right: bool,
}

impl Cell {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), paint: |_, text| text.to_owned(), right: false }
    }

    pub(super) fn painted(text: impl Into<String>, paint: fn(Paint, &str) -> String) -> Self {
        Self { paint, ..Self::of(text) }
    }

    /// With its end at the column's end, as numbers stand.
    pub(super) fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

impl Table {
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Its lines. `gives` is the column that is cut where a line is longer than `width`.
    pub(super) fn text(mut self, paint: Paint, width: Option<usize>, gives: usize) -> String {
        let length = |cell: &Cell| cell.text.chars().count();
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |rows: &[Vec<Cell>], column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..columns).map(|column| widest(&self.rows, column)).collect();
        let whole = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
        if let (Some(width), Some(own)) = (width, widths.get_mut(gives)) {
            *own = own.saturating_sub(whole.saturating_sub(width)).max(LEAST);
        }
        let mut out = String::new();
        for row in &mut self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter_mut().zip(&widths).enumerate() {
                if column == gives {
                    cell.text = shortened(&cell.text, *width);
                }
                let missing = " ".repeat(width.saturating_sub(length(cell)));
                let painted = (cell.paint)(paint, &cell.text);
                let gap = if column == 0 { "" } else { "  " };
                line.push_str(gap);
                line.push_str(&if cell.right {
                    missing + painted.as_str()
                } else {
                    painted + missing.as_str()
                });
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Characters of a cut column that say something still.
const LEAST: usize = 16;
