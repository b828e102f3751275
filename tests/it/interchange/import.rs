//! `overdub cassette import`: every format with its odd shapes, files and directories, what it promises.

mod browsers;
mod files;
mod formats;
mod guide;
mod hostile;
mod laws;
mod ruby;
mod secrets;
mod stopped;

use crate::support::overdub::Project;

/// The cassette that a file of this name and text becomes with nothing replaced, without its header; before it what is
/// said on stderr.
fn imported(name: &str, text: impl AsRef<[u8]>) -> String {
    let project = Project::new();
    project.write(name, text);
    let args = ["cassette", "import", name, "-o", "out.yaml", "--redact", "off"];
    let (code, stdout, stderr) = project.run(&args);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let cassette = project.read("out.yaml");
    let (_, interactions) = cassette.split_once("...\n").expect("a header");
    format!("{stderr}{interactions}").replace("...\n", "")
}

/// What is said of a file that cannot be imported.
fn refused(name: &str, text: impl AsRef<[u8]>) -> String {
    let project = Project::new();
    project.write(name, text);
    let (code, _, stderr) = project.run(&["cassette", "import", name, "-o", "out.yaml"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(!project.path("out.yaml").exists(), "half a cassette is none");
    stderr.lines().next().unwrap_or_default().to_owned()
}
