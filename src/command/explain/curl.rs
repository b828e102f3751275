//! A curl command line as the request that curl would send (curl's manual page).

use std::fmt::Write as _;

use ::http::{Method, header};
use data_encoding::BASE64;

use super::asked::Asked;

/// What an option does to the request; each with the ones that stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Method,
    Header,
    Data(Data),
    Json,
    Get,
    Head,
    User,
    Bearer,
    Cookie,
    Agent,
    Referer,
    Url,
    Form,
    Upload,
    /// Nothing that matters here.
    Nothing,
    /// The same, with a value.
    NothingOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Plain,
    Raw,
    Binary,
    Encoded,
}

/// Options that say something about the request, by their long and short names.
const OPTIONS: [(&str, char, Does); 21] = [
    ("request", 'X', Does::Method),
    ("header", 'H', Does::Header),
    ("data", 'd', Does::Data(Data::Plain)),
    ("data-ascii", '\0', Does::Data(Data::Plain)),
    ("data-raw", '\0', Does::Data(Data::Raw)),
    ("data-binary", '\0', Does::Data(Data::Binary)),
    ("data-urlencode", '\0', Does::Data(Data::Encoded)),
    ("json", '\0', Does::Json),
    ("get", 'G', Does::Get),
    ("head", 'I', Does::Head),
    ("user", 'u', Does::User),
    ("oauth2-bearer", '\0', Does::Bearer),
    ("cookie", 'b', Does::Cookie),
    ("user-agent", 'A', Does::Agent),
    ("referer", 'e', Does::Referer),
    ("url", '\0', Does::Url),
    ("form", 'F', Does::Form),
    ("form-string", '\0', Does::Form),
    ("upload-file", 'T', Does::Upload),
    ("range", 'r', Does::NothingOf),
    ("time-cond", 'z', Does::NothingOf),
];

/// Switches without a meaning for what is matched.
const SWITCHES: &str = "anyauth basic buffer ca-native compressed compressed-ssh create-dirs digest disable fail \
    fail-early fail-with-body globoff http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only include \
    insecure ipv4 ipv6 junk-session-cookies keepalive list-only location location-trusted negotiate netrc netrc-optional \
    no-buffer no-keepalive no-progress-meter no-sessionid ntlm parallel path-as-is post301 post302 post303 progress-bar \
    progress-meter raw remote-header-name remote-name remote-time retry-all-errors retry-connrefused show-error show-headers \
    silent ssl ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv3 styled-output tcp-fastopen tcp-nodelay tlsv1 tlsv1.0 \
    tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time verbose proxy-insecure proxytunnel";

/// The short forms of switches.
const SHORT_SWITCHES: &str = "kisSLvfgN#46OJnjqlRp0123";

/// Options with a value and without a meaning for what is matched.
const VALUES: &str = "cacert capath cert cert-type ciphers connect-timeout connect-to cookie-jar curves dns-servers \
    doh-url dump-header expect100-timeout hsts interface keepalive-time key key-type limit-rate local-port max-filesize \
    max-redirs max-time noproxy output output-dir pass pinnedpubkey preproxy proto proto-default proto-redir proxy \
    proxy-cacert proxy-header proxy-user rate request-target resolve retry retry-delay retry-max-time socks5 \
    socks5-hostname speed-limit speed-time stderr tls-max tls13-ciphers trace trace-ascii trace-config unix-socket \
    write-out";

/// The short forms of these.
const SHORT_VALUES: &str = "EmoxwcDUyYtC";

/// The boundary of a form: it is no part of what is matched.
const BOUNDARY: &str = "------------------------overdub";

/// Reads a file that a line names.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The requests of a curl line's words, `curl` itself left out: one per URL.
pub(super) fn parse(words: &[String], read: Read<'_>) -> Result<Vec<Asked>, String> {
    let mut line = Line::new(read);
    let mut words = words.iter();
    let mut options_end = false;
    while let Some(word) = words.next() {
        let mut value = |name: &str| {
            words.next().cloned().ok_or_else(|| format!("curl's `{name}` has no value behind it"))
        };
        if options_end || !word.starts_with('-') || word == "-" {
            line.urls.push(word.clone());
        } else if word == "--" {
            options_end = true;
        } else if let Some(name) = word.strip_prefix("--") {
            match long(name).ok_or_else(|| unknown(word))? {
                Does::Nothing => {}
                does if takes_value(does) => line.take(does, name, &value(word)?)?,
                does => line.take(does, name, "")?,
            }
        } else {
            let mut rest = word[1..].chars();
            while let Some(letter) = rest.next() {
                let name = format!("-{letter}");
                let does = short(letter).ok_or_else(|| unknown(&name))?;
                if takes_value(does) {
                    let behind = rest.as_str();
                    let text = if behind.is_empty() { value(&name)? } else { behind.to_owned() };
                    line.take(does, &name, &text)?;
                    break;
                }
                line.take(does, &name, "")?;
            }
        }
    }
    line.requests()
}

