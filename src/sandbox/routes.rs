//! Which handler answers which path: one table.

use http::Method;

use super::call::Call;
use super::errors::Code;
use super::org::Org;
use super::reply::Answer;
use super::{factors, users};

type Handler = fn(&mut Org, &Call, &Target<'_>) -> Answer;

/// What the path names; a part that the path does not have is empty.
#[derive(Debug, Default)]
pub(super) struct Target<'a> {
    /// Id or login.
    pub(super) user: &'a str,
    /// Factor id.
    pub(super) factor: &'a str,
    /// Transaction id or QR token.
    pub(super) item: &'a str,
}

/// The first fitting path with the right method answers, so fixed names stand before `{factor}`.
const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::GET, "api/v1/users", users::list),
    (Method::POST, "api/v1/users", users::create),
    (Method::GET, "api/v1/users/{user}", users::get),
    (Method::POST, "api/v1/users/{user}", users::update),
    (Method::PUT, "api/v1/users/{user}", users::replace),
    (Method::DELETE, "api/v1/users/{user}", users::delete),
    (Method::POST, "api/v1/users/{user}/lifecycle/activate", users::activate),
    (Method::POST, "api/v1/users/{user}/lifecycle/deactivate", users::deactivate),
    (Method::POST, "api/v1/users/{user}/lifecycle/reset_factors", factors::reset),
    (Method::GET, "api/v1/users/{user}/factors", factors::list),
    (Method::POST, "api/v1/users/{user}/factors", factors::enroll),
    (Method::GET, "api/v1/users/{user}/factors/catalog", factors::catalog),
    (Method::GET, "api/v1/users/{user}/factors/questions", factors::questions),
    (Method::GET, "api/v1/users/{user}/factors/{factor}", factors::get),
    (Method::PUT, "api/v1/users/{user}/factors/{factor}", factors::replace),
    (Method::DELETE, "api/v1/users/{user}/factors/{factor}", factors::unenroll),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/lifecycle/activate", factors::activate),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll", factors::push::poll),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/lifecycle/activate/sms", factors::push::send_link),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/lifecycle/activate/email", factors::push::send_link),
    (Method::GET, "api/v1/users/{user}/factors/{factor}/qr/{item}", factors::qr),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/resend", factors::resend),
    (Method::POST, "api/v1/users/{user}/factors/{factor}/verify", factors::verify),
    (Method::GET, "api/v1/users/{user}/factors/{factor}/transactions/{item}", factors::push::transaction),
    (Method::DELETE, "api/v1/users/{user}/factors/{factor}/transactions/{item}", factors::push::cancel),
];

/// Checks the token, finds the handler and lets it answer.
pub(super) fn answer(org: &mut Org, call: &Call) -> Answer {
    if !call.is_authorized() {
        return Err(Code::InvalidToken.into());
    }
    let mut is_known = false;
    for (method, pattern, handler) in ROUTES {
        let Some(target) = fit(pattern, &call.segments) else { continue };
        is_known = true;
        if *method == call.method {
            return handler(org, call, &target);
        }
    }
    Err(if is_known { Code::Method.into() } else { Code::NoSuchPath.into() })
}

fn fit<'a>(pattern: &str, segments: &'a [String]) -> Option<Target<'a>> {
    let mut names = pattern.split('/');
    let mut target = Target::default();
    for segment in segments {
        match names.next()? {
            "{user}" => target.user = segment,
            "{factor}" => target.factor = segment,
            "{item}" => target.item = segment,
            name if name == segment => {}
            _ => return None,
        }
    }
    names.next().is_none().then_some(target)
}
