//! The commands of `docs/migrating.md`, run as they are written.

use crate::support::overdub::Project;

const GO_VCR: &str = "---\nversion: 1\ninteractions:\n- request: {method: GET, url: 'https://org.example.com/a', headers: {}, body: ''}\n  \
    response: {code: 200, status: 200 OK, headers: {}, body: ''}\n";
const VCRPY: &str = "interactions:\n- request: {method: GET, uri: 'https://org.example.com/a', headers: {}, body: null}\n  \
    response: {status: {code: 200, message: OK}, headers: {}, body: {string: ''}}\nversion: 1\n";
const RUBY_VCR: &str = "---\nhttp_interactions:\n- request: {method: get, uri: 'https://org.example.com/a', headers: {}, body: {string: ''}}\n  \
    response: {status: {code: 200, message: OK}, headers: {}, body: {string: ''}}\nrecorded_with: VCR 6.1.0\n";
const BETAMAX: &str = r#"{"http_interactions": [{"request": {"method": "GET", "uri": "https://org.example.com/a", "headers": {}, "body": ""},
    "response": {"status": {"code": 200, "message": "OK"}, "url": "", "headers": {}, "body": {"string": "", "encoding": null}}}], "recorded_with": "betamax/0.8.1"}"#;
const HAR: &str = r#"{"log": {"entries": [{"request": {"method": "GET", "url": "https://org.example.com/a", "headers": []},
    "response": {"status": 200, "headers": [], "content": {}}}]}}"#;

#[test]
fn every_command_runs_as_written() {
    let text = include_str!("../../../../docs/migrating.md");
    let commands: Vec<_> = text.lines().filter(|line| line.starts_with("overdub cassette import ")).collect();
    assert_eq!(commands.len(), 8, "one for the whole, two for what it does, one per format");
    for command in commands {
        let project = Project::new();
        for (name, sample) in [
            ("old/cassettes/login.yaml", VCRPY),
            ("old/fixtures/get.json", BETAMAX),
            ("fixtures/login.yaml", GO_VCR),
            ("tests/cassettes/test_a/test_login.yaml", VCRPY),
            ("spec/cassettes/login.yml", RUBY_VCR),
            ("tests/betamax/login.json", BETAMAX),
            ("__recordings__/login_123/recording.har", HAR),
        ] {
            project.write(name, sample);
        }
        let args: Vec<_> = command.split_ascii_whitespace().skip(1).collect();
        let (code, stdout, stderr) = project.run(&args);
        assert_eq!((code, stderr.as_str()), (0, ""), "{command}\n{stdout}");
        assert!(!project.list("recordings").is_empty(), "{command}");
    }
}
