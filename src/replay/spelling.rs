//! How a value is spelled in the place where it stands, so that another one can be spelled alike.

use std::fmt::Write as _;

/// The spelling of a value inside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    Plain,
    /// Inside a JSON string (RFC 8259 §7).
    Json,
    /// Inside a JSON string, with all but letters and digits as `\u0040`.
    Unicode { lower: bool },
    /// Inside HTML text or an attribute.
    Html,
    /// Inside HTML, with all but letters and digits as `&#64;`, or as `&#x40;`.
    Entity { hex: bool },
    /// Percent-encoded (RFC 3986 §2.1).
    Percent { lower: bool },
    /// A segment of a URL's path, spelled with as few escapes as it may be (RFC 3986 §3.3).
    Segment,
    /// A value in a URL's query, likewise.
    Query,
}

/// What every spelling leaves alone: RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

impl Spelling {
    /// The spellings by which a value is recognised in any text.
    pub(super) const RECOGNISED: [Self; 7] = [
        Self::Plain,
        Self::Percent { lower: false },
        Self::Percent { lower: true },
        Self::Unicode { lower: true },
        Self::Unicode { lower: false },
        Self::Entity { hex: false },
        Self::Entity { hex: true },
    ];

    /// Writes `value` in this spelling.
    pub(super) fn write(self, value: &str, out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(value.as_bytes()),
            Self::Json => write_json(value, out),
            Self::Html => write_html(value, out),
            Self::Unicode { lower } => write_units(value, lower, out),
            Self::Entity { hex } => write_entities(value, hex, out),
            Self::Percent { lower } => write_percent(value, lower, |_| false, out),
            Self::Segment => write_percent(value, false, |byte| b"!$&'()*+,;=:@".contains(&byte), out),
            Self::Query => write_percent(value, false, |byte| b"!$'()*,:@/?".contains(&byte), out),
        }
    }

    /// `value` in this spelling.
    pub(super) fn of(self, value: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(value.len());
        self.write(value, &mut out);
        out
    }
}

fn write_json(value: &str, out: &mut Vec<u8>) {
    for character in value.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control < ' ' => push(out, format_args!("\\u{:04x}", u32::from(control))),
            other => push(out, format_args!("{other}")),
        }
    }
}

fn write_html(value: &str, out: &mut Vec<u8>) {
    for &byte in value.as_bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            other => out.push(other),
        }
    }
}

fn write_units(value: &str, lower: bool, out: &mut Vec<u8>) {
    for unit in value.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if is_unreserved(byte) => out.push(byte),
            _ if lower => push(out, format_args!("\\u{unit:04x}")),
            _ => push(out, format_args!("\\u{unit:04X}")),
        }
    }
}

fn write_entities(value: &str, hex: bool, out: &mut Vec<u8>) {
    for character in value.chars() {
        match u8::try_from(character) {
            Ok(byte) if is_unreserved(byte) => out.push(byte),
            _ if hex => push(out, format_args!("&#x{:x};", u32::from(character))),
            _ => push(out, format_args!("&#{};", u32::from(character))),
        }
    }
}

fn write_percent(value: &str, lower: bool, besides: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    for &byte in value.as_bytes() {
        if is_unreserved(byte) || besides(byte) {
            out.push(byte);
        } else if lower {
            push(out, format_args!("%{byte:02x}"));
        } else {
            push(out, format_args!("%{byte:02X}"));
        }
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let mut own = String::new();
    // Writing to a `String` cannot fail.
    let _ = own.write_fmt(text);
    out.extend_from_slice(own.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_escaped_for_the_place_it_comes_to() {
        let of = |own: Spelling| String::from_utf8(own.of("a+\"ü\n@/&=")).unwrap();
        assert_eq!(of(Spelling::Plain), "a+\"ü\n@/&=");
        assert_eq!(of(Spelling::Json), r#"a+\"ü\n@/&="#);
        assert_eq!(
            of(Spelling::Unicode { lower: true }),
            r"a\u002b\u0022\u00fc\u000a\u0040\u002f\u0026\u003d"
        );
        assert_eq!(of(Spelling::Html), "a+&quot;ü\n@/&amp;=");
        assert_eq!(of(Spelling::Entity { hex: true }), "a&#x2b;&#x22;&#xfc;&#xa;&#x40;&#x2f;&#x26;&#x3d;");
        assert_eq!(of(Spelling::Percent { lower: false }), "a%2B%22%C3%BC%0A%40%2F%26%3D");
        assert_eq!(of(Spelling::Segment), "a+%22%C3%BC%0A@%2F&=");
        assert_eq!(of(Spelling::Query), "a%2B%22%C3%BC%0A@/%26%3D");
    }

    proptest! {
        #[test]
        fn what_stands_in_a_json_string_comes_back(value in "\\PC{0,12}[\\x00-\\x7f]{0,12}") {
            for own in [Spelling::Json, Spelling::Unicode { lower: true }, Spelling::Unicode { lower: false }] {
                let text = [b"\"", &own.of(&value)[..], b"\""].concat();
                prop_assert_eq!(serde_json::from_slice::<String>(&text).unwrap(), value.clone());
            }
        }
    }
}
