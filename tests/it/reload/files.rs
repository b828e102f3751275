//! Watched files: all the ways in which editors, shells and version control put a new content in place.

use std::path::{Path, PathBuf};
use std::process::Command;

use overdub::reload::{Root, Watch};
use tokio::time::timeout;

use crate::support::overdub::Project;
use crate::support::wire::PATIENCE;

/// A project whose `scenarios/` and `overdub.yaml` are watched.
struct Watched {
    project: Project,
    watch: Watch,
    runtime: tokio::runtime::Runtime,
}

impl Watched {
    fn new(project: Project, polls: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let roots = vec![
            Root::new(&project.path("scenarios"), &["rhai"]),
            Root::new(&project.path("overdub.yaml"), &[]),
            Root::new(&project.path("recordings/one.yaml"), &["body"]),
        ];
        Self { watch: Watch::new(roots, polls), project, runtime }
    }

    /// With two scenarios, `a` and `below/b`.
    fn start() -> Self {
        let project = Project::new();
        project.write("scenarios/a.rhai", "a1");
        project.write("scenarios/below/b.rhai", "b1");
        Self::new(project, false)
    }

    /// What changed, as paths below the project.
    fn changed(&mut self) -> Vec<String> {
        let changed = self.runtime.block_on(async { timeout(PATIENCE, self.watch.changed()).await });
        let project = self.project.path("");
        let below = |path: &PathBuf| path.strip_prefix(&project).unwrap().display().to_string();
        changed.expect("a change that is told").iter().map(below).collect()
    }

    /// Nothing is told of what was done before this.
    fn tells_no_more(&mut self) {
        self.project.write("overdub.yaml", "after: that");
        assert_eq!(self.changed(), ["overdub.yaml"]);
    }

    fn sh(&self, script: &str) {
        let status = Command::new("sh").args(["-ec", script]).current_dir(self.project.path("")).status();
        assert!(status.unwrap().success(), "{script}");
    }
}

#[test]
fn a_save_is_told_by_whatever_way_it_comes() {
    let mut own = Watched::start();
    for (save, told) in [
        ("printf a2 > scenarios/a.rhai", "scenarios/a.rhai"),
        ("printf a3 >> scenarios/a.rhai", "scenarios/a.rhai"),
        // A temporary file that takes its place.
        ("printf a4 > scenarios/.a.tmp; mv scenarios/.a.tmp scenarios/a.rhai", "scenarios/a.rhai"),
        ("printf a5 > scenarios/a.new; mv scenarios/a.new scenarios/a.rhai", "scenarios/a.rhai"),
        ("sed -i s/a5/a6/ scenarios/a.rhai", "scenarios/a.rhai"),
        // As vim does: the old one becomes a backup, a new one is written.
        (
            "mv scenarios/a.rhai scenarios/a.rhai~; printf a7 > scenarios/a.rhai; rm scenarios/a.rhai~",
            "scenarios/a.rhai",
        ),
        // A file that the same number of bytes go into.
        ("printf a8 | dd of=scenarios/a.rhai conv=notrunc 2>/dev/null", "scenarios/a.rhai"),
        ("rm scenarios/a.rhai; printf a9 > scenarios/a.rhai", "scenarios/a.rhai"),
        ("printf b2 > scenarios/below/b.rhai", "scenarios/below/b.rhai"),
        (
            "mkdir -p scenarios/new/newer; printf c1 > scenarios/new/newer/c.rhai",
            "scenarios/new/newer/c.rhai",
        ),
        ("printf c2 > scenarios/new/newer/c.rhai", "scenarios/new/newer/c.rhai"),
        ("printf 'x: 1' > overdub.yaml", "overdub.yaml"),
        ("printf 'x: 2' > o; mv o overdub.yaml", "overdub.yaml"),
        ("mkdir recordings; printf 1 > recordings/one.yaml", "recordings/one.yaml"),
        ("printf 2 > recordings/one.yaml", "recordings/one.yaml"),
        ("printf 3 > recordings/one-0001.body", "recordings/one-0001.body"),
        ("rm scenarios/new/newer/c.rhai", "scenarios/new/newer/c.rhai"),
    ] {
        own.sh(save);
        assert_eq!(own.changed(), [told], "{save}");
    }
    own.tells_no_more();
}

