//! Who may use the admin address: programs on this machine, and no web page that a browser on it shows.

use ::http::uri::Authority;
use ::http::{StatusCode, header};

use crate::error::Error;
use crate::http::{Origin, Request, host_and_port, is_loopback};

/// Refuses a request that names a host that is not this machine: a page's own name made to resolve to loopback (DNS
/// rebinding) is what a browser sends then. Refuses one that a page of another origin sends, too (RFC 6454 §7).
pub(super) fn check(request: &Request) -> Result<(), Error> {
    let headers = &request.head.headers;
    let named = headers.get(header::HOST).map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    let host: Option<Option<Authority>> = request.head.uri.authority().cloned().map(Some).or(named);
    let is_here = |host: Authority| host_and_port(&host).is_some_and(|(name, _)| is_loopback(name));
    if host.is_some_and(|host| !host.is_some_and(is_here)) {
        return Err(refused("Host"));
    }
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().ok());
    let origin = origin.map(|origin| origin.and_then(|origin| Origin::parse(origin).ok()));
    if origin.is_some_and(|origin| !origin.is_some_and(|origin| is_loopback(origin.host()))) {
        return Err(refused("Origin"));
    }
    Ok(())
}

fn refused(header: &str) -> Error {
    Error::Refused(
        StatusCode::FORBIDDEN,
        format!(
            "the admin address is for this machine only: the header {header} names another; use 127.0.0.1"
        ),
    )
}
