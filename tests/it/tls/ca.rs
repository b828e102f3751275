//! The local CA: made once, kept, and never lost without a word.

use std::collections::BTreeSet;
use std::process::Stdio;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::GeneralName;

use crate::support::overdub::Project;
use crate::support::secure::{address, secured, trusting};
use crate::support::wire::Client;

const PEM: &str = "data/overdub/ca/ca.pem";
const KEY: &str = "data/overdub/ca/ca.key";

/// What `overdub ca …` prints; it goes well.
fn ca(project: &Project, args: &[&str]) -> String {
    let (code, stdout, stderr) = project.run(&[&["ca"], args].concat());
    assert_eq!(code, 0, "{stderr}");
    stdout
}

#[test]
fn the_path_is_printed_and_the_ca_is_made_once() {
    let project = Project::new();
    assert_eq!(ca(&project, &["path"]), format!("{PEM}\n"));
    let (first, key) = (project.read(PEM), project.read(KEY));
    assert!(first.starts_with("-----BEGIN CERTIFICATE-----\n"), "{first}");
    assert_eq!(ca(&project, &["path"]), format!("{PEM}\n"));
    assert_eq!((project.read(PEM), project.read(KEY)), (first, key));
}

#[cfg(unix)]
#[test]
fn an_empty_directory_is_as_good_as_none() {
    for command in ["path", "new"] {
        let project = Project::new();
        std::fs::create_dir_all(project.path("data/overdub/ca")).unwrap();
        assert_eq!(ca(&project, &[command]), format!("{PEM}\n"));
        assert_eq!(project.list("data/overdub"), ["ca"]);
    }
}

#[test]
fn nobody_else_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    ca(&project, &["path"]);
    let mode = |name| project.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data/overdub/ca"), mode(KEY)), (0o700, 0o600));
}

