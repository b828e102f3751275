//! What a forward proxy may be asked for.

use crate::http::{HostPattern, Origin};

/// What is done as a forward proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forward {
    /// Hosts that may be asked for.
    pub allowed: Vec<HostPattern>,
    /// Whether CONNECT to other hosts is let through unread, rather than refused.
    pub tunnel_others: bool,
}

impl Forward {
    /// Allows the host of `origin` as well, at any port.
    pub fn allow(&mut self, origin: &Origin) {
        self.allowed.push(HostPattern::host_of(origin));
    }

    /// Whether this origin may be asked for.
    pub fn allows(&self, origin: &Origin) -> bool {
        self.allowed.iter().any(|pattern| pattern.allows(origin.host(), origin.port()))
    }
}
