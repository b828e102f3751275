//! An interaction with all its headers and bodies, as messages are written down.

use std::fmt::Write as _;
use std::io::{self, Write};

use http::HeaderMap;

use super::Chosen;
use super::timeline::spent;
use crate::cassette::{Interaction, RequestBody};
use crate::clock;
use crate::command::terminal::{Paint, bytes, printable};

pub(super) fn write(chosen: &Chosen<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    for (number, own) in chosen.numbered() {
        if number > chosen.first {
            out.write_all(b"\n\n")?;
        }
        let text = interaction(chosen, number, own, paint);
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn interaction(chosen: &Chosen<'_>, number: usize, own: &Interaction, paint: Paint) -> String {
    let cassette = chosen.cassette;
    let mut title = format!("{}#{number}", printable(&cassette.name));
    // Writing to a string cannot fail, here and below.
    let _ = write!(title, "  {}:{}", cassette.path.display(), own.line);
    let mut text = paint.dim(&title) + "\n";
    let mut facts: Vec<String> = own.at.map(|at| format!("at {}", clock::rfc3339(at))).into_iter().collect();
    facts.extend(own.took.map(|took| format!("took {}", spent(took))));
    if !facts.is_empty() {
        text.push_str(&(paint.dim(&facts.join(", ")) + "\n"));
    }
    for (stand_in, of_type) in &own.stand_ins {
        text.push_str(&paint.dim(&format!("stand-in {}: {}", printable(stand_in), of_type.name())));
        text.push('\n');
    }
    let request = &own.request;
    let line = format!("{} {}", request.method, printable(&request.url));
    let _ = writeln!(text, "\n{}", paint.bold(&line));
    headers(&mut text, &request.headers, paint);
    match &request.body {
        RequestBody::Empty => {}
        RequestBody::Unrecorded => {
            let _ = writeln!(text, "\n{}", paint.dim("(its body was not recorded)"));
        }
        RequestBody::Bytes(bytes) => body(&mut text, bytes, paint),
    }
    let response = &own.response;
    let reason = response.status.canonical_reason().unwrap_or_default();
    let line = format!("{} {reason}", response.status.as_u16());
    let line = line.trim_end();
    let good = response.status.is_success();
    let _ = writeln!(text, "\n{}", if good { paint.green(line) } else { paint.red(line) });
    headers(&mut text, &response.headers, paint);
    if let Some(own) = &response.body {
        body(&mut text, &own.bytes, paint);
    }
    if !response.trailers.is_empty() {
        text.push('\n');
        headers(&mut text, &response.trailers, paint);
    }
    text
}

fn headers(text: &mut String, headers: &HeaderMap, paint: Paint) {
    for (name, value) in headers {
        let value = printable(&String::from_utf8_lossy(value.as_bytes()));
        let _ = writeln!(text, "{} {value}", paint.dim(&format!("{name}:")));
    }
}

/// JSON laid out, other text as it is, and of other bytes how many they are.
fn body(text: &mut String, body: &[u8], paint: Paint) {
    text.push('\n');
    let laid_out = serde_json::from_slice::<serde_json::Value>(body).map(|value| format!("{value:#}"));
    match (laid_out, std::str::from_utf8(body)) {
        (Ok(json), _) => lines(text, &json),
        (_, Ok(own)) => lines(text, own),
        _ => {
            let told = format!("({}, no text)", bytes(body.len() as u64));
            let _ = writeln!(text, "{}", paint.dim(&told));
        }
    }
}

fn lines(text: &mut String, own: &str) {
    for line in own.lines() {
        text.push_str(&printable(line));
        text.push('\n');
    }
}
