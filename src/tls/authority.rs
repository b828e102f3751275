//! Handshakes: a leaf certificate per name, made when a client first asks for it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::Acceptor;
use rustls::{AlertDescription, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::ca::{Ca, date};
use crate::clock::{Clock, Timestamp};
use crate::http::address;

/// How long a leaf is good for (seconds): long enough for any test run, too short to be worth stealing.
const LIFE: i64 = 7 * 24 * 3600;

/// How far before its making a leaf is good (seconds): clocks differ.
const BEFORE: i64 = 3600;

/// A leaf is made anew when it has less than this left (seconds).
const RENEWED: i64 = 24 * 3600;

/// How many leaves are kept. A client that asks for more names than this only costs their making.
const KEPT: usize = 512;

/// How many kinds of failed handshakes are told.
const KINDS: usize = 32;

/// What a leaf is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A host's name, in lower case.
    Dns(String),
    /// An address. Its leaf is good for the loopback names too: what a client calls this machine, and what the
    /// connection shows when it comes from outside of a container, are not the same.
    Ip(IpAddr),
}

impl Name {
    /// The name that `host` is: a name, an address or `[v6]`.
    pub fn of(host: &str) -> Self {
        address(host).map_or_else(|| Self::Dns(host.trim_end_matches('.').to_ascii_lowercase()), Self::Ip)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// Answers TLS handshakes for whatever name a client asks for.
#[derive(Debug)]
pub struct Authority {
    ca: Ca,
    clock: Clock,
    /// A std lock: held to look up or put in, never while a leaf is made.
    leaves: Mutex<HashMap<Name, Leaf>>,
    /// Kinds of failures that were told. A std lock: held to look up.
    told: Mutex<HashSet<String>>,
}

/// A leaf in use.
#[derive(Debug)]
struct Leaf {
    config: Arc<ServerConfig>,
    ends: Timestamp,
}

impl Authority {
    /// Signs with `ca`.
    pub fn new(ca: Ca, clock: Clock) -> Self {
        Self { ca, clock, leaves: Mutex::default(), told: Mutex::default() }
    }

    /// The CA that clients must trust.
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// Answers a handshake, with a certificate for the name that the client sends (RFC 6066 §3), else for `otherwise`.
    ///
    /// # Errors
    /// When the handshake fails; the log has been told.
    pub async fn accept<I>(&self, io: I, otherwise: &Name) -> io::Result<TlsStream<I>>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), io).await;
        let begun = begun.inspect_err(|error| {
            if is_hang_up(error) {
                // Nobody refuses a certificate that was not shown yet.
                tracing::debug!("a client left before its TLS handshake had begun: {error}");
            } else {
                self.tell(otherwise, error);
            }
        })?;
        let name = begun.client_hello().server_name().map_or_else(|| otherwise.clone(), Name::of);
        let config = self.config(&name).inspect_err(|error| self.tell(&name, error))?;
        begun.into_stream(config).await.inspect_err(|error| self.tell(&name, error))
    }

    /// The set-up for a name; its certificate is made if there is none, or if it ends soon.
    fn config(&self, name: &Name) -> io::Result<Arc<ServerConfig>> {
        let now = self.clock.now();
        let lasts = |leaf: &&Leaf| leaf.ends.as_second() - now.as_second() > RENEWED;
        if let Some(leaf) = self.leaves().get(name).filter(lasts) {
            return Ok(Arc::clone(&leaf.config));
        }
        let leaf = self.leaf(name, now).map_err(io::Error::other)?;
        let config = Arc::clone(&leaf.config);
        let mut leaves = self.leaves();
        if leaves.len() >= KEPT {
            leaves.clear();
        }
        leaves.insert(name.clone(), leaf);
        Ok(config)
    }

    fn leaves(&self) -> MutexGuard<'_, HashMap<Name, Leaf>> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new leaf with a key of its own: serial numbers are made of keys, and a browser refuses a serial number that
    /// it has seen on another certificate.
    fn leaf(&self, name: &Name, now: Timestamp) -> Result<Leaf, Box<dyn std::error::Error + Send + Sync>> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(name, now)?.signed_by(&key, self.ca.issuer())?;
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let ends = Timestamp::from_second(now.as_second() + LIFE)?;
        Ok(Leaf { config: Arc::new(config), ends })
    }

    /// Tells of a failed handshake, once per kind and name: a client that does not trust the CA tries again and again.
    fn tell(&self, name: &Name, error: &io::Error) {
        let kind = format!("{name}: {error}");
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= KINDS || !told.insert(kind.clone()) {
            return tracing::debug!("a TLS handshake failed for {kind}");
        }
        drop(told);
        let ca = self.ca.path().display();
        if is_refusal(error) {
            tracing::warn!(
                "a client refused the certificate for {kind}; let it trust {ca} (`overdub ca path`): SSL_CERT_FILE, \
                 REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or NODE_EXTRA_CA_CERTS names that file to most clients"
            );
        } else {
            tracing::warn!(
                "a TLS handshake failed for {kind}; is the client one that speaks TLS 1.2 or 1.3?"
            );
        }
    }
}

/// Whether the client ended the handshake because of the certificate: by an alert, or by hanging up, as some do.
fn is_refusal(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => matches!(
            alert,
            AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::AccessDenied
                | AlertDescription::DecryptError
        ),
        Some(_) => false,
        None => is_hang_up(error),
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
}

fn params(name: &Name, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "overdub");
    // A common name has at most 64 characters (RFC 5280, A.1); clients look at the alternative names anyway.
    let common = Some(name.to_string()).filter(|name| name.len() <= 64);
    subject.push(DnType::CommonName, common.as_deref().unwrap_or("overdub"));
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.not_before = date(now, -BEFORE);
    params.not_after = date(now, LIFE);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.subject_alt_names = match name {
        Name::Dns(name) => vec![SanType::DnsName(name.as_str().try_into()?)],
        Name::Ip(own) => {
            let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            let others = loopback.into_iter().filter(|address| address != own);
            let addresses = std::iter::once(*own).chain(others).map(SanType::IpAddress);
            addresses.chain([SanType::DnsName("localhost".try_into()?)]).collect()
        }
    };
    Ok(params)
}
