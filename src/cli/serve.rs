//! How a proxy is reached: what `overdub record` and `overdub replay` have in common.

use clap::Args;

use super::Listen;

/// What was typed about the client's side of a proxy.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", env = "OVERDUB_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: Listen,
    /// Serve HTTPS with a certificate of the local CA (`overdub ca path`).
    #[arg(long)]
    pub tls: bool,
    /// Be a forward proxy too, for clients set up with `HTTPS_PROXY`; TLS is opened with the local CA.
    #[arg(long)]
    pub forward: bool,
    /// Hosts that may be asked for by --forward: HOST, *.DOMAIN, IP, or * for any; with :PORT for one port only. May be
    /// repeated. [default: *.okta.com,*.oktapreview.com,*.okta-emea.com; the upstream's host always may]
    #[arg(long, value_name = "HOST", value_delimiter = ',', requires = "forward")]
    pub allow_host: Vec<String>,
    /// Let CONNECT through to other hosts, unread, rather than refuse it. Not in a replay, which reaches no host.
    #[arg(long, requires = "forward")]
    pub tunnel_others: bool,
    /// The origin at which clients reach this proxy, for links: behind a container's port or another proxy.
    #[arg(long, value_name = "URL", env = "OVERDUB_PUBLIC_URL")]
    pub public_url: Option<String>,
}
