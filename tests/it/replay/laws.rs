//! What holds for any recording and any client.

use proptest::prelude::*;

use crate::support::tape::{Client, open_cassette};

/// Stand-ins and what three clients have in their place.
const PEOPLE: [[&str; 4]; 7] = [
    ["user1@example.test", "zoe@acme.com", "ann.b+c@x.org", "user@deep.mail.example"],
    ["user2@example.test", "bob@acme.com", "bobob@acme.com", "user@deep.mail.example.org"],
    ["user12@example.test", "o@p.q", "other@acme.com", "q@deep.mail.example.org"],
    ["+15550100001", "+4917112345", "+15551234567", "+358401234567"],
    ["Name1", "Zoe", "O'Neil", "Élodie \\\"E\\\""],
    ["Name2", "Bo", "Zoe", "Name22"],
    ["login1", "isaac.brock", "ib", "brock"],
];

const REQUESTS: [&str; 10] = [
    r#"POST /api/v1/users {"profile":{"login":"{0}","email":"{1}","firstName":"{4}"}}"#,
    r#"POST /api/v1/users {"profile":{"login":"{1}","firstName":"{5}","mobilePhone":"{3}"}}"#,
    r#"POST /api/v1/users {"profile":{"login":"{6}","email":"{2}"}}"#,
    "GET /api/v1/users/{0}",
    "GET /api/v1/users/{1}",
    r"GET /api/v1/users?filter=profile.login+eq+%22{2}%22",
    r#"POST /api/v1/users/00u1/factors {"profile":{"phoneNumber":"{3}"}}"#,
    "GET /api/v1/groups?limit=2",
    r#"PUT /api/v1/users/00u1 {"a":1}"#,
    "DELETE /api/v1/users/{1}",
];

const ANSWERS: [&str; 4] = [
    r#"{"login":"{0}","who":"{1}, {2}","name":"{4}"}"#,
    r#"{"profile":{"firstName":"{5}","phone":"{3}","alias":"{6}"},"to":"https://okta.overdub.test/x"}"#,
    r#"[{"mail":"({2})"},"{4}",{"{5}":"Name100"}]"#,
    "[]",
];

/// The text with everybody's value in this column.
fn told(text: &str, column: usize) -> String {
    PEOPLE.iter().enumerate().fold(text.to_owned(), |text, (number, values)| {
        // In a URL `+` is a space.
        let url = text.starts_with("GET") || text.starts_with("DELETE");
        let value = if url { values[column].replace('+', "%2B") } else { values[column].to_owned() };
        text.replace(&format!("{{{number}}}"), &value)
    })
}

fn tape() -> impl Strategy<Value = Vec<(String, String)>> {
    let request = prop::sample::select(REQUESTS.to_vec());
    let answer = prop::sample::select(ANSWERS.to_vec());
    prop::collection::vec((request, answer), 1..24).prop_map(|steps| {
        steps
            .into_iter()
            .enumerate()
            .map(|(number, (request, answer))| {
                (request.to_owned(), format!(r#"{{"n":{number},"answer":{answer}}}"#))
            })
            .collect()
    })
}

fn client(steps: &[(String, String)]) -> Client {
    let stand_ins: Vec<String> = PEOPLE
        .iter()
        .map(|[stand_in, ..]| {
            let of_type = match stand_in.as_bytes() {
                [b'u', ..] => "email",
                [b'+', ..] => "phone",
                [b'N', ..] => "name",
                _ => "login",
            };
            format!("{stand_in}: {of_type}")
        })
        .collect();
    let lines: Vec<String> = steps
        .iter()
        .map(|(request, answer)| format!("{} => 200 {}", told(request, 0), told(answer, 0)))
        .collect();
    let borrowed =
        |texts: &'_ [String]| texts.iter().map(|text| text.as_str().to_owned()).collect::<Vec<_>>();
    let (stand_ins, lines) = (borrowed(&stand_ins), borrowed(&lines));
    let stand_ins: Vec<&str> = stand_ins.iter().map(String::as_str).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Client::of(vec![open_cassette("any", &stand_ins, &lines)])
}

/// Which of the people a client has told by its first so many requests.
fn known(steps: &[(String, String)]) -> Vec<bool> {
    (0..PEOPLE.len())
        .map(|number| steps.iter().any(|(request, _)| request.contains(&format!("{{{number}}}"))))
        .collect()
}

/// What a client is answered: its own values where it told them, stand-ins elsewhere.
fn due(answer: &str, column: usize, known: &[bool]) -> String {
    let answer = PEOPLE.iter().enumerate().fold(answer.to_owned(), |text, (number, values)| {
        // A name that is an object's key is no value.
        let text = text.replace(&format!("\"{{{number}}}\":"), &format!("\"{}\":", values[0]));
        let value = if known[number] { values[column] } else { values[0] };
        text.replace(&format!("{{{number}}}"), value)
    });
    format!("200 {}", answer.replace("https://okta.overdub.test", "http://127.0.0.1:8080"))
}

proptest! {
    #[test]
    fn its_own_stand_ins_give_a_cassette_s_own_bytes(steps in tape()) {
        let client = client(&steps);
        for (request, answer) in &steps {
            prop_assert_eq!(client.ask(&told(request, 0)), due(answer, 0, &[true; PEOPLE.len()]));
        }
    }

    #[test]
    fn a_client_with_other_values_gets_the_same_answers_with_them(steps in tape(), column in 1..4_usize) {
        let client = client(&steps);
        for (number, (request, answer)) in steps.iter().enumerate() {
            let known = known(&steps[..=number]);
            prop_assert_eq!(client.ask(&told(request, column)), due(answer, column, &known));
        }
    }

    #[test]
    fn two_sessions_never_see_each_other(steps in tape(), turns in prop::collection::vec(any::<bool>(), 48)) {
        let client = client(&steps);
        let mut at = [0, 0];
        for turn in turns {
            let own = usize::from(turn);
            let Some((request, answer)) = steps.get(at[own]) else { continue };
            at[own] += 1;
            let (session, column) = [("one", 1), ("two", 2)][own];
            let asked = client.ask_in(session, &told(request, column));
            prop_assert_eq!(asked, due(answer, column, &known(&steps[..at[own]])));
        }
    }
}
