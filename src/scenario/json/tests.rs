use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rhai::{AST, Caches, Engine, EvalContext, Scope};
use serde_json::{Map, Value};

use super::*;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<i16>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        "[a-z\"\\\\ é\u{1}]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d\"é]{1,2}", inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn document(text: &str) -> Document {
    Document::new(Arc::new(Parsed::new(text).unwrap()))
}

/// A way down, and what to do there.
#[derive(Debug, Clone)]
enum Change {
    Set(String, Value),
    Remove(String),
    Push(Value),
    RemoveAt(usize),
    SetAt(usize, Value),
}

fn changes() -> impl Strategy<Value = Vec<(Vec<usize>, Change)>> {
    let change = prop_oneof![
        ("[a-d]{1,2}", values()).prop_map(|(name, value)| Change::Set(name, value)),
        "[a-d]{1,2}".prop_map(Change::Remove),
        values().prop_map(Change::Push),
        (0..3_usize).prop_map(Change::RemoveAt),
        (0..3_usize, values()).prop_map(|(place, value)| Change::SetAt(place, value)),
    ];
    prop::collection::vec((prop::collection::vec(0..3_usize, 0..3), change), 0..6)
}

/// The same change to a document and to plain values.
fn apply(document: &mut Document, value: &mut Value, way: &[usize], change: &Change) {
    let (mut id, mut at) = (document.root(), value);
    for &place in way {
        let Some(kid) = document.at(id, place) else { return };
        at = match at {
            Value::Array(list) => &mut list[place],
            Value::Object(map) => map.iter_mut().nth(place).unwrap().1,
            _ => return,
        };
        id = kid;
    }
    match (at, change) {
        (Value::Object(map), Change::Set(name, new)) => {
            document.set(id, name, new.to_string()).unwrap();
            map.insert(name.clone(), new.clone());
        }
        (Value::Object(map), Change::Remove(name)) => {
            assert_eq!(document.remove(id, name).unwrap(), map.shift_remove(name).is_some());
        }
        (Value::Array(list), Change::Push(new)) => {
            document.insert(id, usize::MAX, new.to_string()).unwrap();
            list.push(new.clone());
        }
        (Value::Array(list), Change::RemoveAt(place)) if *place < list.len() => {
            document.remove_at(id, *place).unwrap();
            list.remove(*place);
        }
        (Value::Array(list), Change::SetAt(place, new)) if *place < list.len() => {
            document.set_at(id, *place, new.to_string()).unwrap();
            list[*place] = new.clone();
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn changes_do_to_the_text_what_they_do_to_the_values(mut value in values(), changes in changes()) {
        let text = pretty(&value);
        let mut document = document(&text);
        prop_assert_eq!(document.text(), text);
        for (way, change) in changes {
            apply(&mut document, &mut value, &way, &change);
            let text = document.text();
            let read: Value = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            prop_assert_eq!(read.to_string(), value.to_string());
        }
    }

    #[test]
    fn setting_every_value_to_itself_changes_no_byte(value in values()) {
        let text = pretty(&value);
        let mut document = document(&text);
        let root = document.root();
        for place in 0..document.len(root) {
            let own = document.text_of(document.at(root, place).unwrap());
            document.set_at(root, place, own).unwrap();
        }
        prop_assert!(!document.is_changed());
        prop_assert_eq!(document.text(), text);
    }
}

/// Statements with properties that are there, that are missing, and that are of what has none.
fn statements() -> impl Strategy<Value = String> {
    let way = || prop::collection::vec("[a-d]", 1..4).prop_map(|names| names.join("."));
    let value = || prop_oneof!["[0-9]", "\"[a-c]\"", Just("#{a: 1}".to_owned()), Just("|x| x".to_owned())];
    let one = prop_oneof![
        (way(), value()).prop_map(|(way, value)| format!("x.{way} = {value};")),
        (way(), way()).prop_map(|(to, from)| format!("x.{to} = x.{from};")),
        way().prop_map(|way| format!("x.{way} += 1;")),
        (way(), value()).prop_map(|(way, value)| format!("x.{way}[0] = {value};")),
        way().prop_map(|way| format!("const y = x; y.{way} = 1;")),
        way().prop_map(|way| format!("try {{ x.{way} = 1 }} catch {{ x.a = 2 }}")),
        way().prop_map(|way| format!("print(x.{way});")),
    ];
    prop::collection::vec(one, 1..4).prop_map(|all| all.join("\n"))
}

/// What a script makes of a text, and how it ends, with the place.
fn ran(engine: &Engine, ast: &AST, has_properties: bool, text: &str) -> (String, String) {
    let document = Arc::new(Mutex::new(document(text)));
    let mut global = engine.new_global_runtime_state();
    global.lib.push(ast.shared_lib().clone());
    if has_properties {
        global.lib.push(properties(ast).into());
    }
    let mut body = Json::open(&document, Access::ReadWrite, "x").unwrap();
    let (mut caches, mut scope) = (Caches::new(), Scope::new());
    let mut context = EvalContext::new(engine, &mut global, &mut caches, &mut scope, None);
    let ended = context.call_fn_raw("f", false, false, &mut [&mut body]);
    let ended = ended.map_or_else(|error| error.to_string(), |value| value.to_string());
    let text = lock(&document).text();
    (text, ended)
}

proptest! {
    #[test]
    fn properties_of_their_own_do_what_the_indexer_does(
        value in prop::collection::vec(("[a-d]", values()), 0..4), body in statements()
    ) {
        let text = pretty(&value.into_iter().collect::<Map<_, _>>().into());
        let mut engine = Engine::new();
        register(&mut engine);
        let ast = engine.compile(format!("fn f(x) {{\n{body}\n}}")).unwrap();
        prop_assert_eq!(ran(&engine, &ast, true, &text), ran(&engine, &ast, false, &text));
    }
}
