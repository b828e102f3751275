//! A `.http` file, as the HTTP clients of the `JetBrains` editors and of VS Code (REST Client) read it.
//!
//! Requests are parted by lines that begin with `###`, whose rest is a name. Each is a line `METHOD URL`, headers, an
//! empty line and a body; `@name = value` defines what `{{name}}` stands for. Scripts (`< {% … %}`, `> {% … %}`), files for
//! answers (`>> file`, `<> file`) and comments change nothing.

use std::path::Path;

use ::http::header;

use super::asked::{Asked, is_url, shown};
use super::curl::Read;

/// A request of a file.
#[derive(Debug)]
pub(super) struct InFile {
    /// Its name, if it has one.
    pub(super) name: Option<String>,
    /// Its line.
    pub(super) line: usize,
    /// What is wrong with it, if it cannot be sent as it stands; the others can.
    pub(super) asked: Result<Asked, String>,
}

/// Methods with which a line of a request begins.
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

/// The requests of a file, in order. `read` reads what it names, relative to its folder.
pub(super) fn parse(path: &Path, text: &str, read: Read<'_>) -> Vec<InFile> {
    let mut variables = Vec::new();
    let mut all = Vec::new();
    let lines: Vec<Line<'_>> = (1..).zip(text.lines()).collect();
    let mut blocks: Vec<(Option<String>, &[Line<'_>])> = Vec::new();
    let (mut name, mut start) = (None, 0);
    for (index, (_, line)) in lines.iter().enumerate() {
        if let Some(rest) = line.strip_prefix("###") {
            blocks.push((name, &lines[start..index]));
            name = Some(rest.trim_matches(['#', ' ', '\t']).to_owned()).filter(|name| !name.is_empty());
            start = index + 1;
        }
    }
    blocks.push((name, &lines[start..]));
    for (name, block) in blocks {
        let mut reading = Reading { name, block, variables: &mut variables, read };
        match reading.request() {
            Ok(own) => all.extend(own),
            Err((line, what)) => {
                let asked = Err(format!("{}:{line}: {what}", path.display()));
                all.push(InFile { name: reading.name.take(), line, asked });
            }
        }
    }
    all
}

/// A line and its number.
type Line<'a> = (usize, &'a str);

/// What is wrong, and in which line.
type Problem = (usize, String);

struct Reading<'a> {
    name: Option<String>,
    block: &'a [Line<'a>],
    variables: &'a mut Vec<(String, String)>,
    read: Read<'a>,
}

impl Reading<'_> {
    /// The request of a block, if there is one in it.
    fn request(&mut self) -> Result<Option<InFile>, Problem> {
        let mut lines = self.block.iter().copied().peekable();
        let mut in_script = false;
        let first = loop {
            let Some((number, line)) = lines.next() else { return Ok(None) };
            let text = line.trim();
            if in_script || text.starts_with("< {%") {
                in_script = !text.ends_with("%}");
            } else if let Some(rest) = text.strip_prefix('@') {
                self.define(number, rest)?;
            } else if let Some(name) = named_by(text) {
                self.name = Some(name.to_owned());
            } else if !text.is_empty() && !is_comment(text) {
                break (number, text);
            }
        };
        let (number, mut target) = (first.0, first.1.to_owned());
        // A long query goes on in lines of its own.
        while let Some((_, line)) = lines.next_if(|(_, line)| {
            line.starts_with([' ', '\t']) && line.trim_start().starts_with(['?', '&', '/'])
        }) {
            target.push_str(line.trim());
        }
        let target = self.filled(number, &target)?;
        let mut asked = asked(&target).map_err(|what| (number, what))?;
        for (number, line) in lines.by_ref() {
            let text = line.trim();
            if text.is_empty() {
                break;
            }
            if is_comment(text) {
                continue;
            }
            let text = self.filled(number, text)?;
            let (name, value) = text.split_once(':').ok_or_else(|| {
                let what = "this is no header: write NAME: VALUE, and an empty line before the body";
                (number, what.to_owned())
            })?;
            asked.header(name, value).map_err(|what| (number, what))?;
        }
        if let Some(host) = asked.value(&header::HOST).filter(|_| asked.url.starts_with('/')) {
            asked.url = format!("http://{host}{}", asked.url);
        }
        asked.body = self.body(&asked, lines)?.into();
        Ok(Some(InFile { name: self.name.take(), line: number, asked: Ok(asked) }))
    }

    fn body<'l>(
        &self,
        asked: &Asked,
        lines: impl Iterator<Item = (usize, &'l str)>,
    ) -> Result<Vec<u8>, Problem> {
        let is_form = asked
            .value(&header::CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut in_script = false;
        for (number, line) in lines {
            let text = line.trim();
            if in_script || text.starts_with("> {%") {
                in_script = !text.ends_with("%}");
            } else if text.starts_with(">> ")
                || text.starts_with(">>! ")
                || text.starts_with("<> ")
                || is_handler(text)
            {
            } else if let Some(file) = text.strip_prefix("<@ ") {
                let bytes = (self.read)(file.trim()).map_err(|what| (number, what))?;
                parts.push(self.filled(number, &String::from_utf8_lossy(&bytes))?.into_bytes());
            } else if let Some(file) = text.strip_prefix("< ") {
                parts.push((self.read)(file.trim()).map_err(|what| (number, what))?);
            } else {
                let line = if is_form { text } else { line };
                parts.push(self.filled(number, line)?.into_bytes());
            }
        }
        while parts.last().is_some_and(|part| part.trim_ascii().is_empty()) {
            parts.pop();
        }
        Ok(parts.join(if is_form { &b""[..] } else { b"\n" }))
    }

    fn define(&mut self, number: usize, text: &str) -> Result<(), Problem> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| (number, format!("`@{text}` defines nothing: write @name = value")))?;
        let value = self.filled(number, value.trim())?;
        self.variables.push((name.trim().to_owned(), value));
        Ok(())
    }

    /// The text with what its `{{names}}` stand for.
    fn filled(&self, number: usize, text: &str) -> Result<String, Problem> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let Some((name, behind)) = behind.split_once("}}") else { break };
            let name = name.trim();
            out.push_str(before);
            let value =
                self.variables.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
            out.push_str(value.ok_or_else(|| {
                (number, format!("{{{{{name}}}}} is not defined here; write @{name} = value above it"))
            })?);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// `METHOD URL HTTP/1.1`, or a URL alone.
