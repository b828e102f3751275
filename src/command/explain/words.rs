//! A pasted shell line as words.

use std::iter::Peekable;
use std::str::Chars;

/// The words of a line as POSIX shells read them, with bash's `$'…'`, or as Windows' command prompt has them, where a caret
/// escapes what follows. No variable and no command is looked at.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    let line = if line.contains("^\"") || line.contains("^\n") || line.contains("^\r\n") {
        without_carets(line)
    } else {
        line.replace("\\\r\n", "\\\n")
    };
    shell_words::split(&plain(&line)?).map_err(|_| "the line ends within quotes".to_owned())
}

/// The line with each `$'…'` (bash, "ANSI-C Quoting") as a plain quotation.
fn plain(line: &str) -> Result<String, String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    let mut quote = None;
    while let Some(character) = rest.next() {
        match (quote, character) {
            (None, '$') if rest.peek() == Some(&'\'') => {
                rest.next();
                let text = ansi(&mut rest)?;
                out.push_str(&shell_words::quote(&text));
                continue;
            }
            (None | Some('"'), '\\') => {
                out.push(character);
                out.extend(rest.next());
                continue;
            }
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        out.push(character);
    }
    Ok(out)
}

type Rest<'a> = Peekable<Chars<'a>>;

/// What stands in `$'…'`, the opening quote read already.
fn ansi(rest: &mut Rest<'_>) -> Result<String, String> {
    let mut bytes = Vec::new();
    loop {
        let character = rest.next().ok_or("the line ends within $'…'")?;
        let mut buffer = [0; 4];
        match character {
            '\'' => break,
            '\\' => escape(rest, &mut bytes)?,
            other => bytes.extend_from_slice(other.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What an escape stands for, its backslash read already.
fn escape(rest: &mut Rest<'_>, bytes: &mut Vec<u8>) -> Result<(), String> {
    let character = rest.next().ok_or("the line ends within $'…'")?;
    let plain = match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'a' => '\x07',
        'b' => '\x08',
        'e' | 'E' => '\x1b',
        'f' => '\x0c',
        'v' => '\x0b',
        'u' => unit(rest, 4),
        'U' => unit(rest, 8),
        'x' | '0'..='7' => {
            let value = match character.to_digit(8).filter(|_| character != 'x') {
                Some(first) => {
                    (0..2).fold(first, |value, _| digits(rest, 8, 1).map_or(value, |own| value * 8 + own))
                }
                None => digits(rest, 16, 2).unwrap_or_default(),
            };
            bytes.push(u8::try_from(value & 0xff).unwrap_or_default());
            return Ok(());
        }
        '\\' | '\'' | '"' | '?' => character,
        _ => {
            bytes.push(b'\\');
            character
        }
    };
    bytes.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(())
}

/// At most so many digits.
fn digits(rest: &mut Rest<'_>, radix: u32, most: usize) -> Option<u32> {
    let mut value = None;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else { break };
        rest.next();
        value = Some(value.unwrap_or(0_u32).wrapping_mul(radix).wrapping_add(digit));
    }
    value
}

/// A character by its number: browsers write those beyond the first 65,536 as two UTF-16 units.
fn unit(rest: &mut Rest<'_>, most: usize) -> char {
    let first = digits(rest, 16, most).unwrap_or_default();
    let value = match (first, rest.peek()) {
        (0xd800..=0xdbff, Some('\\')) => {
            rest.next();
            rest.next_if_eq(&'u');
            let second = digits(rest, 16, 4).unwrap_or_default();
            0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff)
        }
        _ => first,
    };
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// As Windows' command prompt reads carets: one before the end of a line joins it to the next, any other is taken off what
/// it escapes.
fn without_carets(line: &str) -> String {
    let line = line.replace("\r\n", "\n");
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            '^' => match rest.next() {
                Some('\n') => out.push(' '),
                Some(next) => out.push(next),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_the_shell_it_was_made_for_reads_it() {
        for (line, expected) in [
            (r#"curl -H 'a: b' "c d" e\ f"#, vec!["curl", "-H", "a: b", "c d", "e f"]),
            ("curl \\\n  -d 'x'\\\r\n  y", vec!["curl", "-d", "x", "y"]),
            (r#"-d $'{"a":"it\'s","b":"\u0021\n\x41\101"}'"#, vec!["-d", "{\"a\":\"it's\",\"b\":\"!\nAA\"}"]),
            (r"$'\ud83d\ude00' '$'x", vec!["😀", "$x"]),
            (r#"'a'$'b'"c""#, vec!["abc"]),
            (r#""it's $'no'""#, vec!["it's $'no'"]),
            (
                "curl ^\"https://h/a?x=1^&y=2^\" ^\n  -H ^\"a: b^\"",
                vec!["curl", "https://h/a?x=1&y=2", "-H", "a: b"],
            ),
            (r#"curl --data-raw ^"^{^\^"a^\^":1^}^""#, vec!["curl", "--data-raw", r#"{"a":1}"#]),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
        assert!(words("curl 'x").is_err());
        assert!(words("curl $'x").is_err());
    }
}
