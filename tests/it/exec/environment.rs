//! What the command finds in its environment.

use std::collections::BTreeMap;

use super::project;
use crate::support::overdub::Project;

/// The variables of a command, without those that it would have had anyway.
pub(super) fn variables(
    project: &Project,
    args: &[&str],
    caller: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let mut command = project.command(&[&["exec", "-c", "run"], args, &["--", "env"]].concat());
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("a path"));
    command.env("XDG_DATA_HOME", project.path("data")).envs(caller.iter().copied());
    let output = command.output().expect("the binary");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let all = text.lines().filter_map(|line| line.split_once('='));
    let all = all.filter(|(name, _)| !["PATH", "XDG_DATA_HOME", "PWD", "_", "SHLVL"].contains(name));
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn plain_http_needs_no_certificates() {
    let set = variables(&project(), &[], &[]);
    let names: Vec<_> = set.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "OKTA_CLIENT_ORGURL",
            "OKTA_CLIENT_TOKEN",
            "OKTA_TESTING_DISABLE_HTTPS_CHECK",
            "OKTA_TESTING_TESTINGDISABLEHTTPSCHECK",
            "OVERDUB_ADMIN_URL",
            "OVERDUB_URL"
        ]
    );
    assert_eq!(set["OKTA_CLIENT_ORGURL"], set["OVERDUB_URL"]);
    assert!(set["OVERDUB_URL"].starts_with("http://127.0.0.1:"), "{set:?}");
}

#[test]
fn tls_comes_with_what_clients_trust() {
    let project = project();
    let set = variables(&project, &["--tls"], &[]);
    assert!(set["OKTA_CLIENT_ORGURL"].starts_with("https://127.0.0.1:"), "{set:?}");
    assert!(!set.contains_key("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"), "{set:?}");
    let own = project.read("data/overdub/ca/ca.pem");
    assert_eq!(std::fs::read_to_string(&set["NODE_EXTRA_CA_CERTS"]).expect("a file"), own);
    let bundle = &set["SSL_CERT_FILE"];
    assert_eq!((bundle, bundle), (&set["REQUESTS_CA_BUNDLE"], &set["CURL_CA_BUNDLE"]));
    assert!(std::fs::read_to_string(bundle).expect("a file").ends_with(&own));
    assert_eq!(&variables(&project, &["--tls"], &[])["SSL_CERT_FILE"], bundle, "one file serves all runs");
}

#[test]
fn who_trusts_others_goes_on_to_do_so() {
    let project = project();
    variables(&project, &["--tls"], &[]);
    let company = project.read("data/overdub/ca/ca.pem");
    let other = project_with_ca();
    other.write("company.pem", &company);
    let file = other.path("company.pem").display().to_string();
    let set = variables(&other, &["--tls"], &[("REQUESTS_CA_BUNDLE", &file), ("NODE_EXTRA_CA_CERTS", &file)]);
    for name in ["REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] {
        let trusted = std::fs::read_to_string(&set[name]).expect("a file");
        assert!(trusted.contains(&company), "{name}");
        assert!(trusted.contains(&other.read("data/overdub/ca/ca.pem")), "{name}");
    }
}

fn project_with_ca() -> Project {
    let project = project();
    variables(&project, &["--tls"], &[]);
    project
}

#[test]
fn a_forward_proxy_is_named_and_the_org_is_the_client_s_own() {
    let set = variables(&project(), &["--forward"], &[("OKTA_CLIENT_ORGURL", "https://dev.okta.com")]);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
        assert_eq!(set[name], set["OVERDUB_URL"]);
    }
    assert_eq!(set["OKTA_CLIENT_ORGURL"], "https://dev.okta.com");
    assert_eq!(set["NO_PROXY"], "127.0.0.1,localhost");
    assert!(set.contains_key("SSL_CERT_FILE"), "{set:?}");
}

#[test]
fn other_stacks_are_set_up_by_hand() {
    let flags =
        ["--forward", "--env", "A={url} {port}", "--env", "B={host}", "--env", "C={ca} {proxy} {admin} {x}"];
    let set = variables(&project(), &flags, &[]);
    let url = &set["OVERDUB_URL"];
    let host = url.trim_start_matches("http://");
    let port = host.trim_start_matches("127.0.0.1:");
    assert_eq!((&*set["A"], &*set["B"]), (&*format!("{url} {port}"), host));
    let (ca, admin) = (&set["NODE_EXTRA_CA_CERTS"], &set["OVERDUB_ADMIN_URL"]);
    assert_eq!(set["C"], format!("{ca} {url} {admin} {{x}}"));
}

#[test]
fn the_command_s_settings_do_not_become_those_of_an_overdub_in_it() {
    let project = project();
    let inner = ["exec", "-c", "run", "--", env!("CARGO_BIN_EXE_overdub"), "exec", "-c", "run", "--", "true"];
    let (code, _, told) = project.run(&inner);
    assert_eq!(code, 0, "{told}");
}
