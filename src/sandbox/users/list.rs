//! The list of users: which ones, and page after page.

use serde_json::Value;

use super::model::{User, UserStatus};
use super::view::user_json;
use crate::sandbox::call::Call;
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::org::Org;
use crate::sandbox::reply::{Answer, Reply};
use crate::sandbox::routes::Target;

const LONGEST_PAGE: usize = 200;

/// `GET /users?limit=&after=&q=&filter=&search=`: pages are linked by two `link` header lines, `self` and `next`.
pub(in crate::sandbox) fn list(org: &mut Org, call: &Call, _: &Target<'_>) -> Answer {
    let wanted = Wanted::read(call)?;
    let start = match call.query("after") {
        None => 0,
        Some(cursor) => 1 + org.users.iter().position(|u| u.id == cursor).ok_or(Code::Paging)?,
    };
    let limit = call.query("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.filter(|limit| (1..=LONGEST_PAGE).contains(limit)).unwrap_or(LONGEST_PAGE);
    let mut matching = org.users.iter().skip(start).filter(|user| wanted.includes(user));
    let page: Vec<_> = matching.by_ref().take(limit).collect();
    let has_more = matching.next().is_some();

    let shown = page.iter().map(|user| user_json(&call.origin, user, &org.world.user_type));
    let base = format!("{}/api/v1/users", call.origin);
    let query = if call.raw_query.is_empty() { String::new() } else { format!("?{}", call.raw_query) };
    let reply = Reply::ok(Value::Array(shown.collect())).with_link(&format!("{base}{query}"), "self");
    Ok(match page.last() {
        Some(last) if has_more => {
            reply.with_link(&next_page(&base, &call.raw_query, &last.id, limit), "next")
        }
        _ => reply,
    })
}

/// The same question with another cursor.
fn next_page(base: &str, raw_query: &str, last: &str, limit: usize) -> String {
    let is_kept =
        |part: &&str| !part.is_empty() && !part.starts_with("after=") && !part.starts_with("limit=");
    let (cursor, limit) = (format!("after={last}"), format!("limit={limit}"));
    let parts = [cursor.as_str(), limit.as_str()].into_iter().chain(raw_query.split('&').filter(is_kept));
    format!("{base}?{}", parts.collect::<Vec<_>>().join("&"))
}

/// Which users a client asked for.
#[derive(Debug)]
struct Wanted<'a> {
    prefix: Option<String>,
    equal: Vec<(&'a str, &'a str)>,
}

impl<'a> Wanted<'a> {
    /// Of the filter language only `attribute eq "value"`, joined by `and`, is understood; the rest is refused
    /// rather than ignored.
    fn read(call: &'a Call) -> Result<Self, ApiError> {
        let expressions = [call.query("filter"), call.query("search")].into_iter().flatten();
        let terms = expressions.flat_map(|expression| expression.split(" and "));
        let equal = terms.map(|term| {
            let (attribute, value) = term.trim().split_once(" eq ")?;
            Some((attribute.trim(), value.trim().strip_prefix('"')?.strip_suffix('"')?))
        });
        let equal: Option<Vec<_>> = equal.collect();
        let prefix = call.query("q").map(str::to_lowercase);
        Ok(Self { prefix, equal: equal.ok_or(Code::Search)? })
    }

    fn includes(&self, user: &User) -> bool {
        // Deactivated users are listed only when the status is asked for (Okta users API reference).
        let asks_status = self.equal.iter().any(|(attribute, _)| *attribute == "status");
        let is_shown = asks_status || user.status != UserStatus::Deprovisioned;
        let starts = |field: &str, prefix: &str| user.field(field).to_lowercase().starts_with(prefix);
        let fits =
            |prefix: &String| ["firstName", "lastName", "email"].iter().any(|field| starts(field, prefix));
        is_shown
            && self.prefix.as_ref().is_none_or(fits)
            && self.equal.iter().all(|(attribute, value)| match *attribute {
                "id" => user.id == *value,
                "status" => user.status.name() == *value,
                _ => attribute.strip_prefix("profile.").is_some_and(|field| user.field(field) == *value),
            })
    }
}
