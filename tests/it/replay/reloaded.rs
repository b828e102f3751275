//! Sessions outlive their cassettes: what is the same after an edit counts as given.

use proptest::prelude::*;

use crate::support::tape::{Client, cassette, interaction, open_cassette};
use overdub::cassette::Cassette;

const TAPE: &[&str] = &[
    "GET /a => 200 before",
    "POST /a => 200 1",
    "GET /a => 200 after-1",
    "POST /a => 200 2",
    "GET /a => 200 after-2",
    "POST /a => 200 3",
];

fn tape() -> Vec<Cassette> {
    vec![cassette("a", TAPE)]
}

/// The tape with some lines for others.
fn edited(edits: &[(&str, &str)]) -> Vec<Cassette> {
    let line = |line: &&'static str| {
        edits.iter().find(|(old, _)| old == line).map_or(*line, |(_, new)| new).to_owned()
    };
    let lines: Vec<String> = TAPE.iter().map(line).filter(|line| !line.is_empty()).collect();
    vec![cassette("a", &lines.iter().map(String::as_str).collect::<Vec<_>>())]
}

#[test]
fn an_edited_answer_is_given_from_then_on_and_what_was_given_stays_given() {
    let mut client = Client::of(tape());
    assert_eq!(client.ask("POST /a"), "200 1");
    client.load(edited(&[
        ("POST /a => 200 1", "POST /a => 200 one"),
        ("POST /a => 200 2", "POST /a => 200 two"),
        ("GET /a => 200 after-1", "GET /a => 200 after-one"),
    ]));
    assert_eq!(client.ask("GET /a"), "200 after-one", "its opener was given");
    assert_eq!(client.ask("POST /a"), "200 two");
    assert_eq!(client.ask("GET /a"), "200 after-2");
}

#[test]
fn recordings_that_an_edit_moves_are_known_again() {
    let mut client = Client::of(tape());
    assert_eq!([client.ask("POST /a"), client.ask("POST /a")], ["200 1", "200 2"]);
    client.load(edited(&[("GET /a => 200 before", "GET /b => 200 b"), ("POST /a => 200 1", "")]));
    assert_eq!(client.ask("GET /a"), "200 after-2");
    assert_eq!(client.ask("POST /a"), "200 3", "the second one was given, though it is the first now");
    client.load(edited(&[("POST /a => 200 3", "")]));
    assert_eq!(client.ask("POST /a"), "200 1", "what was removed is forgotten");
    client.load(tape());
    assert_eq!(client.ask("POST /a"), "200 3");
    assert!(client.ask("POST /a").contains("already used"));
}

#[test]
fn what_is_added_is_due_after_what_was_there() {
    let mut client = Client::of(tape());
    for expected in ["200 1", "200 2", "200 3"] {
        assert_eq!(client.ask("POST /a"), expected);
    }
    assert!(client.ask("POST /a").contains("already used"));
    let more = [TAPE, &["POST /a => 200 4", "GET /a => 200 after-4"]].concat();
    client.load(vec![cassette("a", &more)]);
    assert_eq!([client.ask("POST /a"), client.ask("GET /a")], ["200 4", "200 after-4"]);
}

#[test]
fn an_answer_that_is_cut_off_after_a_reload_is_due_again() {
    let mut client = Client::of(tape());
    let cut = client.begin("POST /a", &[]);
    client.load(edited(&[("GET /a => 200 before", ""), ("POST /a => 200 3", "POST /a => 200 x")]));
    drop(cut);
    assert_eq!([client.ask("POST /a"), client.ask("POST /a")], ["200 1", "200 2"]);
    let gone = client.begin("POST /a", &[]);
    client.load(edited(&[("POST /a => 200 3", "")]));
    drop(gone);
    assert!(client.ask("POST /a").contains("already used"));
}

