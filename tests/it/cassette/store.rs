//! The store: found by name, crash-safe, and never at the cost of an older recording.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use overdub::cassette::{
    Cassette, CassetteError, CutOff, Existing, Interaction, Origin, Problem, Source, Writer, find, load,
    load_all, path_for,
};

use super::{answer, header, write};

/// A directory that holds these files, empty directories ending in `/`.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(&dir.path().join(name), text.as_bytes());
    }
    dir
}

#[allow(clippy::disallowed_methods, reason = "test files are nobody's older recording")]
fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn source(path: &Path) -> Source {
    Source { name: "x".into(), origin: Origin::File(path.to_owned()) }
}

fn try_load(path: &Path) -> Result<Cassette, CassetteError> {
    load(&source(path), CutOff::SetAside)
}

/// The response bodies of the cassette at `path`.
fn bodies(path: &Path) -> Vec<Vec<u8>> {
    let cassette = try_load(path).unwrap_or_else(|error| panic!("{error}"));
    cassette.interactions.iter().map(|one| one.response.body.as_ref().unwrap().bytes.to_vec()).collect()
}

/// The message with the directory taken out of it.
fn message(error: &CassetteError, dir: &Path) -> String {
    error.to_string().replace(&dir.display().to_string(), "DIR")
}

fn found(names: &[&str], dir: &Path) -> Result<Vec<String>, Vec<String>> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    match find(&names, dir, &[("shipped", "overdub: 1\nupstream: http://a\n")]) {
        Ok(sources) => Ok(sources.into_iter().map(|source| source.name).collect()),
        Err(errors) => Err(errors.iter().map(|error| message(error, dir)).collect()),
    }
}

const CASSETTE: &str = "overdub: 1\nupstream: http://a.test\n...\n";

#[test]
fn wherever_it_is_cut_a_cassette_loads_with_every_whole_exchange() {
    let whole = [answer("{\"a\":\"b\"}"), answer("one\ntwo\n"), answer(&b"\xff\xfe"[..])];
    let (text, _) = write(&whole);
    let ends: Vec<usize> = (0..=3).map(|count| write(&whole[..count]).0.len()).collect();
    let dir = directory(&[]);
    let path = dir.path().join("x.yaml");
    for cut in ends[0]..=text.len() {
        put(&path, &text.as_bytes()[..cut]);
        let complete = ends[1..].iter().filter(|end| cut + 1 >= **end).count();
        assert_eq!(try_load(&path).unwrap().interactions.len(), complete, "cut at {cut}");
        // What is left goes on as if nothing had happened.
        let mut writer = Writer::create(&path, &header(), Existing::Append).unwrap();
        assert_eq!(writer.take_earlier().unwrap().interactions.len(), complete);
        writer.append(&answer("more")).unwrap();
        drop(writer);
        assert_eq!(bodies(&path).len(), complete + 1, "cut at {cut}");
        let _ = fs::remove_file(dir.path().join("x.yaml.torn"));
    }
    for cut in 0..ends[0] - "...\n".len() {
        put(&path, &text.as_bytes()[..cut]);
        if let Err(error) = try_load(&path) {
            assert!(error.to_string().lines().count() <= 2, "{error}");
        }
    }
}

#[test]
fn a_last_document_that_a_person_did_not_end_is_loaded_or_its_error_told() {
    let exchange =
        |status: &str| format!("---\nrequest: {{method: GET, url: /}}\nresponse: {{status: {status}}}\n");
    for (before, text) in [
        ("", exchange("200")),
        ("...\n", exchange("200")),
        ("...\n", exchange("200") + "...\n" + exchange("404").as_str()),
    ] {
        let text = format!("overdub: 1\nupstream: http://a.test\n{before}{text}");
        let dir = directory(&[("x.yaml", &text)]);
        let path = dir.path().join("x.yaml");
        assert_eq!(try_load(&path).unwrap().interactions.len(), text.matches("request:").count());
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "the file stays as it is");
    }
    let wrong = format!("{CASSETTE}{}", exchange("many"));
    let dir = directory(&[("x.yaml", &wrong)]);
    insta::assert_snapshot!(message(&try_load(&dir.path().join("x.yaml")).unwrap_err(), dir.path()), @r#"DIR/x.yaml:6:20: response.status: `many` is not a final status, from 200 to 999"#);
    assert_eq!(fs::read_to_string(dir.path().join("x.yaml")).unwrap(), wrong);
}

