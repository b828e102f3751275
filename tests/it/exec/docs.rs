//! `docs/ci.md` says what is so.

use std::collections::BTreeSet;
use std::ffi::OsString;

use overdub::config::CommandLine;
use serde_json::Value;

use super::{environment, project};

const DOCS: &str = include_str!("../../../docs/ci.md");

/// The rows of the table that comes first behind a heading: their cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = DOCS.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The words in backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_command_can_be_typed() {
    let found = regex::Regex::new(r"overdub (exec|replay)[^`\n]*").expect("a pattern");
    let commands: Vec<_> =
        found.find_iter(DOCS).map(|own| own.as_str()).filter(|own| own.contains("--")).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let typed = std::iter::once("overdub").chain(command.split_whitespace().skip(1));
        let typed = ["--config", "none"].into_iter().chain(typed.skip(1));
        let line = std::iter::once("overdub").chain(typed).map(OsString::from);
        if let Err(error) = CommandLine::of(line).read() {
            panic!("{command}: {error:?}");
        }
    }
}

#[test]
fn the_tables_of_checks_and_keys_are_whole() {
    let project = project();
    project.run(&["exec", "--report", "json=run.json", "--", "true"]);
    let report: Value = serde_json::from_str(&project.read("run.json")).expect("JSON");
    let checks: Vec<_> =
        report["checks"].as_array().expect("checks").iter().map(|own| own["name"].as_str()).collect();
    let told: Vec<_> = table("What fails").iter().map(|row| words(row[0]).next()).collect();
    assert_eq!(told, checks);
    let keys: Vec<_> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let told: Vec<_> = table("The JSON report").iter().flat_map(|row| words(row[0])).collect();
    assert_eq!(told, keys);
}

#[test]
fn the_table_of_variables_is_whole() {
    let told: BTreeSet<_> =
        table("What the command finds").iter().flat_map(|row| words(row[0])).map(str::to_owned).collect();
    let project = project();
    let plain = environment::variables(&project, &[], &[]);
    let forward = environment::variables(&project, &["--forward", "--tls"], &[]);
    let set: BTreeSet<_> = plain.into_keys().chain(forward.into_keys()).collect();
    assert_eq!(told, set);
}

#[test]
fn its_settings_are_understood() {
    let (_, block) = DOCS.split_once("```yaml\nexec:").expect("the block");
    let (settings, _) = block.split_once("```").expect("its end");
    let project = project();
    project.write("overdub.yaml", format!("exec:{settings}").replace("sms", "run"));
    let (code, domain, told) = project.run(&["exec", "--", "sh", "-c", "echo $AUTH0_DOMAIN"]);
    assert!(domain.starts_with("127.0.0.1:"), "{domain}");
    assert!(code == 1 && told.contains("3 of 3 recordings unused"), "{told}");
    assert!(project.path("reports/overdub.xml").exists());
}
