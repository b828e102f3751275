//! `req`: the request, read-only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rhai::{Array, Dynamic, Engine, EvalAltResult, INT, Map};

use super::headers::Headers;
use crate::http::query_pairs;
use crate::scenario::error::{fail, listed};
use crate::scenario::exchange::Request;
use crate::scenario::handler::Handler;
use crate::scenario::json::{Access, Document, Json};
use crate::scenario::route::spelled;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

const PROPERTIES: &str = "method, url, path, params, query, headers, json, text, nth, session";

/// A request as one handler sees it.
#[derive(Debug, Clone)]
pub(in crate::scenario) struct Req {
    pub(in crate::scenario) request: Arc<Request>,
    pub(in crate::scenario) handler: Arc<Handler>,
    pub(in crate::scenario) nth: u64,
    pub(in crate::scenario) session: Arc<str>,
}

/// `req.params` or `req.query`.
#[derive(Debug, Clone)]
struct Named {
    label: &'static str,
    values: BTreeMap<String, Dynamic>,
}

impl Req {
    fn json(&mut self) -> Fallible<Dynamic> {
        let parsed = self.request.json().as_ref().map_err(|problem| fail(format!("req.json: {problem}")))?;
        let document = Arc::new(Mutex::new(Document::new(Arc::clone(parsed))));
        Json::open(&document, Access::ReadOnly, "req.json")
    }

    fn text(&mut self) -> Fallible<String> {
        let text = std::str::from_utf8(&self.request.body).map(str::to_owned);
        text.map_err(|_| fail("req.text: the body is not UTF-8".to_owned()))
    }

    fn params(&mut self) -> Named {
        let path = spelled(self.request.path());
        let captures = self.handler.pattern.captures(&path);
        let values = captures.map(|(name, value)| (name.to_owned(), value.into_owned().into()));
        Named { label: "req.params", values: values.collect() }
    }

    /// A parameter that occurs more than once is a list, in the order in which it came.
    fn query(&mut self) -> Named {
        let mut values: BTreeMap<String, Dynamic> = BTreeMap::new();
        for (name, value) in query_pairs(self.request.query()) {
            let value = Dynamic::from(value);
            match values.get_mut(&name) {
                Some(own) if own.is_array() => {
                    if let Some(mut list) = own.write_lock::<Array>() {
                        list.push(value);
                    }
                }
                Some(own) => *own = vec![own.clone(), value].into(),
                None => {
                    values.insert(name, value);
                }
            }
        }
        Named { label: "req.query", values }
    }
}

impl Named {
    fn get(&mut self, name: &str) -> Fallible<Dynamic> {
        self.values.get(name).cloned().ok_or_else(|| {
            let known: Vec<&String> = self.values.keys().collect();
            fail(format!("{} has no `{name}`; it has: {}", self.label, listed(&known)))
        })
    }

    fn as_map(&mut self) -> Map {
        self.values.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect()
    }
}

fn read_only(what: &str) -> Box<EvalAltResult> {
    fail(format!("{what} cannot be changed: req is read-only"))
}

/// Makes requests known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Req>("req");
    engine.register_get("method", |req: &mut Req| req.request.method.as_str().to_owned());
    engine.register_get("url", |req: &mut Req| req.request.url.clone());
    engine.register_get("path", |req: &mut Req| req.request.path().to_owned());
    engine.register_get("params", Req::params);
    engine.register_get("query", Req::query);
    engine.register_get("headers", |req: &mut Req| Headers::Request(Arc::clone(&req.request)));
    engine.register_get("json", Req::json);
    engine.register_get("text", Req::text);
    engine.register_get("nth", |req: &mut Req| INT::try_from(req.nth).unwrap_or(INT::MAX));
    engine.register_get("session", |req: &mut Req| req.session.to_string());
    // What the engine writes back after a function was called on a part of it.
    engine.register_set("params", |_: &mut Req, _: Named| {});
    engine.register_set("query", |_: &mut Req, _: Named| {});
    engine.register_set("headers", |_: &mut Req, headers: Headers| match headers {
        Headers::Request(_) => Ok(()),
        Headers::Response(_) => Err(read_only("req.headers")),
    });
    engine.register_set("json", |_: &mut Req, json: Json| match json.access() {
        Access::ReadOnly => Ok(()),
        Access::ReadWrite => Err(read_only("req.json")),
    });
    engine.register_indexer_get(|_: &mut Req, name: &str| {
        Err::<Dynamic, _>(fail(format!("req has no property `{name}`; it has: {PROPERTIES}")))
    });
    engine.register_indexer_set(|_: &mut Req, name: &str, _: Dynamic| {
        Err::<(), _>(read_only(&format!("req.{name}")))
    });
    engine.register_type_with_name::<Named>("values");
    engine.register_indexer_get(|named: &mut Named, name: &str| named.get(name));
    engine.register_indexer_set(|named: &mut Named, name: &str, _: Dynamic| {
        Err::<(), _>(read_only(&format!("{}.{name}", named.label)))
    });
    engine.register_fn("get", |named: &mut Named, name: &str| {
        named.values.get(name).cloned().unwrap_or(Dynamic::UNIT)
    });
    engine.register_fn("contains", |named: &mut Named, name: &str| named.values.contains_key(name));
    engine.register_fn("keys", |named: &mut Named| -> Array {
        named.values.keys().cloned().map(Dynamic::from).collect()
    });
    engine.register_fn("len", |named: &mut Named| INT::try_from(named.values.len()).unwrap_or(INT::MAX));
    engine.register_fn("to_string", |named: &mut Named| Dynamic::from(named.as_map()).to_string());
}
