//! The command as a person or a script meets it: what it says, and how it ends.

mod completions;
mod config;
mod config_changes;
mod files;
mod flags;
mod signals;

use std::net::TcpListener;

use crate::support::overdub::{Overdub, Project};

#[test]
fn help_says_what_there_is() {
    let (code, stdout, stderr) = Project::new().run(&["-h"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    insta::assert_snapshot!(stdout, @r#"
    Record real API traffic into readable YAML cassettes, replay it offline and deterministically

    Usage: overdub [OPTIONS] <COMMAND>

    Commands:
      record       Pass requests on to an API and record what passes
      replay       Answer from recordings; no upstream exists
      proxy        Record, replay, or both: whichever `--mode` says
      exec         Run a command with a proxy set up for it, then check what it asked for
      sandbox      Run an Okta Factors org on loopback: something to record when there is no org
      demo         Show it all in one go: record the sandbox, stop it, replay offline, compare every
                   answer
      ca           The local CA, whose certificates `--tls` and `--forward` show to clients
      cassette     Work on cassettes: list, show, check, compare, audit, clean, import and export them
      scenario     Work on scenarios: list, check and test them, begin a new one
      explain      Say why a request is, or is not, answered from recordings, and what would have it
                   answered. Exit code 1: it is not
      verify       Ask a live API again what was recorded, and tell what has changed since. Exit code 1
                   when clients would break
      completions  Print what a shell needs to complete commands and flags
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE|none>  Read settings from this file, as `FLAG: VALUE` lines; `none` reads no
                                file. Flags and variables go before it, and --no-FLAG turns off what it
                                turns on. [default: overdub.yaml, if it is there] [env: OVERDUB_CONFIG=]
      -h, --help                Print help
      -V, --version             Print version

    Logging:
          --log <FILTER>            What is logged: a level (error, warn, info, debug, trace) or
                                    directives as in `overdub=debug,hyper=warn`. [default: info; exec:
                                    warn] [env: RUST_LOG=]
          --log-format <text|json>  Form of the log lines on stderr [env: OVERDUB_LOG_FORMAT=] [default:
                                    text]
    "#);
}

#[test]
fn without_a_command_it_shows_its_help_and_fails() {
    let (code, stdout, stderr) = Project::new().run(&[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert_eq!(stderr, Project::new().run(&["-h"]).1);
}

#[test]
fn version_is_one_line() {
    let (code, stdout, _) = Project::new().run(&["--version"]);
    assert_eq!((code, stdout.as_str()), (0, concat!("overdub ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn every_flag_has_a_word_of_help() {
    let commands: [&[&str]; 11] = [
        &["record"],
        &["replay"],
        &["proxy"],
        &["cassette", "audit"],
        &["cassette", "clean"],
        &["sandbox"],
        &["demo"],
        &["ca", "path"],
        &["ca", "export"],
        &["ca", "new"],
        &["completions"],
    ];
    for command in commands {
        let (code, stdout, _) = Project::new().run(&[command, &["--help"]].concat());
        assert_eq!(code, 0, "{command:?}");
        let lines: Vec<_> = stdout.lines().chain([""]).collect();
        // Where flags are long, their help stands on the line below, further in.
        let bare = lines.windows(2).find(|pair| {
            let flag = pair[0].trim_start();
            flag.starts_with("--") && !flag.contains("  ") && !pair[1].starts_with("          ")
        });
        assert_eq!(bare, None, "{command:?}");
    }
}

#[test]
fn an_upstream_must_be_an_origin() {
    let told = |upstream| Project::new().fails(&["record", "-c", "run", "--upstream", upstream]);
    insta::assert_snapshot!(told("org.okta.com"), @r#"
    exit code 2
    error: --upstream: `org.okta.com` has no scheme: write http://org.okta.com or https://org.okta.com (`sandbox` is the org that is built in)
    "#);
    insta::assert_snapshot!(told("https://org.okta.com/api/v1"), @r#"
    exit code 2
    error: --upstream: it names more than an origin: only scheme://host[:port] is allowed here (`sandbox` is the org that is built in)
    "#);
    insta::assert_snapshot!(told("ftp://org.okta.com"), @r#"
    exit code 2
    error: --upstream: `ftp://org.okta.com` is neither http:// nor https:// (`sandbox` is the org that is built in)
    "#);
    insta::assert_snapshot!(told("https://"), @r#"
    exit code 2
    error: --upstream: `https://` is not a URL: write scheme://host[:port] (`sandbox` is the org that is built in)
    "#);
}

#[test]
fn flags_that_do_not_fit_are_told() {
    let project = Project::new();
    let record =
        |more: &[&str]| project.fails(&[&["record", "--upstream", "http://127.0.0.1:1"], more].concat());
    insta::assert_snapshot!(record(&["-c", "run", "--overwrite", "--append"]), @r#"
    exit code 2
    error: the argument '--overwrite' cannot be used with '--append'

    Usage: overdub record --upstream <URL> --cassette <NAME> --overwrite

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(record(&[]), @r#"
    exit code 2
    error: the following required arguments were not provided:
      --cassette <NAME>

    Usage: overdub record --upstream <URL> --cassette <NAME>

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(record(&["-c", "run", "--listen", "example.com:80"]), @r"
    exit code 2
    error: invalid value 'example.com:80' for '--listen <ADDR>': write IP:PORT, or PORT for 127.0.0.1; port 0 takes a free one

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(record(&["-c", "run", "--upstream-timeout", "soon"]), @r"
    exit code 2
    error: invalid value 'soon' for '--upstream-timeout <TIME>': expected number at 0; write 500ms, 30s or 2m

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(record(&["-c", "dir/"]), @r"
    exit code 2
    error: -c dir/: names no file; give a name, or a path to a .yaml file
    ");
    insta::assert_snapshot!(project.fails(&["replay", "--repeat", "never"]), @r#"
    exit code 2
    error: invalid value 'never' for '--repeat <error|last|cycle>': write error, last or cycle

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--log", "overdub=loud"]), @r#"
    exit code 2
    error: --log overdub=loud: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5; write error, warn, info, debug, trace, or directives as in overdub=debug
    "#);
    assert!(!project.path("recordings").exists(), "nothing is written");
}

#[test]
fn an_address_in_use_is_told_and_nothing_is_written() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
    let record = ["record", "--upstream", "http://127.0.0.1:1", "-c", "run", "--listen", &address];
    for args in [&record[..], &["replay", "--listen", &address], &["sandbox", "--listen", &address]] {
        let told = project.fails(args).replace(&address, "ADDRESS");
        assert_eq!(
            told,
            "exit code 2\nerror: --listen ADDRESS: Address already in use (os error 98); another program listens \
             there; choose another port (0 takes a free one)"
        );
    }
    assert_eq!(project.list("recordings"), ["a.yaml"]);
}

#[test]
fn a_miss_is_told_whatever_else_is_logged() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    for filter in ["", "mytests=debug", "overdub=info", "warn"] {
        let player = project.serve(&["replay", "--log", filter]);
        player.ask("GET /b");
        player.told("never recorded: GET /b");
    }
    insta::assert_snapshot!(project.fails(&["replay", "--log", "verbose"]), @r#"
    exit code 2
    error: --log verbose: `verbose` is no level; write error, warn, info, debug, trace, or directives as in overdub=debug
    "#);
}

#[test]
fn log_lines_can_be_json_and_stdout_holds_the_ready_line_alone() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["replay", "--log-format", "json"]);
    player.ask("GET /b");
    let (_, log) = player.stop();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let miss = lines.iter().find(|line| line["outcome"] == "miss").expect("the miss");
    assert_eq!(miss["level"], "WARN");
    assert!(miss["message"].as_str().unwrap().starts_with("never recorded: GET /b"));
}

#[test]
fn how_much_is_told_can_be_chosen_by_flag_or_environment() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
    let quiet = project.serve(&["replay", "--log", "error"]);
    quiet.ask("GET /b");
    assert_eq!(quiet.stop().1, "");
    let mut command = project.command(&["replay"]);
    command.env("RUST_LOG", "off");
    let quiet = Overdub::start(command);
    quiet.ask("GET /b");
    assert_eq!(quiet.stop().1, "");
}

#[test]
fn whoever_reads_stderr_may_leave() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
    let player = Overdub::start_unheard(project.command(&["replay"]));
    assert_eq!(player.ask("GET /b").status(), 501);
    assert_eq!(player.ask("GET /a").status(), 200);
    player.signal("TERM");
    assert_eq!(player.ended().0.code(), Some(0));
}

#[test]
fn nothing_is_coloured_where_no_terminal_is() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
    let player = project.replay();
    player.ask("GET /b");
    assert!(!player.stop().1.contains('\x1b'));
    let mut demo = project.command(&["demo", "--dir", "demo"]);
    demo.env("NO_COLOR", "1");
    assert!(!demo.output().unwrap().stdout.contains(&0x1b));
}

#[test]
fn the_demo_replaces_no_file_that_it_did_not_write() {
    let project = Project::new();
    project.write("demo/okta-sms.yaml", "mine");
    let (code, _, told) = project.run(&["demo", "--dir", "demo"]);
    assert_eq!(code, 2);
    assert!(project.read("demo/okta-sms.yaml") == "mine", "the file is another one now");
    assert!(told.contains("demo/okta-sms.yaml"), "{told}");
}

#[test]
fn the_demo_records_and_replays_every_answer_the_same() {
    let project = Project::new();
    let (code, stdout, stderr) = project.run(&["demo", "--dir", "demo"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let compared: Vec<_> = stdout.lines().filter(|line| line.contains(" answers  ")).collect();
    insta::assert_snapshot!(compared.join("\n"), @r"
    okta-sms        9 of  9 answers  same
    okta-totp       6 of  6 answers  same
    okta-push      11 of 11 answers  same
    okta-question   7 of  7 answers  same
    ");
    for seen in [" EXPIRED\n", "Y12 ACTIVE\n", " 301  opf"] {
        assert!(stdout.contains(seen), "{seen:?}: {stdout}");
    }
    let listed = project.list("demo");
    assert_eq!(compared.len(), listed.len(), "a cassette per flow: {listed:?}");
    let player = project.serve(&["replay", "-c", "demo"]);
    assert!(player.ready.contains(&format!(" cassettes={} ", listed.len())), "{}", player.ready);
}
