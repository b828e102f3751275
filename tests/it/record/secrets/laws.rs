//! What holds for all values and places.

use data_encoding::BASE64;
use overdub::cassette::{Cassette, Existing, Interaction, Writer};
use overdub::profile::StandInType;
use proptest::prelude::*;

use super::planted::{exchange, redacted, redactor, redactor_of, text};
use crate::support::overdub::Project;
use crate::support::wire::{Message, Upstream, json};

/// How a value may be spelled in a JSON string, a query or a header.
fn spellings(value: &str) -> Vec<String> {
    let escaped = |escape: fn(char) -> String| value.chars().map(escape).collect::<String>();
    let percent =
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32) });
    let lower =
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02x}", c as u32) });
    vec![
        value.to_owned(),
        percent.replace('%', "%25"),
        percent,
        lower,
        escaped(|c| format!("\\u{:04x}", c as u32)),
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{:04X}", c as u32) }),
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("&#{};", c as u32) }),
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("&#x{:x};", c as u32) }),
        escaped(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\\\u{:04X}", c as u32) }),
        BASE64.encode(value.as_bytes()),
    ]
}

fn value() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        "[a-z]{3,8}\\.[a-z]{3,8}@[a-z]{4,8}\\.org".prop_map(|value| ("email", value)),
        "\\+1415[0-9]{7}".prop_map(|value| ("mobilePhone", value)),
        "[A-Z][a-z0-9]{5,9}[!.-][0-9]{3}".prop_map(|value| ("password", value)),
        "00[A-Za-z0-9_-]{20,40}".prop_map(|value| ("stateToken", value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_spelling_of_a_planted_value_is_written(
        planted in prop::collection::vec(value(), 1..5), places in prop::collection::vec((0..5_usize, 0..10_usize, 0..4_usize), 1..6)
    ) {
        let fields: Vec<_> = planted.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        let spelled = |value: usize, spelling: usize| spellings(&planted[value % planted.len()].1)[spelling].clone();
        let (mut query, mut others, mut header) = (String::new(), String::new(), String::new());
        for (value, spelling, place) in places {
            let text = spelled(value, spelling);
            match place {
                0 if !text.contains(['\\', '#', '&']) => query.extend(["&q=", &text.replace('+', "%2B")]),
                1 if !text.contains('\\') => header.extend([" ", &text]),
                _ => others.extend([",\"x ", &text, " y\""]),
            }
        }
        let own = exchange(
            &format!("GET /a?b=c{query} => 200 {{{},\"z\":[1{others}]}}", fields.join(",")),
            &[&format!("<x-note: n{header}")],
        );
        let mut own_redactor = redactor("https://dev-1.okta.com");
        let written = redacted(&mut own_redactor, own);
        let written = text(&written);
        for (_, value) in &planted {
            for spelling in spellings(value) {
                prop_assert!(!written.contains(&spelling), "{spelling} in {written}");
            }
        }
        prop_assert_eq!(own_redactor.leak(written.as_bytes()), None);
    }

    #[test]
    fn bytes_without_values_stay(text in "[\\[\\]{}\":,\\\\a1%&;é u0-]{0,60}") {
        let mut own = exchange("GET /a => 200 x", &[]);
        own.response.body.as_mut().unwrap().bytes = text.clone().into();
        let written = redacted(&mut redactor("https://dev-1.okta.com"), own);
        prop_assert_eq!(&written.response.body.unwrap().bytes[..], text.as_bytes());
    }
}

/// An upstream whose values all hang on one word.
fn org(word: &'static str) -> Upstream {
    Upstream::start(move |request: &Message| {
        json(&format!(
            r#"{{"email":"{word}@x.com","path":"{}","next":"https://{word}.org/a","sharedSecret":"{}"}}"#,
            request.target().replace('"', ""),
            data_encoding::BASE32_NOPAD.encode(format!("{word:>10}").as_bytes())
        ))
    })
}

#[test]
fn other_values_give_the_same_file() {
    let cassettes = ["jane", "robert"].map(|word| {
        let (upstream, project) = (org(word), Project::new());
        let recorder = project.record(&upstream.url());
        recorder.ask(&format!("GET /api/v1/users/{word}%40x.com"));
        recorder.ask(&format!("POST /login\ncontent-type: application/json\n\n{{\"username\":\"{word}\",\"password\":\"p-{word}\"}}"));
        let live = recorder.ask("GET /b").text();
        assert!(live.contains(&format!("{word}@x.com")), "the client gets the real ones: {live}");
        let (status, told) = recorder.stop();
        assert!(status.success(), "{told}");
        let text = project.cassette();
        text.lines().filter(|line| !line.starts_with("at:") && !line.starts_with("took:")).collect::<Vec<_>>().join("\n")
    });
    assert_eq!(cassettes[0], cassettes[1]);
    assert!(
        cassettes[0].contains("user1@example.test") && !cassettes[0].contains("jane"),
        "{}",
        cassettes[0]
    );
}

#[test]
fn a_continued_recording_numbers_on() {
    let project = Project::new();
    for word in ["jane", "robert"] {
        let upstream = org(word);
        let recorder = project.record_with(&upstream.url(), &["--append"]);
        recorder.ask("GET /a");
        recorder.stop();
    }
    let cassette = project.cassette();
    for stand_in in
        ["email: user1@example.test", "email: user2@example.test", "https://other2.overdub.test/a"]
    {
        assert!(cassette.contains(stand_in), "{stand_in} in {cassette}");
    }
}

#[test]
fn a_value_that_looks_like_anothers_stand_in_gets_its_own() {
    let mut own = redactor("https://dev-1.okta.com");
    let mut email = |value: &str| {
        let written = redacted(&mut own, exchange(&format!(r#"GET /a => 200 {{"email":"{value}"}}"#), &[]));
        text(&written).rsplit('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(email("jane@x.com"), "user1@example.test");
    assert_eq!(email("user1@example.test"), "user2@example.test");
    assert_eq!(email("user3@example.test"), "user3@example.test");
    assert_eq!(email("robert@x.com"), "user4@example.test");
}

#[test]
fn another_profile_has_rules_of_its_own() {
    let own = r#"GET /a?api_key=k123 => 200 {"sharedSecret":"JBSWY3DPEHPK3PXP","email":"jane@x.com","client_secret":"abc"}"#;
    let written = redacted(&mut redactor_of("none", "https://api.corp.com"), exchange(own, &[]));
    assert_eq!(written.request.url, "/a?api_key=redacted-secret-1");
    assert!(text(&written).ends_with(r#"{"sharedSecret":"JBSWY3DPEHPK3PXP","email":"user1@example.test","client_secret":"redacted-secret-2"}"#));
    let project = Project::new();
    project.write("own.yaml", "name: own\nstand_in_origin: https://own.overdub.test\nsensitive: [{type: text, fields: [note]}]\nkeep: [public]\n");
    let upstream = Upstream::of_json(r#"{"note":"mine","x":{"note":"public"}}"#);
    let recorder = project.record_with(&upstream.url(), &["--profile", "own.yaml"]);
    recorder.ask("GET /a");
    recorder.stop();
    let cassette = project.cassette();
    for line in ["profile: own", "upstream: https://own.overdub.test", "note: Text1", "note: public"] {
        assert!(cassette.contains(line), "{line} in {cassette}");
    }
    assert!(
        project
            .fails(&["record", "--upstream", "http://127.0.0.1:1", "-c", "x", "--profile", "no.yaml"])
            .contains("--profile: no.yaml")
    );
}

#[test]
fn a_real_value_in_what_would_be_written_refuses_the_exchange() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.yaml");
    let mut own = redactor("https://dev-1.okta.com");
    let seen = redacted(&mut own, exchange(r#"GET /a => 200 {"email":"jane@x.com"}"#, &[]));
    let mut writer = Writer::create(&path, &own.header(), Existing::Refuse).unwrap();
    let check =
        |text: &str| own.leak(text.as_bytes()).map_or(Ok(()), |offset| Err((offset, "known-value: here")));
    writer.append_if(&seen, check).unwrap();
    let slipped = exchange(r#"GET /b => 200 {"x":"jane@x.com"}"#, &[]);
    let refused = writer.append_if(&slipped, check).unwrap_err().to_string();
    let line = std::fs::read_to_string(&path).unwrap().lines().count() + 11;
    assert!(refused.contains(&format!("run.yaml:{line}:")) && refused.contains("known-value"), "{refused}");
    writer.append_if(&seen, check).unwrap();
    drop(writer);
    let found = overdub::cassette::find(&[path.to_string_lossy().into_owned()], dir.path(), &[]).unwrap();
    let whole: Vec<Cassette> =
        overdub::cassette::load_all(&found, overdub::cassette::CutOff::Refuse).unwrap();
    assert_eq!(whole[0].interactions.len(), 2);
}

#[test]
fn what_first_appeared_is_told_with_its_real_value() {
    let mut own = redactor("https://dev-1.okta.com");
    let interaction: Interaction = exchange(r#"GET /users/jane%40x.com => 200 {"firstName":"Jane"}"#, &[]);
    let written = redacted(&mut own, interaction.clone());
    let told: Vec<_> = own.fresh().iter().map(|fresh| (&*fresh.stand_in, &*fresh.value)).collect();
    assert_eq!(told, [("user1@example.test", "jane@x.com"), ("Name1", "Jane")]);
    let declared = [("user1@example.test", StandInType::Email), ("Name1", StandInType::Name)];
    assert_eq!(written.stand_ins, declared.map(|(text, of_type)| (text.to_owned(), of_type)));
    assert!(redacted(&mut own, interaction).stand_ins.is_empty() && own.fresh().is_empty());
}
