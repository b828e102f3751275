//! There and back: an export that is imported is the cassette that it was made of, byte for byte.

use crate::cassette_command::ODD;
use crate::support::overdub::Project;

#[test]
fn an_export_is_imported_as_the_cassette_it_was() {
    let project = Project::new();
    project.write("recordings/odd.yaml", ODD);
    for name in ["odd", "okta-sms", "okta-push", "push-enroll-poll", "sms-remembered-verification"] {
        let said = project.run(&["cassette", "show", name, "--json"]).1;
        for (format, ending) in [("har", "har"), ("vcrpy", "yaml"), ("go-vcr", "yaml")] {
            let (out, back) = (format!("{format}/{name}.{ending}"), format!("back/{format}/{name}.yaml"));
            project.run(&["cassette", "export", name, "--to", format, "-o", &out]);
            let (code, _, stderr) =
                project.run(&["cassette", "import", &out, "-o", &back, "--redact", "off"]);
            assert_eq!(code, 0, "{name} by {format}: {stderr}");
            assert_eq!(
                without_places(&project.run(&["cassette", "show", &back, "--json"]).1),
                without_places(&said)
            );
        }
        // Whichever way it went, the same text comes of it.
        let text = |format: &str| project.read(&format!("back/{format}/{name}.yaml"));
        assert_eq!((text("har"), text("vcrpy")), (text("vcrpy"), text("go-vcr")), "{name}");
    }
}

/// What a cassette says, whichever file it stands in.
fn without_places(shown: &str) -> serde_json::Value {
    let mut shown: serde_json::Value = serde_json::from_str(shown).unwrap();
    for place in ["path", "name"] {
        shown.as_object_mut().unwrap().remove(place);
    }
    for own in shown["interactions"].as_array_mut().unwrap() {
        own.as_object_mut().unwrap().remove("line");
    }
    shown
}
