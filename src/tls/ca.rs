//! The local certificate authority: two files in a directory of the user's, made once and kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use etcetera::BaseStrategy as _;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use time::OffsetDateTime;

use crate::clock::{Clock, Timestamp};
use crate::http::HostPattern;

/// How long a new CA is good for.
const LIFE: Duration = Duration::from_hours(10 * 365 * 24);

/// How far before its making a CA is good: clocks of containers and devices differ.
const BEFORE: Duration = Duration::from_hours(24);

/// The certificate's file, which clients are given.
const CERTIFICATE: &str = "ca.pem";

/// The private key's file, which nobody is given.
const KEY: &str = "ca.key";

/// A certificate authority that signs for this machine's proxies only.
#[derive(Debug)]
pub struct Ca {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// Why there is no CA.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The user has no home directory.
    #[error("cannot tell where to keep the local CA: set XDG_DATA_HOME or HOME ({0})")]
    NoHome(#[from] etcetera::HomeDirError),
    /// A file of the CA's cannot be read or is not what it should be.
    #[error(
        "{path}: {problem}; `overdub ca new --force` makes a new CA, which clients must be told to trust"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is one already.
    #[error("{0} exists; --force replaces it, and clients must then be told to trust the new one")]
    Exists(PathBuf),
    /// It could not be written.
    #[error(
        "cannot write the local CA to {path}: {error}; set XDG_DATA_HOME to a directory that can be written"
    )]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// No certificate could be made.
    #[error("cannot make a CA certificate: {0}")]
    Make(#[from] rcgen::Error),
}

impl Ca {
    /// Where the CA is kept: `$XDG_DATA_HOME/overdub/ca`, else `~/.local/share/overdub/ca` (XDG Base Directory
    /// Specification 0.8); on Windows below the roaming application data.
    ///
    /// # Errors
    /// When the user has no home directory.
    pub fn directory() -> Result<PathBuf, CaError> {
        Ok(etcetera::choose_base_strategy()?.data_dir().join("overdub").join("ca"))
    }

    /// The CA kept in `dir`; one is made if there is none. Of several processes that come first at once, all get the
    /// same.
    ///
    /// # Errors
    /// When what is there cannot be used, or nothing can be written there.
    pub fn open(dir: &Path, clock: &Clock) -> Result<Self, CaError> {
        if is_free(dir) {
            let made = Draft::write(dir, &[], clock.now())?;
            if made.keep(dir)? {
                tracing::info!("made a local CA: {}", dir.join(CERTIFICATE).display());
            }
        }
        Self::load(dir, clock)
    }

    /// Makes a CA in `dir`, in place of the one that is there if `force`. With `only` it can vouch for these hosts and
    /// for this machine alone (RFC 5280 §4.2.1.10).
    ///
    /// # Errors
    /// When there is one and it must not be replaced, or nothing can be written there.
    pub fn create(dir: &Path, clock: &Clock, only: &[HostPattern], force: bool) -> Result<Self, CaError> {
        let exists = || CaError::Exists(dir.join(CERTIFICATE));
        if !is_free(dir) && !force {
            return Err(exists());
        }
        let made = Draft::write(dir, only, clock.now())?;
        let old = made.0.with_extension("old");
        if dir.exists() {
            fs::rename(dir, &old).map_err(|error| written(dir, error))?;
        }
        if !made.keep(dir)? {
            return Err(exists());
        }
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|error| written(&old, error))?;
        }
        Self::load(dir, clock)
    }

    fn load(dir: &Path, clock: &Clock) -> Result<Self, CaError> {
        let path = dir.join(CERTIFICATE);
        let key_path = dir.join(KEY);
        let certificate =
            CertificateDer::from_pem_file(&path).map_err(|error| broken(&path, pem_problem(&error)))?;
        let public_key = checked(&certificate, clock.now()).map_err(|problem| broken(&path, problem))?;
        let key = fs::read_to_string(&key_path).map_err(|error| broken(&key_path, error))?;
        let key = KeyPair::from_pem(&key).map_err(|_| broken(&key_path, "is no private key (PEM)"))?;
        if key.subject_public_key_info() != public_key {
            return Err(broken(&key_path, format_args!("is not the key of {}", path.display())));
        }
        warn_if_open(&key_path);
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|_| broken(&path, "is a certificate that cannot sign others"))?;
        Ok(Self { path, certificate, issuer })
    }

    /// The certificate's file: what clients are told to trust.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The certificate itself (DER).
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate as text (RFC 7468).
    pub fn pem(&self) -> String {
        pem_of(&self.certificate)
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }
}

