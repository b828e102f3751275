//! Settings from `overdub.yaml`: which ones hold, for which command, and what is said of those that cannot.

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::Upstream;

/// A project with this file of settings.
fn with(settings: &str) -> Project {
    let project = Project::new();
    project.write("overdub.yaml", settings);
    project
}

/// What is told of a file of settings that cannot be used.
fn told(settings: &str, args: &[&str]) -> String {
    with(settings).fails(args)
}

/// Cassettes `one` and `two`, which say so.
fn cassettes(project: &Project) {
    project.tape("recordings/one.yaml", &["GET /which => 200 one"]);
    project.tape("recordings/two.yaml", &["GET /which => 200 two", "GET /two => 200 two"]);
}

#[test]
fn a_value_is_taken_from_flag_then_variable_then_file() {
    let [by_file, by_variable, by_flag] = ["\"file\"", "\"variable\"", "\"flag\""].map(Upstream::of_json);
    let project = with(&format!("upstream: {}\ncassette: run\noverwrite: true\n", by_file.url()));
    let answer = |variable: Option<&str>, args: &[&str]| {
        let mut command = project.command(&[&["record"], args].concat());
        command.envs(variable.map(|url| ("OVERDUB_UPSTREAM", url)));
        Overdub::start(command).ask("GET /").text()
    };
    assert_eq!(answer(None, &[]), "\"file\"");
    assert_eq!(answer(Some(&by_variable.url()), &[]), "\"variable\"");
    assert_eq!(answer(Some(&by_variable.url()), &["--upstream", &by_flag.url()]), "\"flag\"");
}

#[test]
fn a_list_gives_way_as_a_whole() {
    let project = with("cassette: [two, one]\n");
    cassettes(&project);
    assert_eq!(project.replay().ask("GET /two").text(), "two");
    let player = project.serve(&["replay", "-c", "one"]);
    assert_eq!(player.ask("GET /which").text(), "one");
    assert_eq!(player.ask("GET /two").status(), 501);
}

#[test]
fn a_switch_is_turned_on_by_the_file_and_off_on_the_command_line() {
    let project = with("tls: true\nforward: false\n");
    cassettes(&project);
    assert!(project.replay().ready.contains("url=https://"));
    assert!(project.serve(&["replay", "--no-tls"]).ready.contains("url=http://"));
    assert!(project.serve(&["replay", "--no-tls", "--tls"]).ready.contains("url=https://"));
}

#[test]
fn what_is_typed_for_the_file_s_settings_counts_as_if_both_were_typed() {
    let project = with("forward: true\nappend: true\nupstream: http://127.0.0.1:1\ncassette: run\n");
    // `--allow-host` requires `--forward`, and `--overwrite` excludes `--append`.
    project.serve(&["record", "--allow-host", "a.test"]);
    project.serve(&["record", "--overwrite"]);
}

#[test]
fn a_command_s_section_goes_before_what_is_for_all() {
    let project = with(
        "cassette: [one, two]\nupstream: http://127.0.0.1:1\ntls: true\n\
         replay:\n  cassette: two\n  tls: false\nrecord:\n  cassette: new\n",
    );
    cassettes(&project);
    let player = project.replay();
    assert!(player.ready.contains("url=http://"), "{}", player.ready);
    assert_eq!(player.ask("GET /which").text(), "two");
    let recorder = project.serve(&["record"]);
    assert!(recorder.ready.contains("url=https://"), "{}", recorder.ready);
    assert_eq!(project.list("recordings"), ["new.yaml", "one.yaml", "two.yaml"]);
}

#[test]
fn sections_of_commands_below_commands_are_found() {
    let project = with("cassette:\n  audit:\n    json: true\n");
    project.write("recordings/a.txt", "nothing");
    let (code, stdout, _) = project.run(&["cassette", "audit"]);
    assert_eq!(code, 0);
    assert!(stdout.starts_with('{'), "{stdout}");
}

