//! What was recorded of some people is played to them, and to others.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use data_encoding::BASE64;
use overdub::cassette::Cassette;
use overdub::http::Origin;
use overdub::profile::Profile;
use overdub::redact::{Raw, Redact, Redactor};
use proptest::prelude::*;

use crate::support::tape::{Client, interaction};

static OKTA: LazyLock<Arc<Profile>> = LazyLock::new(|| Arc::new(Profile::okta().unwrap()));

#[derive(Debug, Clone)]
struct Person {
    name: String,
    email: String,
    phone: String,
    password: String,
}

/// How many ways of telling a person's values there are.
const WAYS: usize = 9;

/// An exchange as it passes, in which the `number`th person's values are told in one of these ways; the first one
/// tells all of them.
fn exchange(own: &Person, number: usize, way: usize) -> String {
    let Person { name, email, phone, password } = own;
    let percent = email.replace('@', "%40").replace('+', "%2B");
    let twice = percent.replace('%', "%25");
    let json = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    let coded = BASE64.encode(json.as_bytes());
    let sent = match way {
        0 => format!(
            r#"POST /api/v1/users {{"profile":{{"firstName":"{name}","login":"{email}","mobilePhone":"{phone}"}},"credentials":{{"password":{{"value":"{password}"}}}}}}"#
        ),
        1 => format!("GET /api/v1/users/{percent}"),
        2 => format!("GET /login?fromURI=%252Fapp%253Fhint%253D{twice}%2526n%253D{number}"),
        3 => format!("POST /push/{number} {{\"message\":{json:?}}}"),
        4 => format!("POST /coded/{number} {{\"payload\":\"{coded}\"}}"),
        5 => format!("POST /form/{number} a=1&state={}", coded.replace('+', "%2B").replace('=', "%3D")),
        6 => format!("PUT /text/{number} tell {email} or {phone} soon"),
        7 => format!("POST /parts/{number} --b\r\n\r\n{email}\r\n--b\r\n\r\n{phone}\r\n--b--\r\n"),
        _ => format!("POST /binary/{number} \u{1}\u{0}{email}\u{0}"),
    };
    format!(
        r#"{sent} => 200 {{"id":"00u{number}","profile":{{"firstName":"{name}","email":"{email}"}},"link":"/users/{percent}","note":"call {phone}"}}"#
    )
}

fn sent(line: &str) -> &str {
    line.split_once(" => ").unwrap().0
}

/// The cassette that a recorder makes of these exchanges.
fn recorded(lines: &[String]) -> Cassette {
    let upstream = Origin::parse("https://dev-1.acme.example").unwrap();
    let mut redactor = Redactor::new(Arc::clone(&OKTA), Redact::On, Some(upstream));
    let interactions = lines
        .iter()
        .map(|line| redactor.redact(Raw { interaction: interaction(line), origin: None, client: None }))
        .collect();
    let name = "people".to_owned();
    Cassette { name, path: "people.yaml".into(), header: redactor.header(), interactions }
}

fn people(count: usize) -> impl Strategy<Value = Vec<Person>> {
    let names = prop::collection::btree_set("[A-Z][a-zäø]{1,9}", count);
    let emails =
        prop::collection::btree_set("[a-z]{1,8}[.+_]?[a-z0-9]{1,6}@[a-z]{2,8}\\.(io|com|co\\.uk)", count);
    let phones = prop::collection::btree_set("\\+4[1-9][2-9][0-9]{8}", count);
    let passwords = prop::collection::btree_set("Pw![a-z]{3,9}[0-9]", count);
    (names, emails, phones, passwords).prop_map(
        |(names, emails, phones, passwords): (BTreeSet<_>, _, _, _)| {
            let all = names.into_iter().zip(emails).zip(phones).zip(passwords);
            let person = |(((name, email), phone), password)| Person { name, email, phone, password };
            all.map(person).collect()
        },
    )
}

/// For each person the first way, and then other ones of anybody.
fn story(people: &[Person], ways: &[(usize, usize)]) -> Vec<String> {
    let first = people.iter().enumerate().map(|(number, own)| exchange(own, number, 0));
    let more = ways.iter().map(|(who, way)| {
        let number = who % people.len();
        exchange(&people[number], number, *way)
    });
    first.chain(more).collect()
}

fn ways() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..4_usize, 1..WAYS), 0..12)
}

fn plays(cassette: Cassette, lines: &[String]) -> Result<(), TestCaseError> {
    let client = Client::of(vec![cassette]);
    for line in lines {
        let due = line.split_once(" => ").unwrap().1;
        prop_assert_eq!(client.ask(sent(line)), due, "{}", sent(line));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_people_are_told_the_same((all, ways) in (people(3), ways())) {
        let lines = story(&all, &ways);
        plays(recorded(&lines), &lines)?;
    }

    #[test]
    fn other_people_are_told_what_they_sent((all, ways) in (people(6), ways())) {
        let (some, others) = all.split_at(3);
        plays(recorded(&story(some, &ways)), &story(others, &ways))?;
    }
}