fn asked(line: &str) -> Result<Asked, String> {
    let line = line.trim();
    let last = line.rsplit(char::is_whitespace).next().filter(|last| last.starts_with("HTTP/"));
    let line = last.map_or(line, |last| line[..line.len() - last.len()].trim_end());
    match line.split_once(char::is_whitespace) {
        Some((method, url)) if METHODS.contains(&method) => Asked::new(method, url.trim()),
        None if is_url(line) => Asked::new("GET", line),
        _ => Err(format!("`{}` is no request: write METHOD URL", shown(line))),
    }
}

fn is_comment(text: &str) -> bool {
    text.starts_with('#') || text.starts_with("//")
}

/// The script of an answer in a file of its own: `> handler.js`.
fn is_handler(text: &str) -> bool {
    text.strip_prefix("> ")
        .is_some_and(|file| Path::new(file.trim_end()).extension().is_some_and(|own| own == "js"))
}

/// The name in `# @name login`.
fn named_by(text: &str) -> Option<&str> {
    let comment = text.strip_prefix('#').or_else(|| text.strip_prefix("//"))?;
    let name = comment.trim().strip_prefix("@name")?;
    Some(name.trim_start_matches(['=', ' ', '\t']).trim()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(text: &str) -> Vec<String> {
        let read = |name: &str| match name {
            "./body.json" => Ok(b"{\"from\":\"a {{who}}\"}".to_vec()),
            _ => Err(format!("{name}: no such file")),
        };
        let shown = |InFile { name, line, asked }: InFile| match asked {
            Err(what) => what,
            Ok(asked) => {
                let name = name.as_deref().unwrap_or("-");
                let headers: Vec<_> = asked.headers.iter().map(|(own, _)| own.as_str()).collect();
                let body = String::from_utf8_lossy(&asked.body).replace('\n', "|");
                format!("{line} {name}: {} {} [{}] {body}", asked.method, asked.url, headers.join(" "))
            }
        };
        parse(Path::new("a.http"), text, &read).into_iter().map(shown).collect()
    }

    #[test]
    fn a_file_is_read_as_editors_read_it() {
        let text = "@host = http://127.0.0.1:8080\n@api={{host}}/api/v1\n\n# a comment\nGET {{api}}/users/me HTTP/1.1\nAccept: */*\n// no header\n\n\
            ### Enroll it\n// @timeout 5\nPOST {{api}}/users/u/factors\nContent-Type: application/json\n\n{\n  \"a\": 1\n}\n\n> {%\n client.log(1)\n%}\n\n\
            ###\n# @name third\nPOST /a\nHost: h:1\nContent-Type: application/x-www-form-urlencoded\n\na=1\n&b=2\n\n>> out.json\n\
            ### query\nhttps://h/a\n  ?x=1\n  &y=2\n### file\nPUT /b\n\n< ./body.json\n";
        assert_eq!(
            read_as(text),
            [
                "5 -: GET http://127.0.0.1:8080/api/v1/users/me [accept] ",
                "11 Enroll it: POST http://127.0.0.1:8080/api/v1/users/u/factors [content-type] {|  \"a\": 1|}",
                "24 third: POST http://h:1/a [host content-type] a=1&b=2",
                "33 query: GET https://h/a?x=1&y=2 [] ",
                "37 file: PUT /b [] {\"from\":\"a {{who}}\"}",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, told) in [
            ("GET {{host}}/a\n", "a.http:1: {{host}} is not defined here; write @host = value above it"),
            ("\nFETCH /a\n", "a.http:2: `FETCH /a` is no request: write METHOD URL"),
            (
                "GET /a\nno header\n",
                "a.http:2: this is no header: write NAME: VALUE, and an empty line before the body",
            ),
            ("POST /a\n\n< ./missing\n", "a.http:3: ./missing: no such file"),
        ] {
            assert_eq!(read_as(text), [told]);
        }
    }
}