#[test]
fn processes_that_come_first_at_once_get_the_same_ca() {
    let project = Project::new();
    let export = || project.command(&["ca", "export"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let running: Vec<_> = (0..8).map(|_| export().unwrap()).collect();
    let printed: BTreeSet<_> =
        running.into_iter().map(|child| child.wait_with_output().unwrap().stdout).collect();
    assert_eq!(printed.len(), 1);
    assert_eq!(printed.into_iter().next().unwrap(), project.read(PEM).into_bytes());
    assert_eq!(project.list("data/overdub"), ["ca"], "nothing is left over");
}

#[test]
fn the_certificate_is_what_strict_clients_ask_of_a_ca() {
    let project = Project::new();
    ca(&project, &["path"]);
    let der = CertificateDer::from_pem_file(project.path(PEM)).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let constraints = parsed.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    let usage = parsed.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.key_cert_sign());
    let identifier = x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER;
    assert!(parsed.get_extension_unique(&identifier).unwrap().is_some());
    assert!(parsed.name_constraints().unwrap().is_none());
    assert!(parsed.validity().time_to_expiration().unwrap().whole_days() > 3000);
}

#[test]
fn the_certificate_can_be_written_out() {
    let project = Project::new();
    let pem = ca(&project, &["export"]);
    assert_eq!(pem, project.read(PEM));
    assert_eq!(ca(&project, &["export", "-o", "out.der", "--format", "der"]), "");
    let der = std::fs::read(project.path("out.der")).unwrap();
    assert_eq!(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().as_ref(), der);
    insta::assert_snapshot!(project.fails(&["ca", "export", "-o", "nowhere/out.pem"]), @r#"
    exit code 2
    error: -o nowhere/out.pem: No such file or directory (os error 2); name a file that can be written
    "#);
}

#[test]
fn a_ca_is_replaced_only_by_force() {
    let project = Project::new();
    assert_eq!(ca(&project, &["new"]), format!("{PEM}\n"));
    let first = project.read(PEM);
    insta::assert_snapshot!(project.fails(&["ca", "new"]), @r#"
    exit code 2
    error: data/overdub/ca/ca.pem exists; --force replaces it, and clients must then be told to trust the new one
    "#);
    assert_eq!(project.read(PEM), first);
    assert_eq!(ca(&project, &["new", "--force"]), format!("{PEM}\n"));
    assert_ne!(project.read(PEM), first);
    assert_eq!(project.list("data/overdub"), ["ca"]);
    assert_eq!(project.list("data/overdub/ca"), ["ca.key", "ca.pem"]);
}

#[test]
fn a_ca_that_cannot_be_used_is_told_and_left_alone() {
    let project = Project::new();
    ca(&project, &["path"]);
    let (good, key) = (project.read(PEM), project.read(KEY));
    let other = Project::new();
    ca(&other, &["path"]);
    let told = |pem: &str, key: &str| {
        project.write(PEM, pem);
        project.write(KEY, key);
        let told = project.fails(&["ca", "path"]);
        assert_eq!((project.read(PEM).as_str(), project.read(KEY).as_str()), (pem, key), "left alone");
        told
    };
    insta::assert_snapshot!(told("", &key), @r#"
    exit code 2
    error: data/overdub/ca/ca.pem: holds no certificate; `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
    insta::assert_snapshot!(told(&good.replace("\nMII", "\nAAA"), &key), @r#"
    exit code 2
    error: data/overdub/ca/ca.pem: is no X.509 certificate; `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
    insta::assert_snapshot!(told(include_str!("../record/tls/cert.pem"), &key), @r#"
    exit code 2
    error: data/overdub/ca/ca.pem: is no CA's certificate; `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
    insta::assert_snapshot!(told(&good, "no key"), @r#"
    exit code 2
    error: data/overdub/ca/ca.key: is no private key (PEM); `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
    insta::assert_snapshot!(told(&good, &other.read(KEY)), @r#"
    exit code 2
    error: data/overdub/ca/ca.key: is not the key of data/overdub/ca/ca.pem; `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
    project.write(PEM, &good);
    std::fs::remove_file(project.path(KEY)).unwrap();
    insta::assert_snapshot!(project.fails(&["ca", "path"]), @r#"
    exit code 2
    error: data/overdub/ca/ca.key: No such file or directory (os error 2); `overdub ca new --force` makes a new CA, which clients must be told to trust
    "#);
}

#[test]
fn a_constrained_ca_vouches_for_its_hosts_and_this_machine_alone() {
    let project = Project::new();
    ca(&project, &["new", "--allow-host", "*.okta.com,10.0.0.1:8443", "--allow-host", "org.test"]);
    let der = CertificateDer::from_pem_file(project.path(PEM)).unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let constraints = parsed.name_constraints().unwrap().unwrap();
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => {
            let (own, mask) = bytes.split_at(bytes.len() / 2);
            assert!(mask.iter().all(|&byte| byte == 0xff), "one address");
            address(own)
        }
        other => panic!("{other:?}"),
    };
    let permitted = constraints.value.permitted_subtrees.as_ref().unwrap();
    let permitted: Vec<_> = permitted.iter().map(|subtree| name(&subtree.base)).collect();
    assert!(constraints.critical);
    assert_eq!(permitted, ["okta.com", "org.test", "localhost", "10.0.0.1", "127.0.0.1", "::1"]);

    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["replay", "--tls"]);
    let config = trusting(&project.path(PEM), &[]);
    let shake = |name| secured(Client::to(player.address).into_stream(), name, &config).map(drop);
    for name in ["a.okta.com", "org.test", "127.0.0.1", "localhost"] {
        assert!(shake(name).is_ok(), "{name}");
    }
    assert!(shake("evil.test").unwrap_err().to_string().contains("NameConstraintViolation"));
}

#[test]
fn hosts_that_are_none_and_directories_that_are_none_are_told() {
    let project = Project::new();
    insta::assert_snapshot!(project.fails(&["ca", "new", "--allow-host", "https://org.okta.com"]), @r#"
    exit code 2
    error: --allow-host: `https://org.okta.com` is more than a host; write HOST or HOST:PORT, as org.okta.com, *.okta.com, 127.0.0.1:8080 or [::1]:8080
    "#);
    project.write("data", "a file");
    insta::assert_snapshot!(project.fails(&["ca", "path"]), @r#"
    exit code 2
    error: cannot write the local CA to data/overdub: Not a directory (os error 20); set XDG_DATA_HOME to a directory that can be written
    "#);
}

#[test]
fn no_ca_is_made_where_none_is_needed() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    project.replay();
    assert!(!project.path("data").exists());
}
