//! What a URL or a message is shown without: its secrets.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use regex::bytes::Captures;

use super::{Pattern, Profile, Sensitive, StandInType};
use crate::http::percent_decoded;

/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

/// What stands for the end of a target that is too long.
const CUT: &str = "...";

/// How many fields may stand in each other's values for the innermost to be looked at.
const DEEPEST: usize = 16;

/// `name=value`, `name: "value"` and the like, however often quotes in it are escaped.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let value =
        r#"\{(?:[^{}]|\{[^{}]*\})*\}|\[[^\[\]]*\]|\\*"(?:[^"\\]|\\+[^"\\])*\\*"|'[^']*'|[^\s,;&"'}\\]+"#;
    Regex::new(&format!(r#"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)(?P<is>\\*["']?\s*[:=]\s*)(?P<value>{value})"#))
        .ok()
});

/// Hides what a profile calls secret from whoever reads logs, the journal or a report.
#[derive(Debug, Clone)]
pub struct Mask {
    sensitive: Sensitive,
}

impl Mask {
    /// For an API that the profile describes.
    pub fn new(profile: &Profile) -> Self {
        Self { sensitive: profile.sensitive.clone() }
    }

    /// The target without its secrets: values of secret fields in the query, path segments behind one that has a
    /// secret field's name, and what a secret's pattern finds anywhere.
    pub fn apply(&self, target: &str) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let segments: Vec<_> = path.split('/').skip(1).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let mut named_before = false;
        let shown = path.split('/').map(|segment| {
            let is_secret = named_before && !segment.is_empty();
            named_before = self.is_secret(&[&decoded(segment)], &segments);
            if is_secret { HIDDEN.into() } else { self.part(segment) }
        });
        let mut whole = shown.collect::<Vec<_>>().join("/");
        if let Some(query) = query {
            let pairs = query.split('&').map(|pair| self.pair(pair, &segments));
            whole.push('?');
            whole.push_str(&pairs.collect::<Vec<_>>().join("&"));
        }
        // Some patterns tell a secret by what stands before it.
        self.found(&whole).unwrap_or(whole)
    }

    /// The same, at most `longest` bytes of it.
    pub fn cut(&self, target: &str, longest: usize) -> Box<str> {
        let mut shown = self.apply(target);
        if shown.len() > longest {
            shown.truncate(shown.floor_char_boundary(longest - CUT.len()));
            shown.push_str(CUT);
        }
        shown.into()
    }

    /// Whether what stands in a field of this name is not to be shown, wherever the field is.
    pub fn hides_field(&self, name: &str) -> bool {
        self.is_secret(&[name], &[])
    }

    /// A text without what the patterns of secrets find in it.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.found(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A command line without its secrets: values of secret fields, however they are spelled, and what the patterns find.
    pub fn line<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let shown = self.fields(text, DEEPEST);
        match self.found(&shown) {
            Some(less) => Cow::Owned(less),
            None => shown,
        }
    }

    /// So many levels of fields in fields are looked at.
    fn fields<'a>(&self, text: &'a str, levels: usize) -> Cow<'a, str> {
        let Some(field) = FIELD.as_ref().filter(|_| levels > 0) else { return text.into() };
        field.replace_all(text, |found: &regex::Captures<'_>| {
            let name = found["name"].trim_start_matches('-');
            let last = name.rsplit('.').next().unwrap_or(name);
            // A value that may be seen may hold fields that may not.
            let value = if self.hides_field(last) {
                HIDDEN.into()
            } else {
                self.fields(&found["value"], levels - 1).into_owned()
            };
            format!("{}{}{value}", &found["name"], &found["is"])
        })
    }

    fn pair<'a>(&self, pair: &'a str, segments: &[&str]) -> Cow<'a, str> {
        let Some((name, value)) = pair.split_once('=') else { return self.part(pair) };
        let plain = decoded(name);
        let path: Vec<&str> = plain.split('.').collect();
        if self.is_secret(&path, segments) {
            return format!("{name}={HIDDEN}").into();
        }
        match self.part(value) {
            Cow::Borrowed(_) => pair.into(),
            Cow::Owned(value) => format!("{name}={value}").into(),
        }
    }

    fn is_secret(&self, names: &[&str], segments: &[&str]) -> bool {
        names.last().is_some_and(|name| self.sensitive.may_be_field(name))
            && self.sensitive.field(names, segments).is_some_and(StandInType::is_secret)
    }

    /// A part of the target; hidden if there is a secret in what it spells.
    fn part<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match decoded(text) {
            Cow::Owned(plain) if self.found(&plain).is_some() => Cow::Owned(HIDDEN.to_owned()),
            _ => text.into(),
        }
    }

    /// The text without what the patterns of secrets find in it, if they find anything.
    fn found(&self, text: &str) -> Option<String> {
        let mut shown = None;
        for pattern in self.sensitive.patterns().iter().filter(|pattern| pattern.of_type.is_secret()) {
            let seen = shown.as_deref().unwrap_or(text.as_bytes());
            if pattern.may_match(seen)
                && let Cow::Owned(less) =
                    pattern.regex.replace_all(seen, |found: &Captures<'_>| hidden(pattern, found))
            {
                shown = Some(less);
            }
        }
        shown.map(|shown| String::from_utf8_lossy(&shown).into_owned())
    }
}

