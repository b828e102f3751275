//! `overdub cassette audit` from outside: what it prints, and how it ends.

use crate::support::overdub::Project;

const LEAKY: &str = "\
interactions:
- request:
    headers:
      Authorization: [SSWS 00jgWb5Qd7SCzAOMLok03pa8TVyeicsamCMNcWY2Ii]
    uri: https://dev-195921.okta.com/api/v1/users?search=ada%40corp.io
  response:
    body: {string: '{\"email\":\"ada@corp.io\",\"credentials\":{\"password\":{\"value\":\"hunter2\"}}}'}
    headers:
      Location: ['https://dev-195921.okta.com/api/v1/users/1']
      Link: ['<https://dev-195921.okta.com/api/v1/users>; rel=\"self\"']
";

const CLEAN: &str = "overdub: 1\nupstream: https://okta.overdub.test\n...\n";

fn audit(project: &Project, args: &[&str]) -> String {
    let (code, stdout, stderr) = project.run(&[&["cassette", "audit"], args].concat());
    format!("{stdout}{stderr}exit code {code}")
}

#[test]
fn leaks_are_told_with_their_place_and_without_themselves() {
    let project = Project::new();
    project.write("recordings/a.yaml", CLEAN);
    project.write("recordings/sub/b.yml", LEAKY);
    insta::assert_snapshot!(audit(&project, &[]), @r#"
    recordings/sub/b.yml:4:23: authorization: SSWS… (47 characters)
    recordings/sub/b.yml:5:18: okta-org-host: dev-… (19 characters) ×3, also on lines 9, 10
    recordings/sub/b.yml:5:58: email: ad… (11 characters) ×2, also on line 7
    recordings/sub/b.yml:7:80: password: h… (7 characters)
    7 leaks in 1 of 2 files: authorization 1 in 1 file, password 1 in 1 file, okta-org-host 3 in 1 file, email 2 in 1 file
    error: 7 leaks in 1 file; `overdub cassette audit --rules` says what to do about each kind
    exit code 1
    "#);
}

#[test]
fn a_report_can_be_json() {
    let project = Project::new();
    project.write("one.har", "{\"name\": \"Authorization\",\n \"value\": \"SSWS s3cret\"}");
    project.write("logo.png", [0x89, b'P', b'N', b'G', 0, 0]);
    insta::assert_snapshot!(audit(&project, &["--json", "one.har", "logo.png"]), @r#"
    {
      "files": 1,
      "binary": [
        "logo.png"
      ],
      "rules": {
        "authorization": {
          "hits": 1,
          "files": 1
        }
      },
      "hits": [
        {
          "file": "one.har",
          "line": 2,
          "column": 12,
          "rule": "authorization",
          "masked": "SS… (11 characters)"
        }
      ]
    }
    error: 1 leak in 1 file; `overdub cassette audit --rules` says what to do about each kind
    exit code 1
    "#);
}

#[test]
fn a_clean_directory_ends_well() {
    let project = Project::new();
    project.write("recordings/a.yaml", CLEAN);
    project.write("recordings/.hidden/b.yaml", LEAKY);
    project.write("recordings/image.bin", [0, 1, 2]);
    insta::assert_snapshot!(audit(&project, &[]), @r#"
    no leaks in 1 file (1 file left out: binary)
    exit code 0
    "#);
    insta::assert_snapshot!(audit(&project, &["--json"]), @r#"
    {
      "files": 1,
      "binary": [
        "recordings/image.bin"
      ],
      "rules": {},
      "hits": []
    }
    exit code 0
    "#);
    assert!(
        audit(&project, &["recordings/.hidden"]).ends_with("exit code 1"),
        "what is named is looked through"
    );
}

#[test]
fn all_that_cannot_be_read_is_told() {
    let project = Project::new();
    project.write("leaky.yaml", LEAKY);
    insta::assert_snapshot!(audit(&project, &["none.yaml", "leaky.yaml", "neither"]), @r#"
    leaky.yaml:4:23: authorization: SSWS… (47 characters)
    leaky.yaml:5:18: okta-org-host: dev-… (19 characters) ×3, also on lines 9, 10
    leaky.yaml:5:58: email: ad… (11 characters) ×2, also on line 7
    leaky.yaml:7:80: password: h… (7 characters)
    7 leaks in 1 of 1 file: authorization 1 in 1 file, password 1 in 1 file, okta-org-host 3 in 1 file, email 2 in 1 file
    error: none.yaml: cannot be read: No such file or directory (os error 2)
    error: neither: cannot be read: No such file or directory (os error 2)
    exit code 2
    "#);
    insta::assert_snapshot!(audit(&project, &[]), @r#"
    error: there is no directory recordings here; name the files or directories to look through
    exit code 2
    "#);
    insta::assert_snapshot!(audit(&project, &["--rules", "leaky.yaml"]), @r#"
    error: the argument '--rules' cannot be used with '[PATH]...'

    Usage: overdub cassette audit --rules [PATH]...

    For more information, try '--help'.
    exit code 2
    "#);
}

#[test]
fn a_gzipped_file_is_unpacked() {
    let project = Project::new();
    let gzipped = overdub::http::Coding::Gzip.encode(b"x\nlogin: ada@corp.io\n");
    project.write("log.gz", &gzipped[..]);
    insta::assert_snapshot!(audit(&project, &["log.gz"]), @r#"
    log.gz:2:8: email: ad… (11 characters)
    1 leak in 1 of 1 file: email 1 in 1 file
    error: 1 leak in 1 file; `overdub cassette audit --rules` says what to do about each kind
    exit code 1
    "#);
}

#[test]
fn a_file_that_is_named_twice_is_looked_through_once() {
    let project = Project::new();
    project.write("recordings/a.yaml", "login: ada@corp.io");
    assert!(audit(&project, &["recordings", "./recordings/a.yaml"]).contains("1 leak in 1 of 1 file"));
}

#[test]
fn rules_are_listed() {
    insta::assert_snapshot!(audit(&Project::new(), &["--rules"]), @r#"
    private-key
        finds  a private key in PEM, also with escaped line breaks
        to do  make a new key pair where the old one counted, and replace the key in the file
    jwk-private-member
        finds  a private member of a JSON Web Key: d, p, q, dp, dq, qi or k (RFC 7518 section 6)
        to do  make a new key, and leave the private members out of the file
    authorization
        finds  SSWS, Bearer, DPoP or Basic credentials, in Authorization headers or anywhere else
        to do  revoke the token or change the password, and drop the header
    basic-auth-in-url
        finds  a password in a URL, as in https://user:password@host/
        to do  change the password, and take it out of the URL
    client-secret
        finds  an OAuth client's secret
        to do  rotate the secret in the app's settings, and replace it in the file
    password
        finds  a password in JSON, a form or a query (oldPassword, credentials.password.value …), or the salt of its hash
        to do  change the password if the account is real, and replace it in the file
    pass-code
        finds  a one-time passcode or activation code that a client sent
        to do  it is used up, but tells a shared secret's place in time: replace it by 000001
    security-answer
        finds  the answer to a security or recovery question
        to do  change the answer if the account is real, and replace it in the file
    shared-secret
        finds  the seed of one-time passcodes: sharedSecret, or secret= in an otpauth link
        to do  enroll the factor again, and replace the seed in the file
    okta-token
        finds  a state, session, activation or recovery token, also in activation, password and QR code links
        to do  it dies by itself within hours or days; replace it in the file
    oauth-token
        finds  an OAuth token, code or assertion: access_token, refresh_token, id_token, code, client_assertion
        to do  revoke the token, and replace it in the file
    session-cookie
        finds  a cookie that opens a session or identifies a browser: sid, idx, JSESSIONID, xids, DT and the like
        to do  end the session if it is young, and replace the value by `redacted`
    webauthn
        finds  what an authenticator signed or attested: clientData, signatureData, attestation and the like
        to do  replace it in the file: it identifies a person's device
    ssws-token
        finds  an Okta API token, or a state token of the same form: 00 and 40 letters or digits
        to do  revoke the token in the org's settings, and replace it in the file
    jwt
        finds  a signed JSON Web Token
        to do  revoke the token, and replace its signature by `redacted` or the whole token
    okta-org-host
        finds  the host of a real org (its -admin twin too) under okta.com, oktapreview.com, okta-emea.com, okta-gov.com …
        to do  replace it by a host under .test, as okta.overdub.test
    email
        finds  an email address that could be somebody's
        to do  replace it by one at example.test
    phone
        finds  a phone number: in a field of that name, or written with + and a country code
        to do  replace it by one of those that nobody has: +1555010 and four digits
    token-shaped
        finds  a random string in a field whose name ends like a secret's: token, secret, api key, secret key
        to do  find out what it opens; revoke it, and replace it in the file
    exit code 0
    "#);
}

#[test]
fn rules_are_listed_as_json() {
    let (code, stdout, _) = Project::new().run(&["cassette", "audit", "--rules", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 0);
    assert_eq!(listed["rules"].as_array().map(Vec::len), Some(overdub::audit::RULES.len()));
}

#[test]
fn help_says_how_to_ask() {
    let (code, stdout, _) = Project::new().run(&["cassette", "audit", "-h"]);
    assert_eq!(code, 0);
    let asked = stdout.split("Logging:").next().unwrap_or_default();
    insta::assert_snapshot!(asked, @r#"
    Look for secrets and personal values in files of any kind. Exit code 1 when there are some

    Usage: overdub cassette audit [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Files, and directories with all that is below them; hidden and binary files there are
                 left out. [default: recordings]

    Options:
          --json                Print one JSON object: every hit, and how many there are by rule
          --rules               List what is looked for, and what to do about a hit, instead of looking
          --config <FILE|none>  Read settings from this file, as `FLAG: VALUE` lines; `none` reads no
                                file. Flags and variables go before it, and --no-FLAG turns off what it
                                turns on. [default: overdub.yaml, if it is there] [env: OVERDUB_CONFIG=]
      -h, --help                Print help
      -V, --version             Print version
    "#);
}

#[test]
fn what_a_cassette_declares_as_a_stand_in_is_no_leak_in_it() {
    let project = Project::new();
    let cassette = |stand_ins: &str| {
        format!(
            "{CLEAN}---\nrequest:\n  method: POST\n  url: /a\n  body:\n    json:\n      password: Hunter-2\n{stand_ins}\
             response:\n  status: 200\n...\n"
        )
    };
    project.write("recordings/a.yaml", cassette("stand_ins:\n  Hunter-2: password\n"));
    assert!(audit(&project, &[]).ends_with("no leaks in 1 file\nexit code 0"));
    project.write("recordings/b.yaml", cassette(""));
    let found = audit(&project, &[]);
    assert!(
        found.starts_with("recordings/b.yaml:10:17: password: ") && found.ends_with("exit code 1"),
        "{found}"
    );
}

#[test]
fn the_shipped_recordings_have_no_leaks() {
    let recordings = concat!(env!("CARGO_MANIFEST_DIR"), "/recordings");
    let found = audit(&Project::new(), &[recordings]);
    assert!(found.starts_with("no leaks in ") && found.ends_with("exit code 0"), "{found}");
}
