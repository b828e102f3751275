//! Bodies as YAML: the first form that gives back the very same bytes.
//!
//! `json:` as a structure, `text:`, `base64:`; above a size, `file:` with the bytes in a sidecar.

use std::io;

use data_encoding::BASE64;

use super::emit::push_json;
use super::scalar::{fits_block, push_block, push_indent, push_quoted_lines, push_text};
use super::{SIDECAR_ABOVE, SaveBody};

/// Characters of Base64 per line, so that a diff can be read.
const BASE64_LINE: usize = 100;

/// Appends the line that says how `bytes` are kept, and the bytes, with its key at `indent`.
pub(super) fn push_body(
    out: &mut String,
    bytes: &[u8],
    indent: usize,
    sidecars: &mut dyn SaveBody,
) -> io::Result<()> {
    push_indent(out, indent);
    if bytes.len() > SIDECAR_ABOVE {
        let name = sidecars.save(bytes)?;
        out.push_str("file: ");
        push_text(out, &name);
        out.push('\n');
        return Ok(());
    }
    if push_json(out, bytes, indent + 2) {
        return Ok(());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        out.push_str("text: ");
        if fits_block(text) {
            push_block(out, text, indent + 2);
        } else {
            push_quoted_lines(out, text, indent + 2);
            out.push('\n');
        }
    } else {
        out.push_str("base64: ");
        push_base64(out, bytes, indent + 2);
    }
    Ok(())
}

/// Appends Base64 as a block of lines at `indent`.
pub(super) fn push_base64(out: &mut String, bytes: &[u8], indent: usize) {
    out.push_str("|-\n");
    for line in bytes.chunks(BASE64_LINE / 4 * 3) {
        push_indent(out, indent);
        BASE64.encode_append(line, out);
        out.push('\n');
    }
}
