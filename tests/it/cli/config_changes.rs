//! The file of settings read again, with the same command line.

use overdub::cli::{Cli, Command, ReplayArgs};
use overdub::config::{CommandLine, Settings, SettingsError};

fn line(words: &[&str]) -> CommandLine {
    CommandLine::of(["overdub"].iter().chain(words).map(Into::into))
}

fn settings(line: &CommandLine, text: &str) -> Settings {
    line.with(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn replay(settings: Settings) -> ReplayArgs {
    match settings.cli {
        Cli { command: Command::Replay(args), .. } => *args,
        Cli { command, .. } => panic!("{command:?}"),
    }
}

#[test]
fn the_present_text_decides_and_what_was_typed_stays() {
    let line = line(&["replay", "--session-idle", "5m"]);
    let first = settings(&line, "scenario: [a, b]\nset: {x: 1}\nsession_idle: 1m\n");
    let second = settings(&line, "scenario: c\nset: [x=2, y=3]\n");
    let (first, second) = (replay(first), replay(second));
    assert_eq!(
        (first.scenarios.scenarios, first.scenarios.settings),
        (vec!["a".into(), "b".into()], vec!["x=1".into()])
    );
    assert_eq!(second.scenarios.scenarios, ["c"]);
    assert_eq!(second.scenarios.settings, ["x=2", "y=3"]);
    assert_eq!(first.play.sessions.session_idle, second.play.sessions.session_idle);
}

#[test]
fn what_changed_is_told_by_key() {
    let line = line(&["replay", "--latency", "none"]);
    let changed = |old: &str, new: &str| {
        let (old, new) = (settings(&line, old).from_file, settings(&line, new).from_file);
        assert_eq!(old.changed(&new), new.changed(&old));
        old.changed(&new).into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(changed("tls: true\nlisten: 1\n", "listen: 2\ntls: true\nscenario: a\n"), "listen scenario");
    // The command line decides, another command is meant, the same is said in another way.
    assert_eq!(changed("latency: 1\n", "latency: 2\n"), "");
    assert_eq!(changed("record: {tls: true}\n", "upstream: sandbox\n"), "");
    assert_eq!(changed("cassette: [a]\ntls: false\n", "replay: {cassette: a}\n"), "");
    assert_eq!(changed("set: {s: {n: 1}}\n", "set: [s.n=1]\n"), "");
    assert_eq!(changed("cassette: [a, b]\n", "cassette: [b, a]\n"), "cassette");
}

#[test]
fn a_map_gives_way_name_by_name() {
    let text = "set: {a: 1, b: 2, s: {c: 3}}\nreplay:\n  set: {b: 4}\n";
    let typed = line(&["replay", "--set", "a=5", "--set", "d=6"]);
    assert_eq!(replay(settings(&typed, text)).scenarios.settings, ["b=4", "s.c=3", "a=5", "d=6"]);
    let all = "set: {a: 1}\nreplay:\n  set: [b=4]\n";
    assert_eq!(replay(settings(&line(&["replay"]), all)).scenarios.settings, ["b=4"]);
    let none = "set: {a: 1}\nreplay:\n  set: []\n";
    assert!(replay(settings(&line(&["replay"]), none)).scenarios.settings.is_empty());
}

#[test]
fn an_error_leaves_the_command_line_as_it_was() {
    let line = line(&["replay"]);
    assert!(matches!(line.with("listen: nowhere\n"), Err(SettingsError::File(_))));
    assert!(matches!(line.with("allow-host: a.test\n"), Err(SettingsError::Typed { .. })));
    assert!(replay(settings(&line, "tls: true\n")).serve.tls);
}

#[test]
fn a_command_line_knows_its_file() {
    let file = |words: &[&str]| line(words).file().map(|path| path.display().to_string());
    assert_eq!(file(&["replay"]).as_deref(), Some("overdub.yaml"));
    assert_eq!(file(&["--config", "a.yaml", "replay"]).as_deref(), Some("a.yaml"));
    assert_eq!(file(&["replay", "--config", "none"]), None);
    assert_eq!(file(&["completions", "zsh"]), None);
    assert_eq!(file(&["--help"]), None);
}

/// Settings in both spellings.
const SAME: [(&str, &[&str]); 9] = [
    ("cassette: run", &["--cassette=run"]),
    ("upstream: sandbox", &["--upstream=sandbox"]),
    ("tls: true", &["--tls"]),
    ("forward: true", &["--forward"]),
    ("allow_host: [a.test, b.test]", &["--allow-host=a.test,b.test"]),
    ("listen: 8080", &["--listen=8080"]),
    ("redact: off", &["--redact=off"]),
    ("set: {s: {n: 1}, m: x y}", &["--set=s.n=1", "--set=m=x y"]),
    ("log: debug", &["--log=debug"]),
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn it_makes_no_difference_where_a_setting_stands(in_file in proptest::array::uniform9(0..3_u8)) {
        let all: Vec<&str> = SAME.iter().flat_map(|(_, words)| *words).copied().collect();
        let typed = line(&[&["record"], all.as_slice()].concat()).with("").unwrap();
        let (mut text, mut section, mut words) = (String::new(), "record:\n".to_owned(), vec!["record"]);
        for ((entry, typed), place) in SAME.iter().zip(in_file) {
            match place {
                0 => words.extend_from_slice(typed),
                1 => text.extend([*entry, "\n"]),
                _ => section.extend(["  ", *entry, "\n"]),
            }
        }
        let split = settings(&line(&words), &(text + section.as_str()));
        proptest::prop_assert_eq!(format!("{:?}", split.cli), format!("{:?}", typed.cli));
    }

    #[test]
    fn no_text_panics(text in "[a-z:\\-\\[\\]{}&*!'\"|>#, \n]{0,60}") {
        let _ = line(&["replay"]).with(&text);
    }

    #[test]
    fn a_value_reaches_its_flag_as_it_was_written(value in "[!-~]([ -~]{0,20}[!-~])?") {
        let quoted = value.replace('\'', "''");
        let text = format!("set: ['{quoted}']\nupstream: '{quoted}'\nprofile: '{quoted}'\n");
        let args = replay(settings(&line(&["replay"]), &text));
        proptest::prop_assert_eq!(args.scenarios.settings, [value.as_str()]);
        proptest::prop_assert_eq!(args.api.profile, value);
    }
}
