//! What the org says when it says no: one table of codes, one shape of body.

use http::StatusCode;
use serde_json::{Value, json};

use super::mint::Mint;

/// The error codes the sandbox answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Validation,
    Malformed,
    NotFound,
    NoSuchPath,
    InvalidToken,
    AlreadyActive,
    MediaType,
    Method,
    Paging,
    Search,
    UserStatus,
    RateLimit,
    Mismatch,
    Locked,
    Replayed,
    TooLate,
    PhoneInvalid,
    SmsSentRecently,
    MailSentRecently,
    CallMadeRecently,
    FactorNotActive,
}

impl Code {
    /// Code, status and summary as Okta's list of error codes has them; `{0}` is replaced by the detail.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Validation => ("E0000001", S::BAD_REQUEST, "Api validation failed: {0}"),
            Self::Malformed => ("E0000003", S::BAD_REQUEST, "The request body was not well-formed."),
            Self::NotFound => ("E0000007", S::NOT_FOUND, "Not found: {0}"),
            Self::NoSuchPath => ("E0000008", S::NOT_FOUND, "The requested path was not found"),
            Self::InvalidToken => ("E0000011", S::UNAUTHORIZED, "Invalid token provided"),
            Self::AlreadyActive => {
                ("E0000016", S::FORBIDDEN, "Activation failed because the user is already active")
            }
            Self::MediaType => (
                "E0000021",
                S::BAD_REQUEST,
                "Bad request.  Accept and/or Content-Type headers likely do not match supported values.",
            ),
            Self::Method => {
                ("E0000022", S::METHOD_NOT_ALLOWED, "The endpoint does not support the provided HTTP method")
            }
            Self::Paging => ("E0000029", S::BAD_REQUEST, "Invalid paging request."),
            Self::Search => ("E0000031", S::BAD_REQUEST, "Invalid search criteria."),
            Self::UserStatus => {
                ("E0000038", S::FORBIDDEN, "This operation is not allowed in the user's current status.")
            }
            Self::RateLimit => {
                ("E0000047", S::TOO_MANY_REQUESTS, "API call exceeded rate limit due to too many requests.")
            }
            Self::Mismatch => ("E0000068", S::FORBIDDEN, "Invalid Passcode/Answer"),
            Self::Locked => ("E0000069", S::FORBIDDEN, "User Locked"),
            Self::Replayed => (
                "E0000082",
                S::FORBIDDEN,
                "Each code can only be used once. Please wait for a new code and try again.",
            ),
            Self::TooLate => ("E0000083", S::FORBIDDEN, "PassCode is valid but exceeded time window."),
            Self::PhoneInvalid => ("E0000098", S::BAD_REQUEST, "This phone number is invalid."),
            Self::SmsSentRecently => (
                "E0000109",
                S::TOO_MANY_REQUESTS,
                "An SMS message was recently sent. Please wait 30 seconds before trying again.",
            ),
            Self::MailSentRecently => (
                "E0000118",
                S::TOO_MANY_REQUESTS,
                "An email was recently sent. Please wait 5 seconds before trying again.",
            ),
            Self::CallMadeRecently => (
                "E0000133",
                S::TOO_MANY_REQUESTS,
                "A phone call was recently made. Please wait 30 seconds before trying again.",
            ),
            Self::FactorNotActive => ("E0000154", S::GONE, "Invalid factor id, it is not currently active."),
        }
    }
}

/// A refusal.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) code: Code,
    detail: String,
    causes: Vec<String>,
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self { code, detail: String::new(), causes: Vec::new() }
    }
}

impl ApiError {
    /// `Not found: Resource not found: 00u… (User)`.
    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        Self {
            code: Code::NotFound,
            detail: format!("Resource not found: {id} ({kind})"),
            causes: Vec::new(),
        }
    }

    /// `Api validation failed: …` with one cause.
    pub(super) fn invalid(what: &str, cause: impl Into<String>) -> Self {
        Self { code: Code::Validation, detail: what.to_owned(), causes: vec![cause.into()] }
    }

    /// `Api validation failed: …` about a field that is missing.
    pub(super) fn blank(field: &str) -> Self {
        Self::invalid(field, format!("{field}: The field cannot be left blank"))
    }

    /// A code with one cause.
    pub(super) fn because(code: Code, cause: &str) -> Self {
        Self { code, detail: String::new(), causes: vec![cause.to_owned()] }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.code.row().1
    }

    pub(super) fn body(&self, mint: &mut Mint) -> Value {
        let (code, _, summary) = self.code.row();
        let causes: Vec<_> = self.causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
        json!({
            "errorCode": code,
            "errorSummary": summary.replace("{0}", &self.detail),
            "errorLink": code,
            "errorId": mint.long_id("oae"),
            "errorCauses": causes,
        })
    }
}