#[test]
fn a_torn_tail_is_set_aside_and_nothing_else_is_lost() {
    let (text, _) = write(&[answer("one")]);
    let torn = "---\nrequest:\n  method: G";
    let dir = directory(&[("x.yaml", &format!("{text}{torn}"))]);
    let path = dir.path().join("x.yaml");
    assert_eq!(bodies(&path), [b"one"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_to_string(dir.path().join("x.yaml.torn")).unwrap(), torn);
}

#[test]
fn an_exchange_that_is_still_being_recorded_is_left_alone() {
    let (text, _) = write(&[answer("one")]);
    let text = format!("{text}---\nrequest:\n");
    let dir = directory(&[("x.yaml", &text)]);
    let path = dir.path().join("x.yaml");
    let recorder = File::open(&path).unwrap();
    recorder.try_lock().unwrap();
    assert_eq!(bodies(&path), [b"one"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let error = Writer::create(&path, &header(), Existing::Append).unwrap_err();
    insta::assert_snapshot!(message(&error, dir.path()), @r#"
    DIR/x.yaml: is being recorded by another process
      hint: stop that one first, or record under another name
    "#);
    let error = Writer::create(&path, &header(), Existing::Overwrite).unwrap_err();
    assert!(matches!(error.problem, Problem::Busy));
}

#[test]
fn an_older_recording_is_replaced_only_when_asked() {
    let dir = directory(&[]);
    let path = dir.path().join("sub/x.yaml");
    let mut writer = Writer::create(&path, &header(), Existing::Refuse).unwrap();
    let large = vec![b'x'; 100_000];
    writer.append(&answer(large.clone())).unwrap();
    writer.append(&answer("small")).unwrap();
    writer.sync().unwrap();
    assert!(matches!(Writer::create(&path, &header(), Existing::Append).unwrap_err().problem, Problem::Busy));
    drop(writer);
    assert_eq!(bodies(&path), [large.clone(), b"small".to_vec()]);
    assert!(dir.path().join("sub/x-0001.body").exists());

    let error = Writer::create(&path, &header(), Existing::Refuse).unwrap_err();
    insta::assert_snapshot!(message(&error, dir.path()), @r#"
    DIR/sub/x.yaml: exists already
      hint: --overwrite replaces it, --append continues it
    "#);

    let mut writer = Writer::create(&path, &header(), Existing::Append).unwrap();
    writer.append(&answer(vec![b'y'; 100_000])).unwrap();
    drop(writer);
    assert_eq!(bodies(&path)[2], vec![b'y'; 100_000]);
    assert!(dir.path().join("sub/x-0002.body").exists());

    put(&dir.path().join("sub/x-0001-0001.body"), b"another cassette's");
    let mut writer = Writer::create(&path, &header(), Existing::Overwrite).unwrap();
    writer.append(&answer("new")).unwrap();
    assert!(matches!(
        Writer::create(&path, &header(), Existing::Overwrite).unwrap_err().problem,
        Problem::Busy
    ));
    drop(writer);
    assert_eq!(bodies(&path), [b"new"]);
    let mut left: Vec<_> =
        fs::read_dir(dir.path().join("sub")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["x-0001-0001.body", "x.yaml"]);
}

#[test]
fn what_cannot_be_appended_leaves_the_cassette_as_it_was() {
    let dir = directory(&[]);
    let path = dir.path().join("x.yaml");
    let mut writer = Writer::create(&path, &header(), Existing::Append).unwrap();
    writer.append(&answer("one")).unwrap();
    let mut large = answer(vec![b'x'; 70_000]);
    large.response.headers.insert("x-long", http::HeaderValue::from_bytes(&vec![b'x'; 17 << 20]).unwrap());
    let error = writer.append(&large).unwrap_err();
    insta::assert_snapshot!(message(&error, dir.path()), @r#"
    DIR/x.yaml: cannot be written: the exchange is too large for a cassette
      hint: free some space; what was recorded before is kept
    "#);
    assert!(!dir.path().join("x-0001.body").exists());
    // A number that is taken is passed over.
    put(&dir.path().join("x-0002.body"), b"taken");
    writer.append(&answer(vec![b'x'; 70_000])).unwrap();
    assert_eq!(bodies(&path), [b"one".to_vec(), vec![b'x'; 70_000]]);
    assert_eq!(fs::read(dir.path().join("x-0002.body")).unwrap(), b"taken");
}

#[test]
fn what_is_staged_is_written_together_less_what_was_refused() {
    let dir = directory(&[]);
    let path = dir.path().join("x.yaml");
    let mut writer = Writer::create(&path, &header(), Existing::Append).unwrap();
    let empty = fs::read(&path).unwrap();
    let lines = writer.lines();
    writer.stage(&answer("one"), |_| Ok(())).unwrap();
    let before = writer.lines();
    assert_eq!(before - lines, 10, "what is staged counts");
    let error = writer.stage(&answer(vec![b'x'; 70_000]), |_| Err((0, "why"))).unwrap_err();
    assert!(error.to_string().contains(&format!("x.yaml:{}:1", before + 1)), "{error}");
    assert!(!dir.path().join("x-0001.body").exists(), "nobody names it");
    writer.stage(&answer(vec![b'y'; 70_000]), |_| Ok(())).unwrap();
    assert_eq!((fs::read(&path).unwrap(), writer.interactions()), (empty, 0));
    assert!(writer.flush().is_empty());
    assert_eq!(writer.interactions(), 2);
    assert_eq!(writer.staged(), 0);
    assert_eq!(bodies(&path), [b"one".to_vec(), vec![b'y'; 70_000]]);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), writer.lines());
}

#[test]
fn a_foreign_file_is_not_appended_to() {
    let dir = directory(&[("x.yaml", "version: 2\ninteractions: []\n"), ("d.yaml/x", "")]);
    let path = dir.path().join("x.yaml");
    let error = Writer::create(&path, &header(), Existing::Append).unwrap_err();
    assert!(matches!(error.problem, Problem::NotACassette(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "version: 2\ninteractions: []\n");
    let error = Writer::create(&dir.path().join("d.yaml"), &header(), Existing::Overwrite).unwrap_err();
    assert!(matches!(error.problem, Problem::NotAFile));
    let error = Writer::create(&path.join("below.yaml"), &header(), Existing::Refuse).unwrap_err();
    assert!(matches!(error.problem, Problem::Write(_)));
}

#[test]
fn a_hand_written_cassette_is_continued_crash_safely() {
    let one = "---\nrequest: {method: GET, url: /}\nresponse: {status: 200, body: {text: one}}";
    let dir = directory(&[("x.yaml", &format!("overdub: 1\nupstream: http://a\n{one}"))]);
    let path = dir.path().join("x.yaml");
    let mut writer = Writer::create(&path, &header(), Existing::Append).unwrap();
    writer.append(&answer("two")).unwrap();
    drop(writer);
    assert_eq!(bodies(&path), [b"one", b"two"]);
    let text = fs::read(&path).unwrap();
    put(&path, &text[..text.len() - 10]);
    assert_eq!(bodies(&path), [b"one"]);
}

#[test]
fn a_sidecar_lies_beside_its_cassette_and_nowhere_else() {
    let dir = directory(&[("secret", "s"), ("sub/.hidden", "h")]);
    let path = dir.path().join("sub/x.yaml");
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("secret"), dir.path().join("sub/link")).unwrap();
    for name in ["../secret", "/etc/passwd", ".hidden", "..", ".", "", "link", "sub", "a\\b", "absent"] {
        let text = format!(
            "{CASSETTE}---\nrequest: {{method: GET, url: /}}\nresponse:\n  status: 200\n  body: {{file: {name:?}}}\n...\n"
        );
        put(&path, text.as_bytes());
        let error = try_load(&path).unwrap_err();
        assert!(error.to_string().contains("x.yaml:8:16: response.body.file: body file"), "{error}");
    }
}

#[test]
fn cassettes_are_found_by_name_file_and_directory() {
    let dir = directory(&[
        ("sms.yaml", CASSETTE),
        ("okta/push.yaml", CASSETTE),
        ("okta/totp.yml", CASSETTE),
        (".hidden.yaml", CASSETTE),
        ("sms-0001.body", ""),
    ]);
    let path = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(found(&[], dir.path()).unwrap(), ["okta/push", "okta/totp", "sms"]);
    assert_eq!(found(&["sms", "okta/totp"], dir.path()).unwrap(), ["sms", "okta/totp"]);
    assert_eq!(found(&["okta"], dir.path()).unwrap(), ["okta/push", "okta/totp"]);
    assert_eq!(
        found(&["sms.yaml", &path("sms.yaml"), &path("")], dir.path()).unwrap(),
        ["sms", "okta/push", "okta/totp"]
    );
    assert_eq!(found(&["shipped", "shipped"], dir.path()).unwrap(), ["shipped"]);
    // From elsewhere, a directory's cassettes are named from there on.
    let elsewhere = directory(&[]);
    assert_eq!(found(&[&path("okta")], elsewhere.path()).unwrap(), ["push", "totp"]);
    assert_eq!(found(&[&path("okta/push.yaml")], elsewhere.path()).unwrap(), ["push"]);
}

#[test]
fn every_name_that_means_nothing_is_reported() {
    let dir = directory(&[("sms.yaml", CASSETTE), ("a/sms-long.yaml", CASSETTE), ("b/sms.yaml", CASSETTE)]);
    let b = dir.path().join("b/sms.yaml").display().to_string();
    insta::assert_snapshot!(found(&["sns", "../sms-x"], dir.path()).unwrap_err().join("\n"), @r#"
    sns: no such cassette
      hint: known: sms, b/sms, shipped, a/sms-long
    ../sms-x: no such cassette
      hint: known: b/sms, sms, a/sms-long, shipped
    "#);
    let elsewhere = directory(&[("sms.yaml", CASSETTE)]);
    let error = found(&["sms", &b], elsewhere.path()).unwrap_err().join("\n");
    insta::assert_snapshot!(error.replace(&dir.path().display().to_string(), "OTHER"), @r#"
    OTHER/b/sms.yaml: is a second cassette named `sms`; the first is DIR/sms.yaml
      hint: rename one of them, or replay them one at a time
    "#);
    let empty = directory(&[]);
    insta::assert_snapshot!(found(&[], empty.path()).unwrap_err().join("\n"), @r#"
    DIR: holds no cassettes
      hint: record one, or give a name, a file or another directory
    "#);
    assert_eq!(found(&[], &empty.path().join("none")).unwrap_err().len(), 1);
    assert_eq!(found(&[""], empty.path()).unwrap_err().len(), 1);
}

#[test]
fn all_errors_of_a_directory_come_at_once() {
    let dir = directory(&[("a.yaml", ""), ("b.yaml", CASSETTE), ("c.yaml", "overdub: 7\n")]);
    let sources = find(&[], dir.path(), &[]).unwrap();
    let errors = load_all(&sources, CutOff::SetAside).unwrap_err();
    let text: Vec<_> = errors.iter().map(|error| message(error, dir.path())).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    DIR/a.yaml: is empty
      hint: a cassette begins with `overdub: 1`; delete the file or record it again
    DIR/c.yaml:1:1: is written in cassette format 7; this overdub reads up to 1
      hint: replay it with a newer overdub, or record it again with this one
    "#);
    assert_eq!(load_all(&sources[1..2], CutOff::SetAside).unwrap()[0].name, "b");
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let dir = directory(&[("d.yaml/x", "")]);
    assert!(matches!(try_load(&dir.path().join("d.yaml")).unwrap_err().problem, Problem::NotAFile));
    assert!(matches!(try_load(Path::new("/dev/zero")).unwrap_err().problem, Problem::NotAFile));
    assert!(matches!(try_load(&dir.path().join("none.yaml")).unwrap_err().problem, Problem::Read(_)));
}

#[test]
fn a_recording_s_name_is_its_file() {
    let dir = Path::new("recordings");
    assert_eq!(path_for("sms", dir), PathBuf::from("recordings/sms.yaml"));
    assert_eq!(path_for("okta/sms", dir), PathBuf::from("recordings/okta/sms.yaml"));
    assert_eq!(path_for("sms.yaml", dir), PathBuf::from("recordings/sms.yaml"));
    assert_eq!(path_for("okta/sms.yaml", dir), PathBuf::from("okta/sms.yaml"));
    assert_eq!(path_for("v1.2", dir), PathBuf::from("recordings/v1.2.yaml"));
    assert_eq!(path_for("../sms", dir), PathBuf::from("../sms.yaml"));
    assert_eq!(path_for("src/sms.yaml", dir), PathBuf::from("src/sms.yaml"));
}

#[test]
fn a_file_that_appears_meanwhile_is_not_replaced() {
    // Whoever comes second finds the name taken, even if both began when it was free.
    let dir = directory(&[]);
    let path = dir.path().join("x.yaml");
    let first = Writer::create(&path, &header(), Existing::Refuse).unwrap();
    assert!(matches!(Writer::create(&path, &header(), Existing::Refuse).unwrap_err().problem, Problem::Busy));
    assert_eq!(first.path(), path);
    assert!(!dir.path().join("x.yaml.new").exists());
}

#[test]
fn a_recording_of_nothing_is_in_nobody_s_way() {
    let dir = directory(&[]);
    let path = dir.path().join("x.yaml");
    drop(Writer::create(&path, &header(), Existing::Refuse).unwrap());
    let mut second = Writer::create(&path, &header(), Existing::Refuse).unwrap();
    second.append(&answer("one")).unwrap();
    drop(second);
    assert!(matches!(
        Writer::create(&path, &header(), Existing::Refuse).unwrap_err().problem,
        Problem::Exists
    ));
}

#[allow(dead_code, reason = "a writer goes to a task of its own")]
fn a_writer_can_be_sent(writer: Writer, one: Interaction) -> impl Send {
    (writer, one)
}
