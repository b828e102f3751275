//! What the engine knows of handles: operators, functions, `for`.

use std::any::TypeId;
use std::sync::{Arc, Mutex};

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FnPtr, INT, ImmutableString, Map, Module, NativeCallContext,
};

use super::document::Document;
use super::handle::{Access, Json};
use super::parsed::{Kind, Parsed};
use crate::scenario::error::fail;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

fn parse(text: &str) -> Fallible<Dynamic> {
    let parsed = Parsed::new(text).map_err(|error| fail(format!("the text is not JSON: {error}")))?;
    Json::open(&Arc::new(Mutex::new(Document::new(Arc::new(parsed)))), Access::ReadWrite, "the value")
}

/// What `f` says of a value.
fn judge(context: &NativeCallContext<'_>, f: &FnPtr, value: &Dynamic) -> Fallible<bool> {
    f.call_within_context::<Dynamic>(context, (value.clone(),))?
        .as_bool()
        .map_err(|found| fail(format!("the function must return true or false, and returned {found}")))
}

/// Makes handles known to the engine.
pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Json>("json");
    engine.register_fn("parse_json", parse);
    engine.register_indexer_get(|json: &mut Json, name: &str| json.get(name));
    engine.register_indexer_set(|json: &mut Json, name: &str, value: Dynamic| json.set(name, &value));
    // The usual types by themselves: the engine finds a function of exactly these types at once.
    engine.register_indexer_set(|json: &mut Json, name: &str, value: ImmutableString| {
        json.set(name, &value.into())
    });
    engine.register_indexer_set(|json: &mut Json, name: &str, value: INT| json.set(name, &value.into()));
    engine.register_indexer_set(|json: &mut Json, name: &str, value: bool| json.set(name, &value.into()));
    engine.register_indexer_set(|json: &mut Json, name: &str, value: Json| {
        json.set(name, &Dynamic::from(value))
    });
    engine.register_indexer_get(Json::get_at);
    engine.register_indexer_set(|json: &mut Json, index: INT, value: Dynamic| json.set_at(index, &value));
    engine.register_fn("get", |json: &mut Json, name: &str| json.get_or(name, Dynamic::UNIT));
    engine.register_fn("get", |json: &mut Json, name: &str, otherwise: Dynamic| json.get_or(name, otherwise));
    engine.register_fn("set", |json: &mut Json, name: &str, value: Dynamic| json.set(name, &value));
    engine.register_fn("len", Json::len);
    engine.register_fn("is_empty", |json: &mut Json| json.len() == 0);
    engine.register_fn("is_array", |json: &mut Json| json.kind() == Kind::Array);
    engine.register_fn("is_object", |json: &mut Json| json.kind() == Kind::Object);
    engine.register_fn("keys", Json::keys);
    engine.register_fn("values", Json::values);
    engine.register_fn("contains", |json: &mut Json, value: Dynamic| json.contains(&value));
    engine.register_fn("index_of", |json: &mut Json, value: Dynamic| json.index_of(&value));
    engine.register_fn("push", |json: &mut Json, value: Dynamic| json.push(&value));
    engine.register_fn("insert", |json: &mut Json, index: INT, value: Dynamic| json.insert(index, &value));
    engine.register_fn("remove", |json: &mut Json, name: &str| json.remove(name));
    engine.register_fn("remove", Json::remove_at);
    engine.register_fn("clear", Json::clear);
    engine.register_fn("copy", |json: &mut Json| json.copied());
    engine.register_fn("to_string", |json: &mut Json| json.text());
    engine.register_fn("to_debug", |json: &mut Json| json.text());
    engine.register_fn("to_json", |json: &mut Json| json.text());
    register_comparisons(engine);
    register_searches(engine);
}

/// Makes `for` known, which an engine takes from modules only.
pub(crate) fn init(module: &mut Module) {
    module.set_iter_result(TypeId::of::<Json>(), |value| {
        let items = match value.read_lock::<Json>() {
            Some(json) => json.elements("`for`; go through an object by its keys() or values(), which"),
            None => Ok(Vec::new()),
        };
        match items {
            Ok(items) => Box::new(items.into_iter().map(Ok)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    });
}

fn register_comparisons(engine: &mut Engine) {
    engine.register_fn("==", |one: Json, other: Json| one.equals(&Dynamic::from(other)));
    engine.register_fn("!=", |one: Json, other: Json| !one.equals(&Dynamic::from(other)));
    engine.register_fn("==", |one: Json, other: Array| one.equals(&other.into()));
    engine.register_fn("!=", |one: Json, other: Array| !one.equals(&other.into()));
    engine.register_fn("==", |one: Json, other: Map| one.equals(&other.into()));
    engine.register_fn("!=", |one: Json, other: Map| !one.equals(&other.into()));
    engine.register_fn("==", |one: Array, other: Json| other.equals(&one.into()));
    engine.register_fn("!=", |one: Array, other: Json| !other.equals(&one.into()));
    engine.register_fn("==", |one: Map, other: Json| other.equals(&one.into()));
    engine.register_fn("!=", |one: Map, other: Json| !other.equals(&one.into()));
}

fn register_searches(engine: &mut Engine) {
    engine.register_fn("filter", |context: NativeCallContext<'_>, json: &mut Json, f: FnPtr| {
        let mut kept = Array::new();
        for value in json.elements("filter()")? {
            if judge(&context, &f, &value)? {
                kept.push(value);
            }
        }
        Ok::<_, Box<EvalAltResult>>(kept)
    });
    engine.register_fn("find", |context: NativeCallContext<'_>, json: &mut Json, f: FnPtr| {
        for value in json.elements("find()")? {
            if judge(&context, &f, &value)? {
                return Ok::<_, Box<EvalAltResult>>(value);
            }
        }
        Ok(Dynamic::UNIT)
    });
    engine.register_fn("some", |context: NativeCallContext<'_>, json: &mut Json, f: FnPtr| {
        for value in json.elements("some()")? {
            if judge(&context, &f, &value)? {
                return Ok::<_, Box<EvalAltResult>>(true);
            }
        }
        Ok(false)
    });
    engine.register_fn("all", |context: NativeCallContext<'_>, json: &mut Json, f: FnPtr| {
        for value in json.elements("all()")? {
            if !judge(&context, &f, &value)? {
                return Ok::<_, Box<EvalAltResult>>(false);
            }
        }
        Ok(true)
    });
    engine.register_fn("map", |context: NativeCallContext<'_>, json: &mut Json, f: FnPtr| {
        let elements = json.elements("map()")?;
        let mapped = elements.into_iter().map(|value| f.call_within_context::<Dynamic>(&context, (value,)));
        mapped.collect::<Result<Array, _>>()
    });
}
