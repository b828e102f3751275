//! What goes wrong while a request is served, and the one place that turns it into a response.
//!
//! Every such response says by `x-overdub-outcome` that overdub made it, so that nobody takes it for the API's. Its
//! body has the shape of Okta's errors (Okta core API, "Errors"), which SDKs print; and its status is none
//! that an Okta SDK retries (429, 503, 504), since asking again would not help.

use ::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use serde_json::json;

use crate::http::{BODY_LIMIT, Body, BodyError, HEADER_LIMIT, OUTCOME, Reply};
use crate::scenario::ScriptError;
use crate::upstream::UpstreamError;

/// Why a request got no answer of the API.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No recorded answer is due; the report, line by line.
    #[error("{}", .0.join("\n"))]
    Miss(Vec<String>),
    /// The upstream did not answer, or not whole.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The client's connection broke before its request was complete.
    #[error("the request body ended early: {0}")]
    RequestBroken(BodyError),
    /// The request body is too large to be compared with recorded ones.
    #[error("the request body is larger than {BODY_LIMIT} bytes, more than is ever recorded")]
    RequestTooLarge,
    /// The header section is larger than allowed (bytes).
    #[error("the request's headers are {0} bytes long; at most {HEADER_LIMIT} are accepted")]
    HeadersTooLarge(usize),
    /// The answer that a script was to see did not come whole.
    #[error("the answer ended early, before a script could see it: {0}")]
    AnswerBroken(BodyError),
    /// A script failed; with file, line and column.
    #[error("{0}")]
    Script(Box<ScriptError>),
    /// A request chooses scenarios that cannot be played.
    #[error("x-overdub-scenario: {0}")]
    Choice(String),
    /// A defect of overdub's own.
    #[error("an internal error: {0}; please report it")]
    Internal(String),
    /// A method that this proxy does not speak.
    #[error(
        "CONNECT is not spoken here: this is a reverse proxy, send it the requests themselves or start it with --forward"
    )]
    Connect,
    /// CONNECT over HTTP/2 (RFC 9113 §8.5).
    #[error("CONNECT is not spoken over HTTP/2 here: let the client speak HTTP/1.1 to its proxy")]
    ConnectOverHttp2,
    /// What a forward proxy was asked for is no target.
    #[error("{0}")]
    BadTarget(String),
    /// A host that a forward proxy does not pass on to.
    #[error("{0}:{1} may not be asked for by way of this proxy; --allow-host {0} allows it")]
    NotAllowed(String, u16),
    /// A host that was to be let through unread and cannot be reached.
    #[error("{0}: no connection ({1}); is it running, and is the port right?")]
    Unreached(String, std::io::Error),
    /// Plain HTTP on a listener of HTTPS.
    #[error("this port speaks HTTPS and was sent plain HTTP: write https:// in the URL")]
    PlainOnTls,
    /// A request to a forward proxy that names no origin, with no upstream to send it to.
    #[error(
        "no upstream is set: this is a forward proxy; name it in HTTPS_PROXY and HTTP_PROXY, or give --upstream"
    )]
    NoUpstream,
    /// A session's name that is none.
    #[error(
        "`{0}` is no name of a session: write 1 to 128 visible ASCII characters without `/` (x-overdub-session, or \
         the proxy's user name)"
    )]
    SessionName(String),
    /// Something under `/__overdub/` that does not exist: what was asked, and what there is.
    #[error("{0} is no endpoint of overdub's{1}")]
    NoSuchEndpoint(String, &'static str),
    /// Something asked of overdub itself that cannot be done: the status, and why in words.
    #[error("{1}")]
    Refused(StatusCode, String),
    /// An endpoint of overdub's that another method is for: what was asked, and which methods there are.
    #[error("{0} is no endpoint of overdub's; this path takes {1}")]
    WrongMethod(String, &'static str),
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Miss(_) | Self::Script(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Upstream(_) | Self::Unreached(..) | Self::AnswerBroken(_) => StatusCode::BAD_GATEWAY,
            Self::RequestBroken(_)
            | Self::NoUpstream
            | Self::BadTarget(_)
            | Self::PlainOnTls
            | Self::Choice(_)
            | Self::SessionName(_) => StatusCode::BAD_REQUEST,
            Self::NotAllowed(..) => StatusCode::FORBIDDEN,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadersTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Refused(status, _) => *status,
            Self::NoSuchEndpoint(..) => StatusCode::NOT_FOUND,
            Self::Connect | Self::ConnectOverHttp2 | Self::WrongMethod(..) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// What came of the request, in a word.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Miss(_) => "miss",
            Self::Internal(_) => "internal-error",
            Self::Upstream(_) | Self::Unreached(..) | Self::AnswerBroken(_) => "upstream-error",
            Self::Script(_) => "script-error",
            _ => "client-error",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Miss(_) => "OVERDUB_MISS",
            Self::Internal(_) => "OVERDUB_INTERNAL",
            Self::Upstream(_) | Self::Unreached(..) | Self::AnswerBroken(_) => "OVERDUB_UPSTREAM",
            Self::Script(_) => "OVERDUB_SCRIPT",
            _ => "OVERDUB_CLIENT",
        }
    }

    /// The response that tells the client, after the log has been told.
    pub fn into_reply(self) -> Reply {
        let text = self.to_string();
        tracing::warn!(outcome = self.outcome(), "{text}");
        let mut lines = text.lines();
        let summary = format!("overdub: {}", lines.next().unwrap_or_default());
        let causes: Vec<_> = lines.map(|line| json!({ "errorSummary": line })).collect();
        let body = json!({
            "errorCode": self.code(),
            "errorSummary": summary,
            "errorLink": self.code(),
            "errorId": self.outcome(),
            "errorCauses": causes,
        });
        let mut reply = own_reply(self.status(), self.outcome(), &body);
        if let Self::WrongMethod(_, allowed) = self {
            // RFC 9110 §15.5.6.
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        }
        reply
    }
}

/// A JSON answer of overdub's own.
pub fn own_reply(status: StatusCode, outcome: &'static str, body: &serde_json::Value) -> Reply {
    own(status, outcome, body.to_string())
}

/// The same for people: its JSON laid out, and the outcome `own`.
pub fn own_reply_pretty(status: StatusCode, body: &serde_json::Value) -> Reply {
    own(status, "own", format!("{body:#}\n"))
}

fn own(status: StatusCode, outcome: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Body::Whole(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(OUTCOME, HeaderValue::from_static(outcome));
    reply
}
