//! What is verified, and against what.

use std::collections::HashMap;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::run::upstream;
use super::{ConfigError, UpstreamChoice, UpstreamConfig};
use crate::cli::{FailOn, VerifyArgs};
use crate::http::is_loopback;

/// The variable in which Okta's SDKs look for a token.
const TOKEN: &str = "OKTA_CLIENT_TOKEN";

/// Settings of `verify`.
#[derive(Debug)]
pub struct VerifyConfig {
    /// The live API.
    pub upstream: UpstreamConfig,
    /// Names, files and directories; none: all of `recordings`.
    pub cassettes: Vec<String>,
    /// Whether writes are sent too.
    pub allow_writes: bool,
    /// From which severity on a change counts.
    pub fail_on: FailOn,
    /// Headers of all requests, credentials among them: never shown.
    pub headers: HeaderMap,
    /// What is sent in the place of what was recorded.
    pub bindings: HashMap<String, String>,
    /// Whether the report is JSON.
    pub json: bool,
    /// The profile that was chosen.
    pub profile: Option<String>,
}

impl VerifyConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used. What a header says is not repeated.
    pub fn of(args: VerifyArgs) -> Result<Self, ConfigError> {
        if args.upstream.upstream.is_none() {
            return Err(ConfigError::NothingToAsk);
        }
        let upstream = upstream(args.upstream, false)?;
        let mut headers = HeaderMap::new();
        for text in &args.headers {
            let (name, value) = text.split_once(':').ok_or(ConfigError::Header("there is no colon"))?;
            let name: HeaderName = name
                .trim()
                .parse()
                .map_err(|_| ConfigError::Header("what stands before the colon is no name"))?;
            headers.append(name, value_of(value.trim()).ok_or(ConfigError::Header("its value is none"))?);
        }
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(token) = token(upstream.choice.as_ref())?
        {
            headers.insert(header::AUTHORIZATION, token);
        }
        let bindings = args.bindings.iter().map(|text| match text.split_once('=') {
            Some((recorded, live)) if !recorded.is_empty() => Ok((recorded.to_owned(), live.to_owned())),
            // What it is to be bound to may be a secret.
            _ => Err(ConfigError::Bind(text.split('=').next().unwrap_or_default().to_owned())),
        });
        Ok(Self {
            bindings: bindings.collect::<Result<_, _>>()?,
            upstream,
            cassettes: args.cassettes,
            allow_writes: args.allow_writes,
            fail_on: args.fail_on,
            headers,
            json: args.json,
            profile: args.profile,
        })
    }
}

/// The token that Okta's SDKs would send. The sandbox takes any.
fn token(choice: Option<&UpstreamChoice>) -> Result<Option<HeaderValue>, ConfigError> {
    let Some(UpstreamChoice::Origin(origin)) = choice else { return Ok(value_of("SSWS sandbox")) };
    let Some(token) = std::env::var_os(TOKEN).filter(|token| !token.is_empty()) else { return Ok(None) };
    if origin.scheme() != "https" && !is_loopback(origin.host()) {
        return Err(ConfigError::Unencrypted(origin.to_string()));
    }
    let value = token.to_str().and_then(|token| value_of(&format!("SSWS {token}")));
    value.map(Some).ok_or(ConfigError::Token)
}

/// A header's value that no debug output shows.
fn value_of(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
