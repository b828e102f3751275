//! What is written of a run: for CI systems, for programs, for people.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Exec, project};
use crate::support::overdub::Project;

/// What differs from run to run, left out.
fn steady(text: &str) -> String {
    let times =
        [r#"time="[0-9.]+""#, r#"timestamp="[^"]+""#, r"· [0-9.]+ s ·", r#""(began|took_ms)": [^\n]+"#];
    let text = times.iter().fold(text.to_owned(), |text, own| {
        regex::Regex::new(own).expect("a pattern").replace_all(&text, "TIME").into_owned()
    });
    text.replace("&quot;", "'")
}

/// A run in which two checks fail.
fn failing(project: &Project, reports: &[&str]) -> (i32, String) {
    let flags: Vec<&str> = reports.iter().flat_map(|report| ["--report", report]).collect();
    let exec = Exec::start(
        project,
        &[&["-c", "run", "--require-used"], &flags[..]].concat(),
        "echo \"$OVERDUB_URL -\"; read x",
    );
    exec.ask("GET /a");
    exec.ask("GET /a&b?password=Knock*knock");
    exec.end(0)
}

#[test]
fn junit_has_a_suite_with_a_test_case_per_check() {
    let project = project();
    failing(&project, &["junit=deep/er/junit.xml"]);
    assert_snapshot!(steady(&project.read("deep/er/junit.xml")), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites>
      <testsuite id="0" package="overdub" name="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" tests="8" failures="2" errors="0" skipped="2" TIME TIME hostname="localhost">
        <properties>
          <property name="overdub.mode" value="replay"/>
          <property name="overdub.upstream" value="none"/>
          <property name="overdub.exit_code" value="1"/>
          <property name="overdub.requests" value="2"/>
          <property name="overdub.replayed" value="1"/>
          <property name="overdub.miss" value="1"/>
        </properties>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="command" TIME/>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="misses" TIME>
          <failure message="1 miss" type="overdub.misses">never recorded: GET /a&amp;b?password=(hidden)
      cassettes in force: run (3)
      closest: run #1 (recordings/run.yaml:4) GET /a
        path: sent /a&amp;b, recorded /a
        query password: sent (hidden), recorded (none)
      what to do: record it (`overdub record --append …`), or let the client send what was recorded
      what shows more: overdub explain -c run 'GET /a&amp;b?password=(hidden)'</failure>
        </testcase>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="upstream-errors" TIME/>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="script-errors" TIME/>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="internal-errors" TIME/>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="recording" TIME>
          <skipped message="nothing was to be recorded"/>
        </testcase>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="used" TIME>
          <failure message="2 of 3 recordings unused" type="overdub.used">run: 2 of 3 unused
      #2 (recordings/run.yaml:11) GET /b
      #3 (recordings/run.yaml:18) POST /c</failure>
        </testcase>
        <testcase classname="overdub exec: sh -c 'echo '$OVERDUB_URL -'; read x'" name="fired" TIME>
          <skipped message="no scenario was played"/>
        </testcase>
        <system-out></system-out>
        <system-err></system-err>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
#[allow(clippy::too_many_lines, reason = "it is all of a report")]
fn json_tells_all() {
    let project = project();
    failing(&project, &["json=run.json"]);
    let text = project.read("run.json");
    assert!(!text.contains("Knock"), "{text}");
    assert_snapshot!(steady(&text), @r#"
    {
      "overdub": "0.1.0",
      "command": {
        "line": "sh -c 'echo \"$OVERDUB_URL -\"; read x'",
        "exit_code": 0,
        "signal": null
      },
      "exit_code": 1,
      "mode": "replay",
      "upstream": "none",
      TIME
      TIME
      "checks": [
        {
          "name": "command",
          "result": "passed",
          "summary": "ended with exit code 0"
        },
        {
          "name": "misses",
          "result": "failed",
          "summary": "1 miss"
        },
        {
          "name": "upstream-errors",
          "result": "passed",
          "summary": "0 upstream errors"
        },
        {
          "name": "script-errors",
          "result": "passed",
          "summary": "0 script errors"
        },
        {
          "name": "internal-errors",
          "result": "passed",
          "summary": "0 internal errors"
        },
        {
          "name": "recording",
          "result": "skipped",
          "summary": "nothing was to be recorded"
        },
        {
          "name": "used",
          "result": "failed",
          "summary": "2 of 3 recordings unused"
        },
        {
          "name": "fired",
          "result": "skipped",
          "summary": "no scenario was played"
        }
      ],
      "requests": {
        "total": 2,
        "abandoned": 0,
        "outcomes": {
          "replayed": 1,
          "miss": 1
        }
      },
      "failures": [
        {
          "outcome": "miss",
          "method": "GET",
          "target": "/a&b?password=(hidden)",
          "times": 1,
          "report": [
            "never recorded: GET /a&b?password=(hidden)",
            "cassettes in force: run (3)",
            "closest: run #1 (recordings/run.yaml:4) GET /a",
            "  path: sent /a&b, recorded /a",
            "  query password: sent (hidden), recorded (none)",
            "what to do: record it (`overdub record --append …`), or let the client send what was recorded",
            "what shows more: overdub explain -c run 'GET /a&b?password=(hidden)'"
          ]
        }
      ],
      "cassettes": [
        {
          "name": "run",
          "path": "recordings/run.yaml",
          "interactions": 3,
          "used": 1,
          "unused": [
            {
              "interaction": 2,
              "line": 11,
              "method": "GET",
              "url": "/b"
            },
            {
              "interaction": 3,
              "line": 18,
              "method": "POST",
              "url": "/c"
            }
          ]
        }
      ],
      "recorded": null,
      "handlers": []
    }
    "#);
}

#[test]
fn markdown_is_added_to_what_is_there() {
    let project = project();
    project.write("summary.md", "# The job\n\n");
    failing(&project, &["markdown=summary.md"]);
    let once = project.read("summary.md");
    assert_snapshot!(steady(&once), @r#"
    # The job

    ### overdub exec: ❌ failed

    `sh -c 'echo "$OVERDUB_URL -"; read x'`

    2 requests: 1 replayed, 1 miss · mode replay TIME exit code 1

    | check | result | |
    |---|---|---|
    | command | ✅ passed | ended with exit code 0 |
    | misses | ❌ failed | 1 miss |
    | upstream-errors | ✅ passed | 0 upstream errors |
    | script-errors | ✅ passed | 0 script errors |
    | internal-errors | ✅ passed | 0 internal errors |
    | recording | ➖ skipped | nothing was to be recorded |
    | used | ❌ failed | 2 of 3 recordings unused |
    | fired | ➖ skipped | no scenario was played |

    <details><summary>misses: 1 miss</summary>

    ```text
    never recorded: GET /a&b?password=(hidden)
      cassettes in force: run (3)
      closest: run #1 (recordings/run.yaml:4) GET /a
        path: sent /a&b, recorded /a
        query password: sent (hidden), recorded (none)
      what to do: record it (`overdub record --append …`), or let the client send what was recorded
      what shows more: overdub explain -c run 'GET /a&b?password=(hidden)'
    ```

    </details>

    <details><summary>used: 2 of 3 recordings unused</summary>

    ```text
    run: 2 of 3 unused
      #2 (recordings/run.yaml:11) GET /b
      #3 (recordings/run.yaml:18) POST /c
    ```

    </details>
    "#);
    failing(&project, &["markdown=summary.md"]);
    assert!(project.read("summary.md").len() > once.len() + 500);
}

#[test]
fn a_good_run_is_reported_too() {
    let project = project();
    let (code, _, told) = project.run(&["exec", "--report", "json=run.json", "--", "true"]);
    assert_eq!(code, 0, "{told}");
    let report: Value = serde_json::from_str(&project.read("run.json")).unwrap();
    assert_eq!((&report["exit_code"], &report["requests"]["total"]), (&0.into(), &0.into()));
    let results: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|own| own["result"].as_str()).collect();
    assert!(!results.contains(&Some("failed")), "{results:?}");
}

#[test]
fn a_report_that_cannot_be_written_fails_the_run() {
    let project = project();
    project.write("file", "");
    let args = |code: &'static str| ["exec", "--report", "json=file/run.json", "--", "sh", "-c", code];
    let (code, _, told) = project.run(&args("exit 0"));
    assert_eq!(code, 1);
    assert!(told.contains("error: --report file/run.json: cannot be written: "), "{told}");
    assert_eq!(project.run(&args("exit 4")).0, 4);
}

#[test]
fn secrets_of_the_command_line_are_in_no_report() {
    let project = project();
    let mut command = project.command(&[
        "exec",
        "--report",
        "json=run.json",
        "--",
        "sh",
        "-c",
        "exit 1",
        "00secretToken1",
        "SSWS 00abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
    ]);
    let output = command.env("OKTA_CLIENT_TOKEN", "00secretToken1").output().expect("the binary");
    let all = [project.read("run.json"), String::from_utf8_lossy(&output.stderr).into_owned()].concat();
    assert!(all.contains("(hidden)"), "{all}");
    assert!(!all.contains("00secretToken1") && !all.contains("00abcdefgh"), "{all}");
}
