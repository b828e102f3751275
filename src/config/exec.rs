//! A command, and the proxy that it is run with.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::run::cassette_file;
use super::{ConfigError, RunConfig};
use crate::cassette::is_cassette;
use crate::cli::{ExecArgs, ExecRunArgs, Listen, ProxyArgs, RecordMode, ReportTo, Variable};

/// How long to wait for another overdub that records the cassette.
const WAIT: Duration = Duration::from_mins(5);

/// Settings of the run of a command, beside those of its proxy.
#[derive(Debug)]
pub struct ExecConfig {
    /// The program and its arguments; never empty.
    pub command: Vec<OsString>,
    /// The reports to be written.
    pub reports: Vec<ReportTo>,
    /// Variables that are set besides the usual ones.
    pub environment: Vec<Variable>,
    /// Whether it is a failure if a recording was never used.
    pub require_used: bool,
    /// The cassette that is recorded if it is not there yet, and how long to wait while somebody else records it.
    pub once: Option<(PathBuf, Duration)>,
}

impl ExecConfig {
    /// Settings of `exec`, without those of the proxy.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: &ExecArgs) -> Result<Self, ConfigError> {
        let ExecArgs { mode, cassettes, run, serve, .. } = args;
        let ExecRunArgs { require_used, reports, environment, wait } = run;
        let once = match (mode, cassettes.as_slice()) {
            (RecordMode::Once, [only]) => Some((cassette_file(only)?, wait.unwrap_or(WAIT))),
            _ => None,
        };
        if wait.is_some() && *mode != RecordMode::Once {
            return Err(ConfigError::NoEffect("--wait", *mode));
        }
        if *require_used && matches!(mode, RecordMode::All | RecordMode::Passthrough) {
            return Err(ConfigError::NoEffect("--require-used", *mode));
        }
        let has_ca = serve.tls || serve.forward;
        for Variable { name, value } in environment {
            let lacking = [("{ca}", has_ca, "--tls or --forward"), ("{proxy}", serve.forward, "--forward")];
            let lacking = lacking.into_iter().find(|(place, is_there, _)| value.contains(place) && !is_there);
            if let Some((place, _, flag)) = lacking {
                return Err(ConfigError::NoSuchPlace { name: name.clone(), place, flag });
            }
        }
        if let Some(report) = reports.iter().find(|own| is_cassette(&own.path)) {
            return Err(ConfigError::IsCassette { flag: "--report", path: report.path.clone() });
        }
        Ok(Self {
            command: args.command.clone(),
            reports: reports.clone(),
            environment: environment.clone(),
            require_used: *require_used,
            once,
        })
    }
}

impl RunConfig {
    /// Settings of the proxy of `exec`: that of `proxy`, on an admin address of its own, and keeping account of all.
    ///
    /// # Errors
    /// The first flag that cannot be used, or that would have no effect.
    pub fn exec(args: ExecArgs) -> Result<Self, ConfigError> {
        let ExecArgs {
            mode, upstream, cassettes, serve, keep, play, scenarios, watch, api, mut admin, ..
        } = args;
        let free = Listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
        admin.admin.get_or_insert(free);
        let proxy = ProxyArgs { mode, upstream, cassettes, serve, keep, play, scenarios, watch, api, admin };
        Ok(Self { account: true, ..Self::proxy(proxy)? })
    }
}
