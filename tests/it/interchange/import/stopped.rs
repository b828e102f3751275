//! An import that is stopped leaves nothing behind.

use std::process::{Command, Stdio};

use crate::support::overdub::Project;

#[test]
#[cfg(unix)]
fn a_signal_leaves_no_half_cassette_behind() {
    let project = Project::new();
    let item = "- request: {method: GET, uri: 'https://org.example.com/a', headers: {}}\n  response:\n    status: {code: 200}\n    \
                headers: {}\n    body: {string: '{\"id\": \"1\"}'}\n";
    project.write("in.yaml", format!("interactions:\n{}", item.repeat(40_000)));
    let mut command =
        project.command(&["cassette", "import", "in.yaml", "-o", "out/a.yaml", "--redact", "off"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary");
    // It is being written once its file is there.
    while !project.path("out/a.yaml.new").exists() {
        std::thread::yield_now();
        assert!(!project.path("out/a.yaml").exists(), "too quick to be stopped");
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill").success());
    let ended = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("in.yaml: not imported: stopped by a signal\n"), "{said}");
    assert!(said.contains("error: stopped by a signal, before 0 more files"), "{said}");
    assert!(project.list("out").is_empty(), "{:?}", project.list("out"));
}