/// A certificate as text (RFC 7468).
pub(super) fn pem_of(certificate: &[u8]) -> String {
    let lines = BASE64.encode(certificate);
    let lines: Vec<_> = lines.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// Whether there is nothing yet: no directory, or an empty one, which somebody has made beforehand.
fn is_free(dir: &Path) -> bool {
    fs::read_dir(dir).map_or_else(|_| !dir.exists(), |mut entries| entries.next().is_none())
}

fn broken(path: &Path, problem: impl std::fmt::Display) -> CaError {
    CaError::Broken { path: path.to_owned(), problem: problem.to_string() }
}

fn pem_problem(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "holds no certificate".to_owned(),
        pem::Error::Io(error) => error.to_string(),
        _ => "is no PEM file".to_owned(),
    }
}

/// Its public key, if the certificate is one that can sign others now.
fn checked(certificate: &CertificateDer<'_>, now: Timestamp) -> Result<Vec<u8>, String> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| "is no X.509 certificate".to_owned())?;
    if !parsed.is_ca() {
        return Err("is no CA's certificate".to_owned());
    }
    let ends = parsed.validity().not_after.timestamp();
    if ends <= now.as_second() {
        return Err(format!("expired on {}", parsed.validity().not_after));
    }
    Ok(parsed.public_key().raw.to_owned())
}

/// A CA that has been written beside the place where it belongs. All of it goes there at once, by one rename.
struct Draft(PathBuf);

impl Draft {
    fn write(dir: &Path, only: &[HostPattern], now: Timestamp) -> Result<Self, CaError> {
        let draft = Self(new_directory(dir)?);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(&key, only, now).self_signed(&key)?;
        draft.file(KEY, &key.serialize_pem(), 0o600)?;
        draft.file(CERTIFICATE, &certificate.pem(), 0o644)?;
        Ok(draft)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> Result<(), CaError> {
        let path = self.0.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let write = |mut file: File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        options.open(&path).and_then(write).map_err(|error| written(&path, error))
    }

    /// Puts it in its place; `false` if another one is there, which stays.
    fn keep(self, dir: &Path) -> Result<bool, CaError> {
        match fs::rename(&self.0, dir) {
            Ok(()) => Ok(true),
            // Which error tells it differs from system to system.
            Err(_) if dir.join(CERTIFICATE).exists() => Ok(false),
            Err(error) => Err(written(dir, error)),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone when it was kept.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A directory of its own beside `dir`, which only this user can open.
fn new_directory(dir: &Path) -> Result<PathBuf, CaError> {
    let parent = dir.parent().unwrap_or(dir);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(parent).map_err(|error| written(parent, error))?;
    builder.recursive(false);
    let mut number = 1;
    loop {
        let draft = parent.join(format!("ca-{}-{number}.new", std::process::id()));
        match builder.create(&draft) {
            Ok(()) => return Ok(draft),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(written(&draft, error)),
        }
    }
}

fn written(path: &Path, error: io::Error) -> CaError {
    CaError::Write { path: path.to_owned(), error }
}

/// What the certificate says. OpenSSL's strict checks, which Python 3.13 switches on, want the key's use, its identifier
/// and critical basic constraints.
fn params(key: &KeyPair, only: &[HostPattern], now: Timestamp) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "overdub");
    let mut params = CertificateParams::default();
    // Two of them must not have one name: a client that trusts the older one would try its key.
    let mut id = params.key_identifier(key);
    id.truncate(4);
    let id = HEXLOWER.encode(&id);
    name.push(DnType::CommonName, format!("overdub local CA {} {id}", now.strftime("%Y-%m-%d")));
    params.distinguished_name = name;
    params.not_before = date(now, -i64::try_from(BEFORE.as_secs()).unwrap_or(0));
    params.not_after = date(now, i64::try_from(LIFE.as_secs()).unwrap_or(0));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = (!only.is_empty()).then(|| constraints(only));
    params
}

/// The hosts, and this machine by its loopback names: a reverse proxy is reached there.
fn constraints(only: &[HostPattern]) -> NameConstraints {
    let host = |address: IpAddr| {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
    };
    let names = only.iter().filter_map(HostPattern::name).chain(["localhost"]);
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let addresses = only.iter().filter_map(HostPattern::address).chain(loopback);
    let names = names.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    NameConstraints {
        permitted_subtrees: names.chain(addresses.map(host)).collect(),
        excluded_subtrees: vec![],
    }
}

/// So many seconds after `now`, as certificates tell time.
pub(super) fn date(now: Timestamp, seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(now.as_second() + seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Says so if others than the user can read the key.
#[cfg(unix)]
fn warn_if_open(key: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(key).is_ok_and(|data| data.permissions().mode() & 0o077 != 0) {
        let key = key.display();
        tracing::warn!("{key}: others can read the local CA's key; `chmod 600 {key}` shuts them out");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}