fn unknown(option: &str) -> String {
    format!("curl's `{option}` is not known here; leave it out if it does not change the request")
}

fn takes_value(does: Does) -> bool {
    !matches!(does, Does::Get | Does::Head | Does::Nothing)
}

fn long(name: &str) -> Option<Does> {
    let is_in = |list: &str| list.split_whitespace().any(|own| own == name);
    let known = OPTIONS.iter().find(|(own, ..)| *own == name).map(|(.., does)| *does);
    let negated = name.strip_prefix("no-").is_some_and(|own| SWITCHES.split_whitespace().any(|it| it == own));
    known
        .or_else(|| is_in(VALUES).then_some(Does::NothingOf))
        .or_else(|| (is_in(SWITCHES) || negated).then_some(Does::Nothing))
}

fn short(letter: char) -> Option<Does> {
    let known = OPTIONS.iter().find(|(_, own, _)| *own == letter && letter != '\0').map(|(.., does)| *does);
    known
        .or_else(|| SHORT_VALUES.contains(letter).then_some(Does::NothingOf))
        .or_else(|| SHORT_SWITCHES.contains(letter).then_some(Does::Nothing))
}

/// What a line says so far.
struct Line<'a> {
    read: Read<'a>,
    method: Option<String>,
    urls: Vec<String>,
    headers: Vec<(String, String)>,
    /// Headers that curl is not to send.
    dropped: Vec<String>,
    data: Option<Vec<u8>>,
    is_json: bool,
    form: Option<Vec<u8>>,
    upload: Option<Vec<u8>>,
    get: bool,
    head: bool,
}

