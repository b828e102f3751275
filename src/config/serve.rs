//! How clients reach a proxy, and who may look on.

use super::ConfigError;
use crate::cli::{AdminArgs, CaNewArgs, Listen, ServeArgs};
use crate::http::{HostPattern, Origin};
use crate::profile::Profile;
use crate::server::Forward;

/// How clients reach a proxy.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where to listen.
    pub listen: Listen,
    /// Whether clients come by TLS.
    pub tls: bool,
    /// What it does as a forward proxy; `None`: it is none.
    pub forward: Option<Forward>,
    /// The origin at which it is known; `None`: what each request says.
    pub public: Option<Origin>,
}

impl ServeConfig {
    /// Settings from flags. A forward proxy may be asked for the hosts of `profile` when none are named.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: &ServeArgs, profile: &Profile) -> Result<Self, ConfigError> {
        let named = if args.allow_host.is_empty() { &profile.hosts } else { &args.allow_host };
        let allowed = patterns(named)?;
        Ok(Self {
            listen: args.listen,
            tls: args.tls,
            forward: args.forward.then_some(Forward { allowed, tunnel_others: args.tunnel_others }),
            public: args
                .public_url
                .as_deref()
                .map(Origin::parse)
                .transpose()
                .map_err(ConfigError::PublicUrl)?,
        })
    }

    /// The same, for a proxy that opens no outgoing connection.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn offline(args: &ServeArgs, profile: &Profile) -> Result<Self, ConfigError> {
        if args.tunnel_others {
            return Err(ConfigError::TunnelInReplay);
        }
        Self::of(args, profile)
    }
}

/// Settings of `ca new`.
#[derive(Debug)]
pub struct CaConfig {
    /// The hosts that it can vouch for; none: all.
    pub only: Vec<HostPattern>,
    /// Whether one that is there is replaced.
    pub force: bool,
}

impl CaConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// A flag that cannot be used.
    pub fn of(args: &CaNewArgs) -> Result<Self, ConfigError> {
        Ok(Self { only: patterns(&args.allow_host)?, force: args.force })
    }
}

/// The hosts that `--allow-host` names.
fn patterns(texts: &[String]) -> Result<Vec<HostPattern>, ConfigError> {
    Ok(texts.iter().map(|text| text.trim().parse()).collect::<Result<_, _>>()?)
}

/// Who may look on.
#[derive(Debug, Clone, Copy)]
pub struct AdminConfig {
    /// Where the admin endpoints are; `None`: nowhere.
    pub listen: Option<Listen>,
}

impl AdminConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: &AdminArgs) -> Result<Self, ConfigError> {
        match args.admin {
            Some(Listen(address)) if !address.ip().is_loopback() => {
                Err(ConfigError::AdminNotLoopback(address))
            }
            listen => Ok(Self { listen }),
        }
    }
}
