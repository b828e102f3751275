//! The guide to scenarios says what is so: its scripts compile, its recipes are played, its messages are those that come.

mod blocks;
mod messages;
mod shell;

use std::path::Path;
use std::sync::Arc;

use overdub::scenario::{Engine, Library, Set, Source};

use self::blocks::{Block, blocks};
use self::shell::Shell;
use crate::support::overdub::Project;

const GUIDE: &str = include_str!("../../docs/scenarios.md");

/// Files that the guide shows, as `[folder/name, text]`.
fn files(kind: &str) -> Vec<(&'static str, &'static str)> {
    blocks(GUIDE, kind).filter_map(|block| Some((block.file()?, block.text))).collect()
}

fn library(more: &[(&str, &str)]) -> Arc<Library> {
    let source = |(path, text): &(&str, &str)| Source {
        name: path.trim_start_matches("scenarios/").trim_end_matches(".rhai").to_owned(),
        path: (*path).to_owned(),
        text: (*text).to_owned(),
        shipped: false,
    };
    Arc::new(Library::new(files("rhai").iter().chain(more).map(source), &[]))
}

fn load(library: &Arc<Library>, name: &str) -> Set {
    let no_names: &[overdub::scenario::Setting] = &[];
    Set::load(&Arc::new(Engine::default()), library, &[name], no_names)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_scenario_of_the_guide_loads() {
    let library = library(&[]);
    let names: Vec<String> = library.iter().map(|source| source.name.clone()).collect();
    assert!(names.len() > 12, "{names:?}");
    for name in names {
        let set = load(&library, &name);
        assert!(name.starts_with("lib/") || !set.handlers().is_empty(), "{name} registers nothing");
    }
}

#[test]
fn every_piece_of_a_script_in_the_guide_runs() {
    let pieces: Vec<Block> = blocks(GUIDE, "rhai").filter(|block| block.file().is_none()).collect();
    assert!(pieces.len() > 1);
    for piece in pieces {
        let is_handler = piece.text.contains("res.") || piece.text.contains("req.");
        let text = if is_handler {
            format!("on_response(\"* /**\", |req, res, state| {{\n{}}});", piece.text)
        } else {
            piece.text.to_owned()
        };
        let stage = crate::scenario::Stage::of(&text);
        if is_handler {
            let played =
                stage.play(&crate::scenario::request("GET", "/", ""), &crate::scenario::recorded("{}"));
            assert!(played.is_ok(), "line {}: {}", piece.line, played.unwrap_err());
        }
    }
}

#[test]
fn every_recipe_of_the_guide_plays_as_it_is_shown() {
    let project = Project::new();
    for (path, text) in files("rhai").into_iter().chain(files("yaml")) {
        project.write(path, text);
    }
    let mut shell = Shell::new(&project);
    let mut commands = 0;
    for block in blocks(GUIDE, "console") {
        for (command, shown) in block.commands() {
            let got = shell.run(command);
            assert_eq!(got, shown, "line {} of the guide: {command}", block.line);
            commands += 1;
        }
    }
    assert!(commands > 15, "{commands}");
    let log = shell.log();
    let accounts: Vec<_> =
        blocks(GUIDE, "text").filter(|block| block.text.starts_with("scenario ")).collect();
    assert!(!accounts.is_empty());
    for account in accounts {
        assert!(log.contains(account.text.trim_end()), "line {} of the guide is not in\n{log}", account.line);
    }
}

#[test]
fn the_links_of_the_guide_lead_somewhere() {
    let heading = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
        line.starts_with('#').then(|| kept.collect::<String>().replace(' ', "-"))
    };
    let link = regex::Regex::new(r"\]\(([^)]+)\)").unwrap();
    for target in link.captures_iter(GUIDE).map(|found| found.get(1).unwrap().as_str()) {
        if target.contains("://") {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(path);
        assert!(path.is_empty() || file.exists(), "{target}");
        let text = if path.is_empty() { GUIDE.to_owned() } else { std::fs::read_to_string(&file).unwrap() };
        let anchors: Vec<String> = text.lines().filter_map(heading).collect();
        assert!(anchor.is_empty() || anchors.iter().any(|own| own == anchor), "{target}");
    }
}
