//! The headers of recorded responses, ready to send: what is the same in many answers of an API is kept once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use foldhash::quality::FixedState;

use super::answer::Asker;
use super::splitter::Splitter;
use super::template::{Context, Template};
use crate::http::localise_cookie;

/// The headers of one response. A map of them takes more memory than most bodies, so all that have the same names share
/// one, and have their own values beside it.
#[derive(Debug)]
pub(super) struct Head {
    common: Arc<HeaderMap>,
    /// In the map's order.
    own: Box<[Own]>,
}

/// A value that is not that of the shared map.
#[derive(Debug)]
struct Own {
    /// How many values of the map lie between the own one before and this one.
    skipped: usize,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Recorded(HeaderValue),
    Open(Box<OpenValue>),
    Cookie(Arc<Cookie>),
}

/// A cookie for those who asked us by http, for those by https, and for a forward proxy's clients.
#[derive(Debug)]
struct Cookie {
    plain: OpenValue,
    secure: OpenValue,
    forwarded: OpenValue,
}

/// A value with open places, if it has any.
#[derive(Debug)]
struct OpenValue {
    recorded: HeaderValue,
    template: Option<Template>,
}

/// What occurred before in the headers of one cassette.
#[derive(Debug, Default)]
pub(super) struct KnownHeaders {
    /// By a hash of their names, of those that share it the last.
    sets: HashMap<u64, Arc<HeaderMap>>,
    cookies: HashMap<Bytes, Arc<Cookie>>,
}

impl Head {
    /// Splits the values at their open places, those that `splitter` finds.
    pub(super) fn new(headers: HeaderMap, splitter: &Splitter, known: &mut KnownHeaders) -> Self {
        let headers = Arc::new(headers);
        let common = known.common(&headers);
        let (mut own, mut skipped) = (Vec::new(), 0);
        for ((name, value), common) in headers.iter().zip(common.values()) {
            let value = match known.adapted(name, value, splitter) {
                Some(adapted) => adapted,
                None if value == common => {
                    skipped += 1;
                    continue;
                }
                None => Value::Recorded(value.clone()),
            };
            own.push(Own { skipped: std::mem::take(&mut skipped), value });
        }
        pack(&mut own);
        Self { common, own: own.into() }
    }

    /// Whether bindings can show in it.
    pub(super) fn is_open(&self) -> bool {
        self.own.iter().any(|own| !matches!(own.value, Value::Recorded(_)))
    }

    /// The headers for one client.
    pub(super) fn for_client<C: Context>(&self, asker: &Asker<'_, C>) -> HeaderMap {
        let mut headers = HeaderMap::clone(&self.common);
        let mut values = headers.values_mut();
        for own in &self.own {
            if let Some(value) = values.nth(own.skipped) {
                *value = own.value.for_client(asker);
            }
        }
        headers
    }
}

impl KnownHeaders {
    /// The map that headers share with those that have the same names in the same order.
    fn common(&mut self, headers: &Arc<HeaderMap>) -> Arc<HeaderMap> {
        let mut hasher = FixedState::default().build_hasher();
        headers.iter().for_each(|(name, _)| name.as_str().hash(&mut hasher));
        let hash = hasher.finish();
        match self.sets.get(&hash) {
            Some(known) if is_alike(known, headers) => Arc::clone(known),
            // Where most values differ, those to come are rather like these.
            _ => {
                self.sets.insert(hash, Arc::clone(headers));
                Arc::clone(headers)
            }
        }
    }

    /// What differs between clients in a value; `None`: nothing.
    fn adapted(&mut self, name: &HeaderName, value: &HeaderValue, splitter: &Splitter) -> Option<Value> {
        if name == header::SET_COOKIE && splitter.has_links() {
            return Some(Value::Cookie(self.cookie(value, splitter)));
        }
        let template = Some(splitter.split_header(name, value)?);
        Some(Value::Open(Box::new(OpenValue { recorded: value.clone(), template })))
    }

    fn cookie(&mut self, value: &HeaderValue, splitter: &Splitter) -> Arc<Cookie> {
        if let Some(known) = self.cookies.get(value.as_bytes()) {
            return Arc::clone(known);
        }
        let cookie = Arc::new(Cookie {
            plain: OpenValue::of_cookie(localise_cookie(value, false), splitter),
            secure: OpenValue::of_cookie(localise_cookie(value, true), splitter),
            forwarded: OpenValue::of_cookie(value.clone(), splitter),
        });
        self.cookies.insert(Bytes::copy_from_slice(value.as_bytes()), Arc::clone(&cookie));
        cookie
    }
}

