//! Links on their way to the client: the upstream's origin gives way to the client's.

use std::cell::LazyCell;

use ::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

use crate::http::{BODY_LIMIT, Coding, LinkFinder, Origin, localise_cookie};

/// The body with the client's origin in its links; `None` when it has none, or is not what its coding says.
pub(super) fn relinked(
    data: &Bytes,
    headers: &HeaderMap,
    links: &LinkFinder,
    origin: impl FnOnce() -> Origin,
) -> Option<Bytes> {
    let coding = Coding::of(headers).ok()?;
    let plain = match coding {
        None => data.clone(),
        Some(coding) => coding.decode(data, BODY_LIMIT).ok()?,
    };
    let rendered = links.split(&plain)?.render(&origin());
    Some(match coding {
        None => rendered.into(),
        Some(coding) => coding.encode(&rendered),
    })
}

/// Puts the client's origin into links, and makes cookies ones that it keeps.
pub(super) fn localise(headers: &mut HeaderMap, links: &LinkFinder, origin: impl FnOnce() -> Origin) {
    let origin = LazyCell::new(origin);
    for (name, value) in headers.iter_mut() {
        if name == header::SET_COOKIE {
            *value = localise_cookie(value, origin.scheme() == "https");
        } else if links.has_link(value.as_bytes())
            && let Some(template) = links.split(&Bytes::copy_from_slice(value.as_bytes()))
            && let Ok(rendered) = HeaderValue::try_from(template.render(&origin))
        {
            *value = rendered;
        }
    }
}