#[test]
fn a_word_that_is_a_command_s_name_and_a_flag_s_value_is_told_apart() {
    let project = with("cassette: replay\n");
    project.tape("recordings/replay.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["--log", "off", "--config", "overdub.yaml", "replay"]);
    assert_eq!(player.ask("GET /a").text(), "a");
    let player = project.serve(&["replay", "--cassette", "replay"]);
    assert_eq!(player.ask("GET /a").text(), "a");
}

#[test]
fn settings_of_all_commands_are_read_too() {
    let project = with("log: \"off\"\nlog_format: json\n");
    cassettes(&project);
    let player = project.replay();
    player.ask("GET /b");
    assert_eq!(player.stop().1, "");
    let player = project.serve(&["replay", "--log", "info"]);
    player.ask("GET /b");
    let (_, log) = player.stop();
    assert!(!log.is_empty() && log.lines().all(|line| line.starts_with('{')), "{log}");
}

#[test]
fn values_are_taken_as_they_are_written() {
    let project = with("cassette: 1.10\n");
    project.tape("recordings/1.10.yaml", &["GET /a => 200 a"]);
    assert_eq!(project.replay().ask("GET /a").text(), "a");
}

#[test]
fn another_file_can_be_named_or_none() {
    let project = with("cassette: one\n");
    cassettes(&project);
    project.write("other/settings.yaml", "cassette: two\n");
    let which = |variable: Option<&str>, args: &[&str]| {
        let mut command = project.command(&[&["replay"], args].concat());
        command.envs(variable.map(|path| ("OVERDUB_CONFIG", path)));
        Overdub::start(command).ask("GET /two").status()
    };
    assert_eq!(which(None, &[]), 501);
    assert_eq!(which(None, &["--config", "other/settings.yaml"]), 200);
    assert_eq!(which(Some("other/settings.yaml"), &[]), 200);
    assert_eq!(which(Some("other/settings.yaml"), &["--config", "overdub.yaml"]), 501);
    assert_eq!(which(None, &["--config", "none"]), 200);
    insta::assert_snapshot!(project.fails(&["replay", "--config", "missing.yaml"]), @r#"
    exit code 2
    error: --config missing.yaml: No such file or directory (os error 2); name a file of settings, or `none`
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--config", "other"]), @r#"
    exit code 2
    error: --config other: is not a file; name a file of settings, or `none`
    "#);
}

#[test]
fn help_is_given_and_typing_is_corrected_whatever_the_file_says() {
    let project = with("no: [yaml");
    for args in
        [&["--help"][..], &["replay", "-h"], &["help", "ca"], &["--version"], &["completions", "bash"]]
    {
        assert_eq!(project.run(args).0, 0, "{args:?}");
    }
    assert!(project.fails(&["reply"]).contains("unrecognized subcommand 'reply'"));
}

#[test]
fn a_key_that_no_command_knows_is_told() {
    insta::assert_snapshot!(told("listen: 0\nupstrem: http://127.0.0.1:1\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:1: `upstrem` is no setting; did you mean `upstream`?
    "#);
    insta::assert_snapshot!(told("retries: 3\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:1: `retries` is no setting; settings are named as the flags that `overdub COMMAND --help` lists
    "#);
    insta::assert_snapshot!(told("record:\n  casette: run\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:3: `casette` is no setting; did you mean `cassette`?
    "#);
    insta::assert_snapshot!(told("config: other.yaml\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:1: `config` is no setting; settings are named as the flags that `overdub COMMAND --help` lists
    "#);
    insta::assert_snapshot!(told("replay:\n  upstream: sandbox\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:3: `overdub replay` has no --upstream; record, proxy, exec and verify have it
    "#);
    insta::assert_snapshot!(told("replay: 8080\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:1: `replay` is a command: its settings stand below it, as `KEY: VALUE` lines
    "#);
    insta::assert_snapshot!(told("upstream_ca: a.pem\nupstream-ca: b.pem\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:1: `upstream-ca` is set twice in one place
    "#);
}

#[test]
fn a_value_that_its_flag_refuses_is_told() {
    insta::assert_snapshot!(told("tls: true\nlisten: example.com:80\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:9: listen: invalid value 'example.com:80': write IP:PORT, or PORT for 127.0.0.1; port 0 takes a free one
    "#);
    insta::assert_snapshot!(told("record: {upstream_timeout: soon}\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:28: upstream-timeout: invalid value 'soon': expected number at 0; write 500ms, 30s or 2m
    "#);
    insta::assert_snapshot!(told("rewrite-links: maybe\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:16: rewrite-links: invalid value 'maybe'; possible values: on, off
    "#);
    insta::assert_snapshot!(told("proxy:\n  mode: some\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:2:9: mode: invalid value 'some'; possible values: once, new_episodes, all, none, passthrough
    "#);
    insta::assert_snapshot!(told("tls: yes\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:6: tls: write true or false
    "#);
    insta::assert_snapshot!(told("listen: [8080, 8081]\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:9: listen: one value is wanted here, no list and no map
    "#);
    insta::assert_snapshot!(told("listen:\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:1: listen: the value is missing; give one, or leave the key out
    "#);
    insta::assert_snapshot!(told("cassette: [one, [two]]\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:17: cassette: write a value, a list of values, or a map from name to value
    "#);
    insta::assert_snapshot!(told("listen: !port 8080\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:9: listen: a tag (`!…`) means nothing here; leave it out
    "#);
    insta::assert_snapshot!(told("set: {a: 1, b: 2, a: 3}\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:19: `a` is set twice in one place
    "#);
    insta::assert_snapshot!(told("cassette: [one, two]\n", &["record", "--upstream", "http://127.0.0.1:1"]), @r#"
    exit code 2
    error: overdub.yaml:1:11: cassette: one value is wanted here, no list and no map, for `overdub record`; what is for one command alone stands in a section of its name
    "#);
}

#[test]
fn a_file_that_is_no_yaml_or_no_map_is_told() {
    insta::assert_snapshot!(told("tls: true\nlisten: [8080\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:3:1: did not find expected ',' or ']', while parsing a flow sequence
    "#);
    insta::assert_snapshot!(told("a: b: c\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:5: mapping values are not allowed in this context
    "#);
    insta::assert_snapshot!(told("- listen\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:1:1: settings are lines of `KEY: VALUE`, a KEY being a flag without its dashes
    "#);
    insta::assert_snapshot!(told("tls: true\n---\ntls: false\n", &["replay"]), @r#"
    exit code 2
    error: overdub.yaml:3:1: a second document begins here; one is all that is read
    "#);
}

#[test]
fn what_does_not_go_together_is_told_with_the_places_in_the_file() {
    insta::assert_snapshot!(told("tls: true\nallow_host: [a.test]\n", &["replay"]), @r#"
    exit code 2
    error: the following required arguments were not provided:
      --forward

    Usage: overdub replay --forward --tls --allow-host <HOST>

    For more information, try '--help'.
      hint: --allow-host stands in overdub.yaml:2:1
    "#);
    let both = "append: true\noverwrite: true\ncassette: run\n";
    insta::assert_snapshot!(told(both, &["record", "--upstream", "http://127.0.0.1:1"]), @r#"
    exit code 2
    error: the argument '--overwrite' cannot be used with '--append'

    Usage: overdub record --cassette <NAME> --overwrite --upstream <URL>

    For more information, try '--help'.
      hint: --overwrite stands in overdub.yaml:2:1
      hint: --append stands in overdub.yaml:1:1
    "#);
    // An error of who types is theirs alone.
    insta::assert_snapshot!(told("tls: true\n", &["replay", "--repeat", "never"]), @r#"
    exit code 2
    error: invalid value 'never' for '--repeat <error|last|cycle>': write error, last or cycle

    For more information, try '--help'.
    "#);
    let record = ["record", "-c", "run", "--upstream-timeout", "soon", "--upstream", "http://127.0.0.1:1"];
    insta::assert_snapshot!(told("upstream: sandbox\n", &record), @r#"
    exit code 2
    error: invalid value 'soon' for '--upstream-timeout <TIME>': expected number at 0; write 500ms, 30s or 2m

    For more information, try '--help'.
    "#);
}

#[test]
fn what_cannot_be_done_is_told_with_the_places_in_the_file() {
    insta::assert_snapshot!(told("cassette: run\nupstream: org.okta.com\n", &["record"]), @r#"
    exit code 2
    error: --upstream: `org.okta.com` has no scheme: write http://org.okta.com or https://org.okta.com (`sandbox` is the org that is built in)
      hint: --upstream stands in overdub.yaml:2:1
    "#);
    insta::assert_snapshot!(told("cassette: dir/\n", &["record", "--upstream", "http://127.0.0.1:1"]), @r#"
    exit code 2
    error: -c dir/: names no file; give a name, or a path to a .yaml file
      hint: --cassette stands in overdub.yaml:1:1
    "#);
    insta::assert_snapshot!(told("redact: off\ncassette: run\n", &["proxy", "--mode", "none"]), @r#"
    exit code 2
    error: --redact has no effect with --mode none; leave it out
      hint: --redact stands in overdub.yaml:1:1
    "#);
}

#[test]
fn nothing_in_a_file_is_nothing_set() {
    for settings in ["", "# tls: true\n", "---\n", "replay:\n", "x-mine: {a: 1}\n", "upstream: sandbox\n"] {
        let project = with(settings);
        cassettes(&project);
        assert_eq!(project.replay().ask("GET /two").text(), "two", "{settings:?}");
    }
}
