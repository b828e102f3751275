//! For any exchange: written as another program writes it and imported, it gives the same bytes.

use bytes::Bytes;
use data_encoding::BASE64;
use overdub::cassette::{CutOff, Interaction, Origin, RequestBody, Source, load};
use proptest::prelude::*;
use serde_json::json;

use crate::support::overdub::Project;

/// An exchange, as small as tells all.
#[derive(Debug, Clone)]
struct Sample {
    path: String,
    sent: String,
    status: u16,
    header: String,
    body: Vec<u8>,
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let text = prop_oneof![
        any::<String>(),
        "[ \t\r\n'\":,{}\\[\\]#&*!|>%@`a-zé\u{85}\u{2028}\u{1F600}-]{0,40}",
        "(\\{\"a\": ?\"[a-z ]{0,90}\"\\}\n?){0,4}",
    ];
    let body = prop_oneof![any::<Vec<u8>>(), text.clone().prop_map(String::into_bytes)];
    let one = ("/[a-z0-9/?=&%]{0,20}", text, 200_u16..599, "[!-~]{0,10}", body);
    let one = one.prop_map(|(path, sent, status, header, body)| Sample { path, sent, status, header, body });
    prop::collection::vec(one, 0..4)
}

const ORIGIN: &str = "https://org.example.com";

fn har(samples: &[Sample]) -> String {
    let entries = samples.iter().map(|own| {
        json!({"request": {"method": "POST", "url": format!("{ORIGIN}{}", own.path), "headers": [],
                "postData": {"text": own.sent}},
            "response": {"status": own.status, "headers": [{"name": "x-a", "value": own.header}],
                "content": {"text": BASE64.encode(&own.body), "encoding": "base64"}}})
    });
    json!({"log": {"entries": entries.collect::<Vec<_>>()}}).to_string()
}

fn betamax(samples: &[Sample]) -> String {
    let items = samples.iter().map(|own| {
        json!({"request": {"method": "POST", "uri": format!("{ORIGIN}{}", own.path), "headers": {},
                "body": {"string": own.sent, "encoding": "utf-8"}},
            "response": {"status": {"code": own.status}, "headers": {"x-a": [own.header]}, "url": "",
                "body": {"base64_string": BASE64.encode(&own.body), "encoding": null}}})
    });
    json!({"http_interactions": items.collect::<Vec<_>>(), "recorded_with": "betamax/0.8.1"}).to_string()
}

/// YAML that says the same as JSON does; what is not text is tagged.
fn vcrpy(samples: &[Sample]) -> String {
    let quoted = |text: &str| {
        let escaped = text.chars().map(|c| match c {
            ' '..='!' | '#'..='[' | ']'..='~' => c.to_string(),
            c => format!("\\U{:08x}", u32::from(c)),
        });
        format!("\"{}\"", escaped.collect::<String>())
    };
    let items = samples.iter().map(|own| {
        format!(
            "- request: {{method: POST, uri: {}, headers: {{}}, body: {}}}\n  response:\n    status: {{code: {}}}\n    \
             headers:\n      x-a: [{}]\n    body:\n      string: !!binary |\n        {}\n",
            quoted(&format!("{ORIGIN}{}", own.path)),
            quoted(&own.sent),
            own.status,
            quoted(&own.header),
            BASE64.encode(&own.body)
        )
    });
    format!("interactions:\n{}version: 1\n", items.collect::<String>())
}

/// Single-quoted, as libyaml writes texts: breaks doubled, what follows them indented.
fn go_vcr(samples: &[Sample]) -> String {
    let quoted = |text: &str| {
        let is_break = |c: char| matches!(c, '\n' | '\u{85}' | '\u{2028}');
        let plain = |c: char| {
            is_break(c) || (c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{2029}' | '\u{feff}'))
        };
        let parts: Vec<_> = text.split(is_break).collect();
        let blank = |part: &&str| part.starts_with([' ', '\t']) || part.ends_with([' ', '\t']);
        if !text.chars().all(plain) || parts.iter().any(blank) {
            // Escaped where JSON does not: in these quotes, too, some of them would break the line.
            let json = serde_json::to_string(text).unwrap();
            let escaped = json.chars().map(|c| match c {
                '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                    format!("\\u{:04x}", u32::from(c))
                }
                c => c.to_string(),
            });
            return escaped.collect();
        }
        let mut out = "'".to_owned();
        let mut last = ' ';
        for c in text.chars() {
            match c {
                '\n' if last != '\n' => out.push_str("\n\n        "),
                '\n' => out.push_str("\n        "),
                '\'' => out.push_str("''"),
                c if is_break(c) => out.extend([c.to_string(), "        ".to_owned()]),
                c => out.push(c),
            }
            last = c;
        }
        out + "'"
    };
    let items = samples.iter().map(|own| {
        format!(
            "- request:\n    method: POST\n    url: {ORIGIN}{}\n    headers: {{}}\n    body: {}\n  response:\n    code: {}\n    \
             headers:\n      x-a:\n      - {}\n    body: !!binary {}\n",
            own.path.replace('?', "%3F"),
            quoted(&own.sent),
            own.status,
            quoted(&own.header),
            BASE64.encode(&own.body)
        )
    });
    format!("---\nversion: 1\ninteractions:\n{}", items.collect::<String>())
}

fn imported(project: &Project, name: &str, text: &str) -> Vec<Interaction> {
    project.write(name, text);
    let args = ["cassette", "import", name, "-o", "out.yaml", "--redact", "off", "--overwrite"];
    let (code, _, stderr) = project.run(&args);
    assert_eq!(code, 0, "{stderr}\n{text}");
    let source = Source { name: "out".to_owned(), origin: Origin::File(project.path("out.yaml")) };
    load(&source, CutOff::Refuse).expect("a cassette").interactions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_recorded_comes_out(samples in samples()) {
        let project = Project::new();
        for (name, text) in [("a.har", har(&samples)), ("b.json", betamax(&samples)), ("c.yaml", vcrpy(&samples))] {
            let interactions = imported(&project, name, &text);
            prop_assert_eq!(interactions.len(), samples.len());
            for (own, sample) in interactions.iter().zip(&samples) {
                prop_assert_eq!(&own.request.url, &sample.path);
                let sent = RequestBody::Bytes(Bytes::from(sample.sent.clone()));
                prop_assert_eq!(own.request.body.known(), sent.known());
                prop_assert_eq!(own.response.status.as_u16(), sample.status);
                prop_assert_eq!(own.response.headers["x-a"].as_bytes(), sample.header.as_bytes());
                let body = own.response.body.as_ref().map(|body| body.bytes.to_vec());
                prop_assert_eq!(body.unwrap_or_default(), sample.body.clone());
            }
        }
    }

    #[test]
    fn what_was_sent_comes_out_of_quoted_lines(samples in samples()) {
        let project = Project::new();
        let interactions = imported(&project, "a.yaml", &go_vcr(&samples));
        for (own, sample) in interactions.iter().zip(&samples) {
            prop_assert_eq!(own.request.body.known(), Some(sample.sent.as_bytes()));
        }
    }
}
