//! Cassettes made to do harm: refused in one line, at once, and in little memory.

use overdub::cassette::format::{self, MAX_DOCUMENT};
use overdub::clock::Stopwatch;
use proptest::prelude::*;

use super::{Beside, message, read};

fn with_body(json: &str) -> String {
    format!(
        "overdub: 1\nupstream: https://a.test\n...\n---\nrequest: {{method: GET, url: /}}\nresponse: {{status: 200}}\n\
         x-free: {json}\n...\n"
    )
}

#[test]
fn bombs_fail_fast() {
    let watch = Stopwatch::start();
    let lines = ('b'..='z')
        .zip('a'..)
        .map(|(name, of)| format!("  &{name} [{}],", vec![format!("*{of}"); 9].join(",")));
    let laughs = format!("[\n  &a [lol, lol],\n{}\n  *z ]", lines.collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!(message(with_body(&laughs)), @r#"
    x.yaml:8:3: anchors and the aliases that repeat them (`&name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    "#);
    insta::assert_snapshot!(message(with_body("{<<: *a}")), @r#"
    x.yaml:7:14: aliases (`*name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    "#);
    insta::assert_snapshot!(message(with_body(&"[".repeat(100_000))), @r#"
    x.yaml:7:137: is nested more than 64 levels deep
      hint: put such a body under `text:` instead of `json:`
    "#);
    insta::assert_snapshot!(message(with_body(&"{a: ".repeat(100_000))), @r#"
    x.yaml:7:521: is nested more than 64 levels deep
      hint: put such a body under `text:` instead of `json:`
    "#);
    let deep: Vec<_> = (6..200).map(|depth| format!("{}-", " ".repeat(depth))).collect();
    let body = format!(
        "overdub: 1\nupstream: http://a\n---\nrequest: {{method: GET, url: /}}\nresponse:\n  status: 200\n  body:\n    json:\n{}",
        deep.join("\n")
    );
    insta::assert_snapshot!(message(body), @r#"
    x.yaml:73:71: is nested more than 64 levels deep
      hint: put such a body under `text:` instead of `json:`
    "#);
    // Deep, but nobody looks into a free key.
    assert!(read(with_body(&format!("\n{}x", "- ".repeat(100_000)))).is_ok());
    let _ = read(with_body(&format!("\n{}x", "? ".repeat(100_000))));
    assert!(watch.elapsed().as_secs() < 5, "{:?}", watch.elapsed());
}

#[test]
fn a_document_over_the_limit_is_not_read_to_its_end() {
    /// A line without end.
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'a');
            self.0 += buffer.len() as u64;
            assert!(self.0 < 2 * MAX_DOCUMENT as u64, "it should have stopped by now");
            Ok(buffer.len())
        }
    }
    let start = "overdub: 1\nupstream: http://a\n---\nx-a: ";
    let input = std::io::BufReader::new(std::io::Read::chain(start.as_bytes(), Endless(0)));
    let error = format::read(input, "x".into(), "x.yaml".as_ref(), &Beside::default()).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    x.yaml:3: has a document of more than 16 MiB
      hint: move large bodies into files of their own, with `file:`
    "#);
}

#[test]
fn free_keys_may_hold_anything_that_is_harmless() {
    for harmless in ["{<<: {a: b}}", "\"*a &b !c\"", "a *b", "{a: [b, {c: d}]}"] {
        assert!(read(with_body(harmless)).is_ok(), "{harmless}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_makes_the_reader_panic(
        noise in prop_oneof![
            "[-?:,{}&*!|>'\"%@`# \n\ta0~.\\[\\]]{0,60}",
            "(request|response|body|json|text|headers|status|: |\n|\n  |- |\\{|\\}|\\[|\\]|\"|1|GET|/|,){0,40}",
            any::<String>(),
        ],
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let _ = read(noise.as_bytes());
        let _ = read(with_body(&noise));
        let mut cassette = b"overdub: 1\nupstream: http://a\n---\n".to_vec();
        cassette.extend_from_slice(noise.as_bytes());
        let _ = read(&cassette);
        cassette.extend(bytes);
        let _ = read(&cassette);
    }
}
