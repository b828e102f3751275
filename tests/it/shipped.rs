//! The recordings that ship: they play, they hold no secret, and today's come out of the sandbox as they are.

use std::path::Path;

use overdub::cassette::{self, Cassette, Interaction, RequestBody};
use overdub::replay::ReplayOptions;
use overdub::shipped::SHIPPED;

use crate::support::overdub::Project;
use crate::support::tape::{Client, shown};

fn shipped(name: &str) -> Cassette {
    let found = cassette::find(&[name.to_owned()], Path::new("nowhere"), SHIPPED).unwrap();
    cassette::load_all(&found, cassette::CutOff::Refuse).unwrap().pop().unwrap()
}

/// Asks what was asked and compares with what was recorded.
fn assert_plays(client: &Client, own: &Interaction, name: &str) {
    let body = match &own.request.body {
        RequestBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        RequestBody::Empty | RequestBody::Unrecorded => String::new(),
    };
    let answer = client.ask(&format!("{} {} {body}", own.request.method, own.request.url));
    let recorded = own.response.body.as_ref().map(|body| &body.bytes[..]).unwrap_or_default();
    assert_eq!(answer, shown(own.response.status, recorded), "{name}:{}", own.line);
}

#[test]
fn every_shipped_recording_plays_in_its_own_order_to_the_byte() {
    for (name, _) in SHIPPED {
        let tape = shipped(name);
        let verbatim = ReplayOptions { rewrite_links: false, ..ReplayOptions::default() };
        let client = Client::with(vec![tape.clone()], &verbatim);
        for own in &tape.interactions {
            assert_plays(&client, own, name);
        }
    }
}

#[test]
fn each_flow_plays_with_all_recordings_loaded_too() {
    let all: Vec<_> = SHIPPED.iter().map(|(name, _)| shipped(name)).collect();
    let verbatim = ReplayOptions { rewrite_links: false, ..ReplayOptions::default() };
    let client = Client::with(all.clone(), &verbatim);
    // This one shares all its requests with another, and has to be asked for.
    for tape in all.iter().filter(|tape| tape.name != "push-enroll-poll-expired") {
        client.reset();
        for own in &tape.interactions {
            assert_plays(&client, own, &tape.name);
        }
    }
}

#[test]
fn all_files_in_recordings_ship_under_their_own_names() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<_> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn the_published_flows_hold_what_makes_them_worth_keeping() {
    let statuses = |name: &str| {
        shipped(name).interactions.iter().map(|own| own.response.status.as_u16()).collect::<Vec<_>>()
    };
    assert_eq!(statuses("sms-remembered-verification"), [200, 200, 200, 200, 204, 200]);
    assert_eq!(statuses("totp-enroll-activate-verify"), [301, 202, 200]);
    assert_eq!(statuses("push-enroll-poll"), [301, 200, 200]);
    let bodies = |name: &str| {
        let tape = shipped(name);
        let text = |body: &cassette::Body| String::from_utf8(body.bytes.to_vec()).unwrap();
        tape.interactions
            .iter()
            .map(|own| own.response.body.as_ref().map(text).unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let sms = bodies("sms-remembered-verification");
    assert!(sms[2].contains("PENDING_ACTIVATION") && sms[5].contains("\"ACTIVE\""), "one POST, two answers");
    let totp = &bodies("totp-enroll-activate-verify")[0];
    assert!(totp.contains("\"appStore\":<link-to-app>,"), "kept although it is not valid JSON");
    assert!(bodies("push-enroll-poll-expired").last().unwrap().contains("\" EXPIRED\""));
}

#[test]
fn the_demo_passes_and_records_the_shipped_cassettes_times_aside() {
    let project = Project::new();
    let (code, told, errors) = project.run(&["demo", "--dir", "cassettes"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{told}");
    assert!(told.contains("9 of  9 answers  same"), "{told}");
    for name in ["okta-sms", "okta-totp", "okta-push", "okta-question"] {
        let recorded = project.read(&format!("cassettes/{name}.yaml"));
        let shipped = SHIPPED.iter().find(|(own, _)| *own == name).unwrap().1;
        assert_eq!(without_times(&recorded), without_times(shipped), "{name}");
    }
}

/// A cassette's text without the lines that tell when, how long and by which version.
fn without_times(text: &str) -> Vec<&str> {
    let varies = |line: &str| ["at: ", "took: ", "recorded_with: "].iter().any(|key| line.starts_with(key));
    text.lines().filter(|line| !varies(line)).collect()
}
