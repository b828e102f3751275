//! `req.headers` and `res.headers`: names in any case, repeated headers kept apart.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use super::response::Res;
use crate::scenario::error::{fail, listed};
use crate::scenario::exchange::Request;
use crate::scenario::json::type_name;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// The headers of a request or of an answer.
#[derive(Debug, Clone)]
pub(super) enum Headers {
    Request(Arc<Request>),
    Response(Res),
}

impl Headers {
    fn read<T>(&self, work: impl FnOnce(&HeaderMap) -> T) -> T {
        match self {
            Self::Request(request) => work(&request.headers),
            Self::Response(res) => work(&res.lock().response.headers),
        }
    }

    fn change<T>(&self, work: impl FnOnce(&mut HeaderMap) -> T) -> Fallible<T> {
        match self {
            Self::Request(_) => Err(fail("req.headers cannot be changed: req is read-only".to_owned())),
            Self::Response(res) => {
                let mut answer = res.lock();
                answer.touch();
                Ok(work(Arc::make_mut(&mut answer.response.headers)))
            }
        }
    }

    fn own_name(&self) -> &'static str {
        match self {
            Self::Request(_) => "req.headers",
            Self::Response(_) => "res.headers",
        }
    }

    fn find(&mut self, name: &str) -> Option<String> {
        self.read(|headers| {
            headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
    }

    fn get(&mut self, name: &str) -> Fallible<String> {
        self.find(name).ok_or_else(|| {
            let own = self.own_name();
            fail(format!("{own} has no `{name}`; it has: {}", listed(&self.names())))
        })
    }

    fn names(&self) -> Vec<String> {
        self.read(|headers| headers.keys().map(|name| name.as_str().to_owned()).collect())
    }

    fn all(&mut self, name: &str) -> Array {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned().into();
        self.read(|headers| headers.get_all(name).iter().map(text).collect())
    }

    fn set(&mut self, name: &str, value: &Dynamic) -> Fallible<()> {
        let (name, value) = header_of(name, value)?;
        self.change(|headers| headers.insert(name, value)).map(drop)
    }

    fn add(&mut self, name: &str, value: &Dynamic) -> Fallible<()> {
        let (name, value) = header_of(name, value)?;
        self.change(|headers| headers.append(name, value)).map(drop)
    }

    fn remove(&mut self, name: &str) -> Fallible<()> {
        self.get(name)?;
        // Not by `HeaderMap::remove`, which changes the order of those that stay.
        self.change(|headers| {
            let kept = headers.iter().filter(|(own, _)| !own.as_str().eq_ignore_ascii_case(name));
            *headers = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        })
    }

    /// `res.headers = …`: itself, as the engine writes back after a change, or a map of all headers.
    pub(super) fn take_the_place(&self, value: &Dynamic) -> Fallible<()> {
        if value.is::<Self>() {
            return Ok(());
        }
        let Some(map) = value.read_lock::<Map>() else {
            return Err(fail(format!("res.headers takes a map, not {}", type_name(value))));
        };
        let headers = headers_of(&map)?;
        self.change(|own| *own = headers)
    }
}

/// A header as scripts write it.
pub(super) fn header_of(name: &str, value: &Dynamic) -> Fallible<(HeaderName, HeaderValue)> {
    let parsed = name
        .parse::<HeaderName>()
        .map_err(|_| fail(format!("`{}` is no name of a header", name.escape_debug())))?;
    if value.is_map() || value.is_array() || value.is_unit() {
        return Err(fail(format!("the header {name} must be a text, not {}", type_name(value))));
    }
    let text = value.to_string();
    let value = HeaderValue::from_str(&text);
    Ok((
        parsed,
        value.map_err(|_| fail(format!("`{}` cannot stand in the header {name}", text.escape_debug())))?,
    ))
}

/// All headers of a map; a list gives one header for each element.
pub(super) fn headers_of(map: &Map) -> Fallible<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in map {
        let values = value.read_lock::<Array>().map(|list| list.to_vec());
        for value in values.unwrap_or_else(|| vec![value.clone()]) {
            let (name, value) = header_of(name, &value)?;
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// Makes headers known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Headers>("headers");
    engine.register_indexer_get(|headers: &mut Headers, name: &str| headers.get(name));
    engine
        .register_indexer_set(|headers: &mut Headers, name: &str, value: Dynamic| headers.set(name, &value));
    engine.register_fn("get", |headers: &mut Headers, name: &str| {
        headers.find(name).map_or(Dynamic::UNIT, Dynamic::from)
    });
    engine.register_fn("set", |headers: &mut Headers, name: &str, value: Dynamic| headers.set(name, &value));
    engine.register_fn("add", |headers: &mut Headers, name: &str, value: Dynamic| headers.add(name, &value));
    engine.register_fn("remove", |headers: &mut Headers, name: &str| headers.remove(name));
    engine.register_fn("contains", |headers: &mut Headers, name: &str| headers.find(name).is_some());
    engine.register_fn("all", |headers: &mut Headers, name: &str| headers.all(name));
    engine.register_fn("keys", |headers: &mut Headers| -> Array {
        headers.names().into_iter().map(Dynamic::from).collect()
    });
    engine.register_fn("to_string", |headers: &mut Headers| headers.read(|headers| format!("{headers:?}")));
}
