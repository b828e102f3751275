//! The errors of Okta's APIs, as a client meets them: status, summary, shape of the body, headers.
//!
//! Codes, statuses and summaries are Okta's published list of error codes, kept as data in `profiles/okta-errors.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::draw::Draws;
use super::exchange::Response;
use super::time::later;
use crate::clock::{Timestamp, http_date};

/// One line of the list.
#[derive(Debug, serde::Deserialize)]
struct Row {
    status: u16,
    /// `{0}` stands for what the error is about.
    summary: String,
}

static ROWS: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    // The text is part of the program, and a test reads it.
    serde_json::from_str(include_str!("../../profiles/okta-errors.json")).unwrap_or_default()
});

/// What a script may say about an error beside its code.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// In place of `{0}`, `{1}`, … of the summary.
    pub(super) detail: Vec<String>,
    pub(super) summary: Option<String>,
    pub(super) causes: Vec<String>,
    pub(super) status: Option<StatusCode>,
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    /// Until when the rate limit counts.
    pub(super) reset: Option<Duration>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Codes of a limit on messages, not on requests: the ordinary rate limit is not used up.
const OF_MESSAGES: &[&str] =
    &["E0000109", "E0000118", "E0000133", "E0000146", "E0000147", "E0000186", "E0000204", "E0000205"];

/// The limit that stands in headers if a script does not give one: the usual one of recorded Factors answers.
const LIMIT: u64 = 600;

/// Whether there is such a code.
///
/// # Errors
/// What to say to one that there is not.
pub(super) fn known(code: &str) -> Result<(), String> {
    if ROWS.contains_key(code) {
        return Ok(());
    }
    let alike: Vec<&str> = ROWS.keys().map(String::as_str).filter(|own| distance(own, code) <= 1).collect();
    let hint = if alike.is_empty() {
        "they look like E0000047".to_owned()
    } else {
        format!("close are: {}", super::error::listed(&alike))
    };
    Err(format!("Okta has no error code `{code}`; {hint}"))
}

/// Characters that differ, if as many are there.
fn distance(one: &str, other: &str) -> usize {
    if one.len() != other.len() {
        return usize::MAX;
    }
    one.bytes().zip(other.bytes()).filter(|(one, other)| one != other).count()
}

/// The answer that Okta gives with a code, to a request for `path`.
///
/// # Errors
/// There is no such code.
pub(super) fn error(
    code: &str,
    details: &Details,
    path: &str,
    now: Timestamp,
    ids: &mut Draws,
) -> Result<Response, String> {
    known(code)?;
    let Some(row) = ROWS.get(code) else { return Err(String::new()) };
    let listed = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let status = details.status.unwrap_or(listed);
    let summary = match &details.summary {
        Some(own) => own.clone(),
        None => filled(&row.summary, &details.detail, path),
    };
    let causes: Vec<_> = details.causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": format!("oae{}", ids.word(22)),
        "errorCauses": causes,
    });
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("date", http_date(now));
    set("content-type", "application/json".to_owned());
    set("x-okta-request-id", ids.word(32).to_ascii_lowercase());
    let limit = details.limit.unwrap_or(LIMIT);
    let is_used_up = status == StatusCode::TOO_MANY_REQUESTS && !OF_MESSAGES.contains(&code);
    let left = if is_used_up { 0 } else { limit.saturating_sub(1) };
    // SDKs wait until the reset, by our Date, and a second more; they look for it at a 503 and a 504, too.
    let reset = later(now, details.reset.unwrap_or(Duration::from_secs(1)));
    set("x-rate-limit-limit", limit.to_string());
    set("x-rate-limit-remaining", details.remaining.unwrap_or(left).to_string());
    set("x-rate-limit-reset", reset.as_second().to_string());
    if code == "E0000011" {
        set("www-authenticate", "SSWS".to_owned());
    }
    for (name, value) in &details.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, no-store"));
    let mut response = Response::scripted(status, headers, Bytes::from(body.to_string()));
    response.settle();
    Ok(response)
}

/// The summary with its placeholders filled in; one for which nothing was given is left out, colon and all.
fn filled(summary: &str, detail: &[String], path: &str) -> String {
    let mut text = summary.to_owned();
    if detail.is_empty() && summary == "Not found: {0}" {
        return text.replace("{0}", &not_found(path));
    }
    for (place, value) in detail.iter().enumerate() {
        text = text.replace(&format!("{{{place}}}"), value);
    }
    for place in detail.len()..10 {
        let mark = format!("{{{place}}}");
        for open in [format!(" : {mark}"), format!(": {mark}"), format!(" {mark}"), mark] {
            text = text.replace(&open, "");
        }
    }
    text.trim().to_owned()
}

