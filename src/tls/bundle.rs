//! The local CA's certificate together with those that are trusted anyway: for clients that take one file in place of
//! the system's.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use super::ca::{CaError, pem_of};

/// Writes a bundle beside the CA's certificate `ca`: the system's certificates, those in the files `others`, and it. Its
/// name tells what is in it, so that all who want the same use one file.
///
/// # Errors
/// The CA's certificate cannot be read, or nothing can be written there.
pub fn bundle(ca: &Path, others: &[PathBuf]) -> Result<PathBuf, CaError> {
    let failed = |path: &Path, error| CaError::Write { path: path.to_owned(), error };
    // Those that cannot be read are none that a client could use either.
    let mut all = rustls_native_certs::load_native_certs().certs;
    for path in others {
        match CertificateDer::pem_file_iter(path) {
            Ok(certificates) => all.extend(certificates.flatten()),
            Err(error) => tracing::warn!("{}: no certificates are taken from it: {error}", path.display()),
        }
    }
    all.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
    all.dedup();
    let mut text: String = all.iter().map(|own| pem_of(own)).collect();
    text.push_str(&fs::read_to_string(ca).map_err(|error| failed(ca, error))?);

    let name = HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..8]);
    let path = ca.with_file_name(format!("bundle-{name}.pem"));
    if path.exists() {
        return Ok(path);
    }
    // Several processes may write the same at once; each has a file of its own until it is whole.
    let draft = ca.with_file_name(format!("bundle-{name}.{}.new", std::process::id()));
    let written = File::create(&draft).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&draft, &path)).map_err(|error| failed(&path, error))?;
    Ok(path)
}
