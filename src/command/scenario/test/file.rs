//! `NAME.test.yaml`: what a scenario is expected to do, as a person writes it.
//!
//! ```yaml
//! tests:
//!   - name: the third poll finds the activation expired
//!     over: [okta-push, sandbox]            # recordings by name, or the built-in org; each is a run of its own
//!     set: { after_polls: 2 }               # as --set
//!     seed: 7                               # as --seed; 0 if left out
//!     vars: { code: "123456" }              # {code} stands for it below
//!     steps:
//!       - request: POST /api/v1/users/{user}/factors
//!         body: { factorType: push, provider: OKTA }
//!         keep: { factor: /id }             # {factor} stands for that part of the answer from here on
//!         expect: { status: 200, json: { status: PENDING_ACTIVATION } }
//!       - request: POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll
//!         times: 2
//!         expect: { json: { factorResult: WAITING } }
//! ```
//!
//! A test is played `over` recordings or the sandbox, or over `answers` of its own. Keys that are not known are errors.

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::fault::{Fault, parse_duration};

/// All tests of one scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    /// In the order in which they run; none depends on another.
    pub(super) tests: Vec<Test>,
}

/// One test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// What it shows, in a few words.
    pub(super) name: String,
    /// Who answers what the scenario does not: recordings by name, `sandbox`. The test is run over each.
    #[serde(default)]
    pub(super) over: Vec<String>,
    /// In place of `over`: what is answered.
    #[serde(default)]
    pub(super) answers: Vec<Answer>,
    /// Parameters, by name or as SCENARIO.NAME.
    #[serde(default)]
    pub(super) set: BTreeMap<String, Value>,
    /// What chance is drawn from.
    #[serde(default)]
    pub(super) seed: u64,
    /// Texts for `{name}`, until a step keeps another.
    #[serde(default)]
    pub(super) vars: BTreeMap<String, String>,
    /// What the client does, in order.
    pub(super) steps: Vec<Step>,
}

/// One answer. Those to one request are given in their order, the last one again and again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) request: RequestLine,
    /// 200 if left out.
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) json: Option<Value>,
    pub(super) text: Option<String>,
}

const fn ok() -> u16 {
    200
}

/// One request and what is to come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) request: RequestLine,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The body, as JSON.
    pub(super) body: Option<Value>,
    /// The body, as text.
    pub(super) text: Option<String>,
    /// The session, if it is not the default one.
    pub(super) session: Option<String>,
    /// How often the same is asked, and the same expected.
    #[serde(default = "once")]
    pub(super) times: u32,
    /// How much time passes for the session before it is asked. Nobody waits for it.
    pub(super) wait: Option<Time>,
    #[serde(default)]
    pub(super) expect: Expect,
    /// Names for parts of the answer, by JSON pointer (RFC 6901). Of a link it is the last segment of its path.
    #[serde(default)]
    pub(super) keep: BTreeMap<String, Pointer>,
}

const fn once() -> u32 {
    1
}

/// What an answer has to be. What is not named may be anything, but for an answer that does not arrive whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    /// By name; `*` stands for any value, null for none.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
    /// Members that are there; lists are compared element by element.
    pub(super) json: Option<Value>,
    /// JSON pointers at which nothing may be.
    #[serde(default)]
    pub(super) absent: Vec<Pointer>,
    /// What the body says somewhere.
    pub(super) text: Option<String>,
    /// All faults but `delay`: `reset`, or with its value, `truncate(10)`.
    pub(super) faults: Option<Vec<FaultName>>,
    /// How late the answer is: `2s`, or `1s..3s`. Nobody waits for it.
    pub(super) delay: Option<Span>,
}

/// `METHOD /path`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct RequestLine {
    pub(super) method: Method,
    pub(super) target: String,
}

impl TryFrom<String> for RequestLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let form = || format!("`{text}` is no request: write METHOD /path, as GET /api/v1/users/{{user}}");
        let (method, target) = text.split_once(' ').ok_or_else(form)?;
        let target = target.trim_start();
        if !target.starts_with('/') || target.contains(char::is_whitespace) {
            return Err(form());
        }
        if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(format!("`{text}`: methods are upper case, {}", method.to_uppercase()));
        }
        Ok(Self { method: method.parse().map_err(|_| form())?, target: target.to_owned() })
    }
}

/// `30s`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Time(pub(super) Duration);

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_duration(&text).map(Self).map_err(|error| error.to_string())
    }
}

/// `2s`, or `1s..3s`, both ends included.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (least, most) = text.split_once("..").unwrap_or((&text, &text));
        let time = |text: &str| parse_duration(text.trim()).map_err(|error| error.to_string());
        let (least, most) = (time(least)?, time(most)?);
        if most < least {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { least, most })
    }
}

/// A JSON pointer (RFC 6901).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pointer(pub(super) String);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') || text.is_empty() {
            return Ok(Self(text));
        }
        Err(format!("`{text}` is no JSON pointer: write /{}", text.replace('.', "/")))
    }
}

/// A fault by its name, its value perhaps behind it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct FaultName(pub(super) String);

impl TryFrom<String> for FaultName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.split('(').next().unwrap_or_default();
        if name == "delay" {
            return Err("a delay has a key of its own: delay: 2s".to_owned());
        }
        if Fault::NAMES.contains(&name) {
            return Ok(Self(text));
        }
        Err(format!("there is no fault `{name}`; there are: {}", Fault::NAMES.join(", ")))
    }
}