/// `Resource not found: opf… (UserFactor)`: the last id of a path, and what it is an id of.
fn not_found(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let kinds = [
        ("transactions", "UserFactorTransaction"),
        ("factors", "UserFactor"),
        ("users", "User"),
        ("groups", "UserGroup"),
        ("apps", "AppInstance"),
    ];
    let named = segments.windows(2).rev().find_map(|pair| {
        let kind = kinds.iter().find(|(collection, _)| *collection == pair[0])?.1;
        Some((pair[1], kind))
    });
    match named {
        Some((id, kind)) => format!("Resource not found: {id} ({kind})"),
        None => format!("Resource not found: {}", segments.last().copied().unwrap_or("/")),
    }
}

/// The answer to a request for an entity that is gone.
pub(super) fn gone(id: &str, path: &str, now: Timestamp, ids: &mut Draws) -> Response {
    // Up to the id: what comes after it is not what was not found.
    let to_id = path.find(id).and_then(|at| path.get(..at + id.len())).unwrap_or(path);
    let made = error("E0000007", &Details::default(), to_id, now, ids);
    made.unwrap_or_else(|_| Response::scripted(StatusCode::NOT_FOUND, HeaderMap::new(), Bytes::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_rfc3339;
    use crate::scenario::draw::DrawKey;

    fn made(code: &str, details: &Details, path: &str) -> (u16, HeaderMap, serde_json::Value) {
        let key =
            DrawKey { seed: 1, session: "s", scenario: "a", handler: 2, request: 3, nth: 4, purpose: "id" };
        let now = parse_rfc3339("2020-04-22T12:09:20Z").unwrap();
        let made = error(code, details, path, now, &mut Draws::new(&key)).unwrap();
        (made.status.as_u16(), (*made.headers).clone(), serde_json::from_slice(&made.body).unwrap())
    }

    #[test]
    fn every_row_of_the_list_makes_an_answer() {
        assert_eq!(ROWS.len(), 251);
        for (code, row) in ROWS.iter() {
            let (status, headers, body) = made(code, &Details::default(), "/api/v1/users/u");
            assert_eq!(status, row.status);
            assert_eq!(body["errorCode"], code.as_str());
            assert!(!body["errorSummary"].as_str().unwrap().contains('{'), "{body}");
            assert!(headers.contains_key("x-rate-limit-reset") && headers.contains_key("date"));
        }
    }

    #[test]
    fn a_rate_limit_tells_the_sdks_when_to_come_again() {
        let (status, headers, body) = made("E0000047", &Details::default(), "/");
        assert_eq!(status, 429);
        assert_eq!(body["errorSummary"], "API call exceeded rate limit due to too many requests.");
        assert_eq!(body["errorId"].as_str().unwrap().len(), 25);
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("date"), "Wed, 22 Apr 2020 12:09:20 GMT");
        assert_eq!(header("x-rate-limit-limit"), "600");
        assert_eq!(header("x-rate-limit-remaining"), "0");
        assert_eq!(header("x-rate-limit-reset"), "1587557361");
        let (_, headers, _) = made("E0000109", &Details::default(), "/");
        assert_eq!(headers["x-rate-limit-remaining"], "599");
    }

    #[test]
    fn placeholders_are_filled_or_left_out() {
        let summary = |code, detail: &[&str], path| {
            let detail = detail.iter().map(|text| (*text).to_owned()).collect();
            made(code, &Details { detail, ..Details::default() }, path).2["errorSummary"].clone()
        };
        assert_eq!(
            summary("E0000001", &["factorEnrollRequest"], "/"),
            "Api validation failed: factorEnrollRequest"
        );
        assert_eq!(summary("E0000001", &[], "/"), "Api validation failed");
        let path = "/api/v1/users/00u1/factors/opf1/verify";
        assert_eq!(summary("E0000007", &[], path), "Not found: Resource not found: opf1 (UserFactor)");
        assert_eq!(summary("E0000250", &["a", "b", "c", "d"], "/").as_str().unwrap().matches('{').count(), 0);
    }

    #[test]
    fn an_unknown_code_is_told_with_its_neighbours() {
        let said = known("E0000270").unwrap_err();
        assert!(said.contains("E0000270") && said.contains("close are: E0000070"), "{said}");
        assert!(known("E47").unwrap_err().contains("look like E0000047"));
    }
}