#[test]
fn a_folder_that_is_replaced_is_followed_to_its_new_place() {
    let mut own = Watched::start();
    for (round, replace) in [
        "cp -r scenarios new; rm -r scenarios; printf a0 > new/a.rhai; mv new scenarios",
        "mv scenarios old; mkdir scenarios; cp -r old/* scenarios; printf a1 > scenarios/a.rhai; rm -r old",
        "rm -r scenarios; mkdir scenarios scenarios/below; printf a2 > scenarios/a.rhai; printf b1 > scenarios/below/b.rhai",
        "mv scenarios/a.rhai a.rhai; printf a3 > a.rhai; mv a.rhai scenarios",
    ]
    .into_iter()
    .enumerate()
    {
        own.sh(replace);
        assert_eq!(own.changed(), ["scenarios/a.rhai"], "{replace}");
        own.project.write("scenarios/below/b.rhai", format!("b-{round}"));
        assert_eq!(own.changed(), ["scenarios/below/b.rhai"], "{replace}");
        own.sh("printf b1 > scenarios/below/b.rhai");
        own.changed();
    }
}

#[test]
fn a_folder_that_is_not_there_yet_is_found_when_it_comes() {
    let mut own = Watched::new(Project::new(), false);
    own.project.write("other/file", "nobody watches this");
    own.project.write("scenarios/a.rhai", "a1");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
    own.sh("rm -r scenarios");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
    own.project.write("scenarios/a.rhai", "a2");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
}

#[test]
fn what_changes_no_content_is_not_told() {
    let mut own = Watched::start();
    own.sh(
        "touch scenarios/a.rhai; chmod 600 scenarios/a.rhai; cp scenarios/a.rhai x; mv x scenarios/a.rhai",
    );
    own.sh("printf x > scenarios/.a.rhai.swp; printf x > scenarios/a.rhai~; printf x > scenarios/note.txt");
    own.tells_no_more();
    assert!(own.runtime.block_on(own.watch.written()).is_empty());
    own.sh("printf a2 > scenarios/a.rhai; printf a1 > scenarios/a.rhai");
    let written = own.runtime.block_on(own.watch.written());
    assert_eq!(written.len(), 1, "who read it in between has another content");
    own.project.write("scenarios/a.rhai", "a2");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
}

#[test]
#[cfg(unix)]
fn links_are_followed_to_what_they_lead_to() {
    let project = Project::new();
    project.write("real/a.rhai", "a1");
    project.write("versions/1/b.rhai", "b1");
    project.write("versions/2/b.rhai", "b2");
    project.write("scenarios/c.rhai", "c1");
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(Path::new(to), project.path(at)).unwrap();
    link("../real/a.rhai", "scenarios/a.rhai");
    link("1", "versions/now");
    link("../versions/now", "scenarios/versions");
    let mut own = Watched::new(project, false);
    own.project.write("real/a.rhai", "a2");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
    own.sh("printf a3 > real/new; mv real/new real/a.rhai");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
    own.project.write("versions/1/b.rhai", "b3");
    assert_eq!(own.changed(), ["scenarios/versions/b.rhai"]);
    own.sh("ln -sfn ../versions/2 scenarios/versions");
    assert_eq!(own.changed(), ["scenarios/versions/b.rhai"]);
    own.project.write("versions/2/b.rhai", "b4");
    assert_eq!(own.changed(), ["scenarios/versions/b.rhai"]);
}

#[test]
fn of_a_thousand_saves_the_last_one_is_seen() {
    let mut own = Watched::start();
    let writer = {
        let path = own.project.path("scenarios/a.rhai");
        std::thread::spawn(move || {
            for number in 0..1000 {
                put(&path, &number.to_string());
            }
            put(&path, "last");
        })
    };
    let mut told = 0;
    loop {
        assert_eq!(own.changed(), ["scenarios/a.rhai"]);
        told += 1;
        if own.project.read("scenarios/a.rhai") == "last" {
            break;
        }
    }
    writer.join().unwrap();
    assert!(told <= 1000, "several saves are one change");
    own.project.write("scenarios/a.rhai", "later");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
}

#[test]
fn where_the_system_tells_nothing_files_are_looked_at() {
    let project = Project::new();
    project.write("scenarios/a.rhai", "a1");
    let mut own = Watched::new(project, true);
    own.project.write("scenarios/a.rhai", "a2");
    assert_eq!(own.changed(), ["scenarios/a.rhai"]);
    own.project.write("scenarios/b.rhai", "b1");
    assert_eq!(own.changed(), ["scenarios/b.rhai"]);
}

#[allow(clippy::disallowed_methods, reason = "a fixture's file, in its own directory")]
fn put(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
