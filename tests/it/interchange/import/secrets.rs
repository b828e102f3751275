//! What is secret in a recording is replaced, and so passes the leak scan.

use crate::support::overdub::Project;

/// The cassette that an exchange with this JSON becomes, and what is said on stderr; it has to be without leaks.
fn redacted(json: &str) -> String {
    let project = Project::new();
    let file = format!(
        "interactions:\n- request:\n    body: '{json}'\n    headers: {{Content-Type: [application/json]}}\n    method: POST\n    \
         uri: https://acme.okta.com/api/v1/inlineHooks\n  response:\n    body: {{string: '{json}'}}\n    \
         headers: {{Content-Type: [application/json]}}\n    status: {{code: 200, message: OK}}\nversion: 1\n"
    );
    project.write("a.yaml", file);
    let (code, stdout, stderr) = project.run(&["cassette", "import", "a.yaml", "-o", "out.yaml"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    project.read("out.yaml")
}

#[test]
fn a_value_beside_the_name_of_a_header_with_credentials_is_one() {
    for (name, value) in
        [("Authorization", "secret"), ("authorization", "some_secret_UPDATED"), ("x-api-key", "q7")]
    {
        let own =
            redacted(&format!(r#"{{"authScheme":{{"key":"{name}","type":"HEADER","value":"{value}"}}}}"#));
        assert!(!own.contains(&format!("value: {value}")) && own.contains("value: redacted-"), "{own}");
        // Whichever of both comes first.
        let own = redacted(&format!(r#"{{"headers":[{{"value":"{value}","name":"{name}"}}]}}"#));
        assert!(own.contains("value: redacted-"), "{own}");
    }
    let own = redacted(r#"{"headers":[{"key":"custom_key","value":"custom_val"}]}"#);
    assert!(own.contains("value: custom_val"), "{own}");
}

#[test]
fn the_key_of_an_authenticator_app_is_one() {
    let own = redacted(r#"{"profile":{"authenticatorAppKey":"C1A3CED7-2009-4CCE-BEF4-034278790828"}}"#);
    assert!(own.contains("authenticatorAppKey: redacted-secret-1"), "{own}");
}