#[test]
fn bound_values_stay_with_their_stand_ins_however_these_are_numbered() {
    let [one, two] = ["user1@example.test: email", "user2@example.test: email"];
    let lines = [
        r#"POST /users {"email":"user1@example.test"} => 200 {"id":"u1","email":"user1@example.test"}"#,
        r#"GET /users/u1 => 200 {"email":"user1@example.test","boss":"user2@example.test"}"#,
    ];
    let mut client = Client::of(vec![open_cassette("a", &[one, two], &lines)]);
    let made = client.ask(r#"POST /users {"email":"ann@acme.com"}"#);
    assert_eq!(made, r#"200 {"id":"u1","email":"ann@acme.com"}"#);
    let seen = r#"200 {"email":"ann@acme.com","boss":"user2@example.test"}"#;
    client.load(vec![open_cassette("a", &[two, one], &lines)]);
    assert_eq!(client.ask("GET /users/u1"), seen);
    client.load(vec![cassette("0", &["GET /0 => 200 0"]), open_cassette("a", &[two, one], &lines)]);
    assert_eq!(client.ask("GET /users/u1"), seen, "the cassette has another place");
    client.load(vec![open_cassette("a", &[two], &lines)]);
    assert_eq!(client.ask("GET /users/u1"), seen.replace("ann@acme.com", "user1@example.test"));
    client.load(vec![open_cassette("a", &[one, two], &lines)]);
    assert_eq!(client.ask("GET /users/u1"), seen.replace("ann@acme.com", "user1@example.test"), "forgotten");
}

#[test]
fn a_session_s_cassette_is_asked_by_its_name() {
    let mut client =
        Client::of(vec![cassette("b", &["GET /a => 200 b"]), cassette("c", &["GET /a => 200 c"])]);
    let pin = [("x-overdub-cassette", "c")];
    assert_eq!(client.ask_with("GET /a", &pin), "200 c");
    let a = || cassette("a", &["GET /a => 200 a", "POST /a => 200 p", "GET /a => 200 after"]);
    client.load(vec![a(), cassette("c", &["GET /a => 200 cc", "POST /x => 200 x"])]);
    assert_eq!(client.ask_with("GET /a", &pin), "200 cc");
    client.load(vec![a()]);
    assert!(client.ask_with("GET /a", &pin).starts_with("no cassette named `c`"));
    assert_eq!(client.ask("GET /a"), "200 a");
}

/// A step of a client run.
#[derive(Debug, Clone)]
enum Step {
    Ask(&'static str),
    /// By a request that began before the last load.
    AskEarlier(&'static str),
    /// A load of the same, beside other cassettes.
    Load {
        before: bool,
        behind: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lines = || prop::sample::select(vec!["POST /a", "GET /a", "GET /b", "POST /b"]);
    let step = prop_oneof![
        4 => lines().prop_map(Step::Ask),
        2 => lines().prop_map(Step::AskEarlier),
        2 => any::<(bool, bool)>().prop_map(|(before, behind)| Step::Load { before, behind }),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is loaded beside it, and whenever: a cassette that is not edited answers as if nothing had been loaded.
    #[test]
    fn loads_of_the_same_change_nothing(steps in steps()) {
        let b = || cassette("b", &["GET /b => 200 x", "POST /b => 200 y", "GET /b => 200 z", "GET /b => 200 zz"]);
        let plain = Client::of(vec![cassette("a", TAPE), b()]);
        let mut loaded = Client::of(vec![cassette("a", TAPE), b()]);
        for step in steps {
            match step {
                Step::Ask(line) => prop_assert_eq!(first(&loaded.ask(line)), first(&plain.ask(line))),
                Step::AskEarlier(line) => {
                    prop_assert_eq!(first(&loaded.ask_earlier(line)), first(&plain.ask(line)));
                }
                Step::Load { before, behind } => {
                    let mut all = vec![cassette("a", TAPE), b()];
                    all.extend(before.then(|| cassette("0", &["GET /0 => 200 0", "POST /0 => 200 0"])));
                    all.extend(behind.then(|| cassette("aa", &["GET /z => 200 z"])));
                    loaded.load(all);
                }
            }
        }
    }

    /// However a cassette is edited between and under requests, no write is given twice while it stays recorded.
    #[test]
    fn no_edit_gives_a_write_twice(
        edits in prop::collection::vec((prop::collection::vec(0..12_usize, 0..8), 0..4_usize, 0..4_usize), 1..12),
    ) {
        let load = |numbers: &[usize]| {
            let mut tape = cassette("a", &["GET /r => 200 r"]);
            let mut seen = Vec::new();
            for number in numbers.iter().filter(|number| !seen.contains(*number)).copied().collect::<Vec<_>>() {
                if !seen.contains(&number) {
                    seen.push(number);
                    tape.interactions.push(interaction(&format!("POST /a => 200 {number}")));
                    tape.interactions.push(interaction(&format!("GET /a => 200 after-{number}")));
                }
            }
            (vec![tape], seen)
        };
        let mut client = Client::of(load(&[0, 1, 2]).0);
        let mut given: Vec<String> = Vec::new();
        let mut before = vec![0, 1, 2];
        for (numbers, now, earlier) in edits {
            let asked = |given: &mut Vec<String>, answer: String, there: &[usize]| {
                client_read(&answer);
                let Some(number) = answer.strip_prefix("200 ") else { return Ok(()) };
                prop_assert!(there.iter().any(|own| own.to_string() == number), "{} of {:?}", number, there);
                prop_assert!(!given.contains(&answer), "{} twice", answer);
                given.push(answer);
                Ok(())
            };
            let (tape, there) = load(&numbers);
            client.load(tape);
            // What was removed is forgotten.
            given.retain(|own| there.iter().any(|number| format!("200 {number}") == *own));
            for _ in 0..now {
                asked(&mut given, client.ask("POST /a"), &there)?;
                prop_assert!(client.ask("GET /r") == "200 r");
                client_read(&client.ask("GET /a"));
            }
            for _ in 0..earlier {
                // What was removed may be given to who still knows it, and counts for nothing.
                let answer = client.ask_earlier("POST /a");
                let is_there = there.iter().any(|number| format!("200 {number}") == answer);
                if is_there {
                    asked(&mut given, answer, &before)?;
                }
            }
            before = there;
        }
    }
}

/// A first line: reports of misses count cassettes.
fn first(answer: &str) -> String {
    answer.lines().next().unwrap_or_default().to_owned()
}

/// An answer, or a miss that says so.
fn client_read(answer: &str) {
    assert!(answer.starts_with("200 ") || answer.contains("recorded"), "{answer}");
}
