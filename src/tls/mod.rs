//! TLS towards clients: a certificate authority of the user's own, and leaf certificates made as they are asked for.

mod authority;
mod bundle;
mod ca;

pub use authority::{Authority, Name};
pub use bundle::bundle;
pub use ca::{Ca, CaError};