impl<'a> Line<'a> {
    fn new(read: Read<'a>) -> Self {
        let (method, data, form, upload) = (None, None, None, None);
        let (urls, headers, dropped) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            read,
            method,
            urls,
            headers,
            dropped,
            data,
            is_json: false,
            form,
            upload,
            get: false,
            head: false,
        }
    }

    fn take(&mut self, does: Does, name: &str, value: &str) -> Result<(), String> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match does {
            Does::Method => self.method = Some(value.to_owned()),
            Does::Header => self.header(value)?,
            Does::Data(how) => self.data(how, value)?,
            Does::Json => {
                let bytes = self.at(value)?;
                // Several are one after the other.
                self.data.get_or_insert_default().extend(bytes);
                self.is_json = true;
            }
            Does::Get => self.get = true,
            Does::Head => self.head = true,
            Does::User => {
                self.headers
                    .push(header("authorization", &format!("Basic {}", BASE64.encode(value.as_bytes()))));
            }
            Does::Bearer => self.headers.push(header("authorization", &format!("Bearer {value}"))),
            // Without a `=` it is a file of cookies.
            Does::Cookie if value.contains('=') => self.headers.push(header("cookie", value)),
            Does::Agent => self.headers.push(header("user-agent", value)),
            Does::Referer => self.headers.push(header("referer", value)),
            Does::Url => self.urls.push(value.to_owned()),
            Does::Form => self.part(name, value)?,
            Does::Upload => self.upload = Some((self.read)(value)?),
            Does::Cookie | Does::Nothing | Does::NothingOf => {}
        }
        Ok(())
    }

    /// `name: value`; `name;` is one without a value, `name:` one that curl is not to send.
    fn header(&mut self, text: &str) -> Result<(), String> {
        if let Some(file) = text.strip_prefix('@') {
            let bytes = (self.read)(file)?;
            let lines = String::from_utf8_lossy(&bytes).into_owned();
            return lines
                .lines()
                .filter(|line| !line.trim().is_empty())
                .try_for_each(|line| self.header(line));
        }
        match text.split_once(':') {
            Some((name, value)) if value.trim().is_empty() => self.dropped.push(name.trim().to_owned()),
            Some((name, value)) => self.headers.push((name.to_owned(), value.to_owned())),
            None => match text.strip_suffix(';') {
                Some(name) => self.headers.push((name.to_owned(), String::new())),
                None => {
                    return Err("curl's `-H` has a header without a colon: write 'NAME: VALUE'".to_owned());
                }
            },
        }
        Ok(())
    }

    /// The text, or what is in the file behind `@`.
    fn at(&self, text: &str) -> Result<Vec<u8>, String> {
        text.strip_prefix('@').map_or_else(|| Ok(text.as_bytes().to_vec()), self.read)
    }

    fn data(&mut self, how: Data, text: &str) -> Result<(), String> {
        let bytes = match how {
            Data::Binary => self.at(text)?,
            Data::Plain if text.starts_with('@') => {
                // Line ends of a file do not count.
                self.at(text)?.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).collect()
            }
            Data::Plain | Data::Raw => text.as_bytes().to_vec(),
            Data::Encoded => self.encoded(text)?,
        };
        match &mut self.data {
            Some(data) => {
                data.push(b'&');
                data.extend(bytes);
            }
            None => self.data = Some(bytes),
        }
        Ok(())
    }

    /// `content`, `=content`, `name=content`, `@file` or `name@file`.
    fn encoded(&self, text: &str) -> Result<Vec<u8>, String> {
        let (name, content) = match text.find(['=', '@']) {
            None => ("", text.as_bytes().to_vec()),
            Some(at) if text.as_bytes()[at] == b'=' => (&text[..at], text.as_bytes()[at + 1..].to_vec()),
            Some(at) => (&text[..at], (self.read)(&text[at + 1..])?),
        };
        let mut out = if name.is_empty() { String::new() } else { format!("{name}=") };
        for byte in content {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        Ok(out.into_bytes())
    }

    /// A part of a form (RFC 7578): `name=text`, `name=@file`, `name=<file`.
    fn part(&mut self, option: &str, text: &str) -> Result<(), String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| "curl's `-F` has no NAME=VALUE behind it".to_owned())?;
        let plain = option == "form-string";
        let is_file = !plain && value.starts_with(['@', '<']);
        let (content, attributes) =
            if plain { (value, "") } else { value.split_once(';').unwrap_or((value, "")) };
        let bytes = if is_file { (self.read)(&content[1..])? } else { content.as_bytes().to_vec() };
        let kind = attributes.split(';').find_map(|own| own.trim().strip_prefix("type="));
        let mut head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        if is_file && value.starts_with('@') {
            let file = content[1..].rsplit('/').next().unwrap_or_default();
            let _ = write!(head, "; filename=\"{file}\"");
            let _ = write!(head, "\r\nContent-Type: {}", kind.unwrap_or("application/octet-stream"));
        } else if let Some(kind) = kind {
            let _ = write!(head, "\r\nContent-Type: {kind}");
        }
        let form = self.form.get_or_insert_default();
        form.extend(head.as_bytes());
        form.extend(b"\r\n\r\n");
        form.extend(bytes);
        form.extend(b"\r\n");
        Ok(())
    }

    fn requests(mut self) -> Result<Vec<Asked>, String> {
        if self.urls.is_empty() {
            return Err("the curl line names no URL".to_owned());
        }
        let in_url = if self.get || self.head { self.data.take() } else { None };
        let (body, kind) = match (self.form.take(), self.upload.take(), self.data.take()) {
            (Some(mut form), ..) => {
                form.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
                (Some(form), Some(format!("multipart/form-data; boundary={BOUNDARY}")))
            }
            (_, Some(upload), _) => (Some(upload), None),
            (.., Some(data)) if self.is_json => (Some(data), Some("application/json".to_owned())),
            (.., Some(data)) => (Some(data), Some("application/x-www-form-urlencoded".to_owned())),
            (None, None, None) => (None, None),
        };
        let uploads = body.is_some() && kind.is_none();
        let default = match (&body, self.head) {
            (_, true) => Method::HEAD,
            (Some(_), _) if uploads => Method::PUT,
            (Some(_), _) => Method::POST,
            (None, _) => Method::GET,
        };
        let method = self.method.clone().unwrap_or_else(|| default.to_string());
        let mut all = Vec::new();
        for url in &self.urls {
            let url = match &in_url {
                Some(data) => with_query(url, &String::from_utf8_lossy(data)),
                None => url.clone(),
            };
            let mut asked = Asked::new(&method, &url)?;
            for (name, value) in &self.headers {
                asked.header(name, value)?;
            }
            let dropped = |name: &str| self.dropped.iter().any(|own| own.eq_ignore_ascii_case(name));
            if let Some(kind) = kind.as_ref().filter(|_| !dropped("content-type"))
                && asked.value(&header::CONTENT_TYPE).is_none()
            {
                asked.header("content-type", kind)?;
            }
            asked.body = body.clone().unwrap_or_default().into();
            all.push(asked);
        }
        Ok(all)
    }
}

fn with_query(url: &str, query: &str) -> String {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let separator = if url.contains('?') { '&' } else { '?' };
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("{url}{separator}{query}{fragment}")
}