/// Reads a file's text; `path` is what messages call it.
///
/// # Errors
/// What is wrong, with its place.
pub(super) fn read(path: &str, text: &str) -> Result<TestFile, String> {
    let file: TestFile = serde_yaml::from_str(text).map_err(|error| at(path, &error))?;
    for test in &file.tests {
        let wrong = |what: &str| Err(format!("{path}: the test `{}` {what}", test.name));
        match (test.over.is_empty(), test.answers.is_empty()) {
            (true, true) => {
                return wrong(
                    "has nobody to answer: name recordings or the sandbox, over: [sandbox], or answers: …",
                );
            }
            (false, false) => return wrong("has both over and answers: keep one of them"),
            _ => {}
        }
        if test.steps.iter().any(|step| step.body.is_some() && step.text.is_some()) {
            return wrong("has a step with both body and text: keep one of them");
        }
        if test.steps.is_empty() || test.steps.iter().any(|step| step.times == 0) {
            return wrong("asks nothing: give it steps, and each `times` of 1 or more");
        }
    }
    Ok(file)
}

/// `path:line:column: what`.
fn at(path: &str, error: &serde_yaml::Error) -> String {
    let said = error.to_string();
    let Some(place) = error.location() else { return format!("{path}: {said}") };
    let (line, column) = (place.line(), place.column());
    let bare = said.replacen(&format!(" at line {line} column {column}"), "", 1);
    format!("{path}:{line}:{column}: {}", in_plain_words(bare))
}

/// What was expected, as who writes YAML calls it.
fn in_plain_words(said: String) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("expected u16", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected u64", "expected a whole number"),
        ("expected a sequence", "expected a list"),
        ("expected struct TestFile", "expected a map"),
        ("expected struct Expect", "expected a map"),
        ("invalid type: ", "this is no value for it: "),
    ];
    WORDS.iter().fold(said, |said, (term, words)| said.replacen(term, words, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read("a.test.yaml", text).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let with = |step: &str| {
            format!(
                "tests:\n  - name: a\n    over: [sandbox]\n    steps:\n      - request: GET /a\n        {step}\n"
            )
        };
        assert!(read("a.test.yaml", &with("times: 2")).is_ok());
        insta::assert_snapshot!(refused(&with("expct: {}")), @r#"a.test.yaml:6:9: tests[0].steps[0]: unknown field `expct`, expected one of `request`, `headers`, `body`, `text`, `session`, `times`, `wait`, `expect`, `keep`"#);
        insta::assert_snapshot!(refused(&with("expect: { status: 200, fault: reset }")), @r#"a.test.yaml:6:32: tests[0].steps[0].expect: unknown field `fault`, expected one of `status`, `headers`, `json`, `absent`, `text`, `faults`, `delay`"#);
        insta::assert_snapshot!(refused(&with("expect: { faults: [rest] }")), @r#"a.test.yaml:6:27: tests[0].steps[0].expect.faults: there is no fault `rest`; there are: delay, throttle, dribble, hang, empty_reply, reset, reset_after, truncate, wrong_length, malformed_chunk, garbage, close_after, refuse, tls_failure, h2_goaway, h2_reset"#);
        insta::assert_snapshot!(refused(&with("expect: { delay: 2 }")), @r#"a.test.yaml:6:17: tests[0].steps[0].expect: `2` is no time: write 200ms, 1.5s or 2m"#);
        insta::assert_snapshot!(refused(&with("expect: { delay: 3s..2s }")), @r#"a.test.yaml:6:17: tests[0].steps[0].expect: `3s..2s` ends before it begins"#);
        insta::assert_snapshot!(refused(&with("expect: { status: ok }")), @r#"a.test.yaml:6:27: tests[0].steps[0].expect.status: this is no value for it: string "ok", expected a whole number"#);
        insta::assert_snapshot!(refused(&with("expect: { faults: reset }")), @r#"a.test.yaml:6:27: tests[0].steps[0].expect.faults: this is no value for it: string "reset", expected a list"#);
        insta::assert_snapshot!(refused("tests:\n  - name: a\n    steps:\n      - request: get /a\n"), @r#"a.test.yaml:4:9: tests[0].steps[0]: `get /a`: methods are upper case, GET"#);
        insta::assert_snapshot!(refused(&with("keep: { a: b.c }")), @r#"a.test.yaml:6:15: tests[0].steps[0].keep: `b.c` is no JSON pointer: write /b/c"#);
        insta::assert_snapshot!(refused(&with("times: 0")), @r#"a.test.yaml: the test `a` asks nothing: give it steps, and each `times` of 1 or more"#);
        insta::assert_snapshot!(refused("tests:\n  - name: a\n    steps:\n      - request: get\n"), @r#"a.test.yaml:4:9: tests[0].steps[0]: `get` is no request: write METHOD /path, as GET /api/v1/users/{user}"#);
        insta::assert_snapshot!(refused("tests:\n  - name: a\n    steps: []\n"), @r#"a.test.yaml: the test `a` has nobody to answer: name recordings or the sandbox, over: [sandbox], or answers: …"#);
        insta::assert_snapshot!(refused("tests: [\n"), @r#"a.test.yaml:2:1: did not find expected node content, while parsing a flow node"#);
    }
}