/// A match with its first group, else the whole of it, hidden.
fn hidden(pattern: &Pattern, found: &Captures<'_>) -> Vec<u8> {
    let Some(whole) = found.get(0) else { return HIDDEN.into() };
    let secret = found.get(1).unwrap_or(whole);
    if !pattern.takes(secret.as_bytes()) {
        return whole.as_bytes().to_vec();
    }
    let (start, end) = (secret.start() - whole.start(), secret.end() - whole.start());
    [&whole.as_bytes()[..start], HIDDEN.as_bytes(), &whole.as_bytes()[end..]].concat()
}

fn decoded(text: &str) -> Cow<'_, str> {
    match percent_decoded(text.as_bytes()) {
        Cow::Borrowed(_) => text.into(),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        Mask::new(&Profile::okta().unwrap())
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        for (target, shown) in [
            ("/api/v1/users?limit=2&after=00u1", "/api/v1/users?limit=2&after=00u1"),
            ("/api/v1/authn?stateToken=00abc&x", "/api/v1/authn?stateToken=(hidden)&x"),
            ("/a?%73tateToken=00abc", "/a?%73tateToken=(hidden)"),
            ("/api/v1/users/me%40x.test", "/api/v1/users/me%40x.test"),
            ("/activate/0123456789abcdefXYZ", "/activate/(hidden)"),
            ("/activate/0123456789abcdefXYZ?x=1", "/activate/(hidden)?x=1"),
            ("/login/sessionToken/abc/x", "/login/sessionToken/(hidden)/x"),
            ("/a?x=SSWS%20000000000000000000000001", "/a?x=(hidden)"),
            ("/cb?x=eyJhbGciOi.eyJzdWIiOi.c2ln", "/cb?x=(hidden)"),
            ("/oauth2/v1/authorize?code=1234&state=2", "/oauth2/v1/authorize?code=(hidden)&state=2"),
            ("https://org.test/a?password=x", "https://org.test/a?password=(hidden)"),
        ] {
            assert_eq!(mask().apply(target), shown);
            assert_eq!(mask().apply(shown), shown, "hiding twice changes nothing");
        }
    }

    #[test]
    fn fields_are_hidden_however_a_command_spells_them() {
        for (line, shown) in [
            ("run --user=me --password=x y", "run --user=me --password=(hidden) y"),
            (
                r#"curl -d '{"user":"me","password":"a b\nc","n":1}'"#,
                r#"curl -d '{"user":"me","password":(hidden),"n":1}'"#,
            ),
            (
                r#"sh -c "curl -d \"{\\\"passCode\\\":\\\"12\\\"}\"""#,
                r#"sh -c "curl -d \"{\\\"passCode\\\":(hidden)}\"""#,
            ),
            (r#"{"password":{"value":"x","hash":{}},"n":1}"#, r#"{"password":(hidden),"n":1}"#),
            (
                r#"{"a":{"credentials":{"password":{"value":"x"}}}}"#,
                r#"{"a":{"credentials":{"password":(hidden)}}}"#,
            ),
            ("curl -d 'a=1&answer=blue' b", "curl -d 'a=1&answer=(hidden)' b"),
            (
                "curl -H 'Authorization: SSWS 00abcdefghijklmnopqrstuvwxyz0123456789abcd'",
                "curl -H 'Authorization: SSWS (hidden)",
            ),
            ("pytest -k 'sms and not push' tests", "pytest -k 'sms and not push' tests"),
        ] {
            assert_eq!(mask().line(line), shown);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_after_its_secrets_are_hidden() {
        let target = format!("/a?x={}&password=secret", "y".repeat(40));
        assert_eq!(&*mask().cut(&target, 62), format!("/a?x={}&password=(hid...", "y".repeat(40)).as_str());
    }
}
