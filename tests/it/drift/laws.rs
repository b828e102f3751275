//! What holds for any two answers.

use overdub::cassette::Cassette;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{aligned, changes};
use crate::support::tape::{cassette, open_cassette};

const IDS: [&str; 4] =
    ["00ua4t9ugYY0pDxkE4x6", "mbla4rvs8zLRuHLZN4x6", "opfFIA8hSEL2HUNFfK0z", "sms9heipGfhT6AEm70g4"];
const OTHERS: [&str; 4] =
    ["00uLPHffIbkcy4kIFjcX", "mbl6ns1auuDo61cTO84n", "opfKbJlMc7HE7s9a2YRe", "smsOQPFK8LyFSK7BllJQ"];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..1000).prop_map(Value::from),
        "[a-z é\"]{0,6}".prop_map(Value::from),
        prop::sample::select(IDS.to_vec()).prop_map(Value::from),
        prop::sample::select(IDS.to_vec()).prop_map(|id| Value::from(format!("https://x.test/a/{id}/b"))),
        prop::sample::select(vec!["2020-04-22T12:09:20.000Z", "user1@example.test"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["id", "status", "a b", "type", "created", "profile", "_links", "name"])
        .prop_map(str::to_owned)
}

fn entity() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((field(), json_value()), 1..6).prop_map(|fields| fields.into_iter().collect())
}

/// A cassette with one read per answer.
fn answers(values: &[Value]) -> Cassette {
    let lines: Vec<String> =
        values.iter().enumerate().map(|(at, value)| format!("GET /{at}/{} => 200 {value}", IDS[0])).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    open_cassette("run", &["user1@example.test: email"], &lines)
}

/// The same with other ids.
fn renamed(text: &str) -> String {
    IDS.iter().zip(OTHERS).fold(text.to_owned(), |text, (id, other)| text.replace(id, other))
}

proptest! {
    #[test]
    fn an_answer_is_the_same_as_itself(values in prop::collection::vec(json_value(), 1..4)) {
        let own = answers(&values);
        prop_assert_eq!(changes(&own, &own), Vec::<String>::new());
    }

    #[test]
    fn other_ids_are_no_change_if_they_are_others_throughout(values in prop::collection::vec(json_value(), 1..4)) {
        let own = answers(&values);
        let others: Vec<Value> =
            values.iter().map(|value| serde_json::from_str(&renamed(&value.to_string())).unwrap()).collect();
        let mut other = answers(&others);
        for interaction in &mut other.interactions {
            interaction.request.url = renamed(&interaction.request.url);
        }
        prop_assert_eq!(changes(&own, &other), Vec::<String>::new());
    }

    #[test]
    fn a_field_that_goes_breaks_and_one_that_comes_adds(fields in entity(), value in json_value()) {
        let mut more = fields.clone();
        more.insert("extra".to_owned(), value.clone());
        let (less, more) = (answers(&[Value::Object(fields)]), answers(&[Value::Object(more)]));
        let (gone, new) = (changes(&more, &less), changes(&less, &more));
        let gone_is = if value.is_null() { "value" } else { "breaking" };
        prop_assert_eq!(gone.len(), 1);
        prop_assert!(gone[0].starts_with(&format!("{gone_is} $.extra: gone")), "{:?}", gone);
        prop_assert_eq!(new.len(), 1);
        prop_assert!(new[0].starts_with("additive $.extra: new"), "{:?}", new);
    }

    #[test]
    fn the_order_of_a_list_of_entities_says_nothing(bodies in prop::collection::vec(entity(), 1..4), turn in 0..4_usize) {
        let list: Vec<Value> = bodies
            .into_iter()
            .zip(IDS)
            .map(|(mut fields, id)| {
                fields.insert("id".to_owned(), json!(id));
                Value::Object(fields)
            })
            .collect();
        let mut other = list.clone();
        other.rotate_left(turn % list.len());
        prop_assert_eq!(changes(&answers(&[json!(list)]), &answers(&[json!(other)])), Vec::<String>::new());
    }

    #[test]
    fn an_interaction_left_out_is_the_one_that_is_told(count in 2..7_usize, left in 0..7_usize) {
        let left = left % count;
        let lines: Vec<String> = (0..count).map(|at| format!("GET /a => 200 {{\"n\":{at}}}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut fewer = lines.clone();
        fewer.remove(left);
        let all = cassette("run", &lines);
        let (less, more) = (aligned(&all, &cassette("run", &fewer)), aligned(&cassette("run", &fewer), &all));
        prop_assert_eq!((less.only_recorded, less.only_live), (vec![left], vec![]));
        prop_assert_eq!((more.only_recorded, more.only_live), (vec![], vec![left]));
        prop_assert!(less.pairs.iter().all(|pair| pair.changes.is_empty()));
    }
}