/// Whether two maps have the same names in the same order, and half of their values.
fn is_alike(one: &HeaderMap, other: &HeaderMap) -> bool {
    let names_are_same = one.len() == other.len() && one.iter().zip(other).all(|((a, _), (b, _))| a == b);
    let same_values = one.values().zip(other.values()).filter(|(a, b)| a == b).count();
    names_are_same && 2 * same_values >= other.len()
}

/// Puts recorded values side by side in memory of their own.
fn pack(own: &mut [Own]) {
    let mut recorded: Vec<&mut HeaderValue> = own.iter_mut().filter_map(|own| own.value.recorded()).collect();
    let all: Vec<&[u8]> = recorded.iter().map(|value| value.as_bytes()).collect();
    let mut all = Bytes::from(all.concat());
    for value in &mut recorded {
        if let Ok(packed) = HeaderValue::from_maybe_shared(all.split_to(value.len())) {
            **value = packed;
        }
    }
}

impl Value {
    fn recorded(&mut self) -> Option<&mut HeaderValue> {
        if let Self::Recorded(value) = self { Some(value) } else { None }
    }

    fn for_client<C: Context>(&self, asker: &Asker<'_, C>) -> HeaderValue {
        match self {
            Self::Recorded(value) => value.clone(),
            Self::Open(value) => value.fill(&asker.context),
            Self::Cookie(cookie) if asker.is_forwarded => cookie.forwarded.fill(&asker.context),
            Self::Cookie(cookie) if asker.scheme == "https" => cookie.secure.fill(&asker.context),
            Self::Cookie(cookie) => cookie.plain.fill(&asker.context),
        }
    }
}

impl OpenValue {
    fn of_cookie(recorded: HeaderValue, splitter: &Splitter) -> Self {
        let template = splitter.split_cookie(&recorded);
        Self { recorded, template }
    }

    fn fill(&self, context: &impl Context) -> HeaderValue {
        let filled = self.template.as_ref().map(|template| template.render(context));
        // A value that a header cannot hold, such as one with a line end, stays what was recorded.
        filled
            .and_then(|bytes| HeaderValue::from_maybe_shared(bytes).ok())
            .unwrap_or_else(|| self.recorded.clone())
    }
}

#[cfg(test)]
mod tests {
    use ::http::Request;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::http::Origin;
    use crate::replay::variables::Variables;

    /// Nothing comes to any place.
    struct Nothing;

    impl Context for Nothing {
        fn origin(&self, _: usize) -> Option<&Origin> {
            None
        }

        fn value(&self, _: usize) -> Option<&str> {
            None
        }

        fn shift(&self) -> i64 {
            0
        }
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn heads(all: &[HeaderMap]) -> Vec<Head> {
        let splitter = Splitter::new(&Variables::default(), true, None);
        let mut known = KnownHeaders::default();
        all.iter().map(|own| Head::new(own.clone(), &splitter, &mut known)).collect()
    }

    fn sent(head: &Head) -> HeaderMap {
        let (parts, ()) = Request::new(()).into_parts();
        let origin = || Origin::new("http", "overdub.test");
        let (scheme, is_forwarded) = ("http", false);
        head.for_client(&Asker { head: &parts, scheme, is_forwarded, context: Nothing, origin: &origin })
    }

    proptest! {
        #[test]
        fn each_answer_has_its_own_headers_in_their_order(
            all in vec(vec((select(&["a", "b", "c"][..]), select(&["", "1", "2"][..])), 0..6), 1..8)
        ) {
            let all: Vec<_> = all.iter().map(|lines| headers(lines)).collect();
            for (head, own) in heads(&all).iter().zip(&all) {
                prop_assert!(sent(head).iter().eq(own), "{:?} for {own:?}", sent(head));
            }
        }
    }

    #[test]
    fn what_has_the_same_names_shares_a_map() {
        let one = headers(&[("server", "a"), ("x-id", "1"), ("vary", "*")]);
        let other = headers(&[("server", "a"), ("x-id", "2"), ("vary", "*")]);
        let third = headers(&[("server", "a"), ("vary", "*"), ("x-id", "2")]);
        let heads = heads(&[one, other, third]);
        assert!(Arc::ptr_eq(&heads[0].common, &heads[1].common));
        assert_eq!([0, 1].map(|at| heads[at].own.len()), [0, 1]);
        assert!(!Arc::ptr_eq(&heads[0].common, &heads[2].common));
    }
}
