//! What a command line names: cassettes, and the profile that they are read with.

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::cassette::{self, Cassette, CassetteError, CutOff, Header, RECORDINGS, Source};
use crate::profile::Profile;
use crate::shipped::SHIPPED;

/// The cassettes of these names; none: all of `recordings`.
pub(super) fn sources(names: &[String]) -> Result<Vec<Source>, Failure> {
    cassette::find(names, Path::new(RECORDINGS), SHIPPED).map_err(|errors| unusable(&errors))
}

/// The only cassette of this name.
pub(super) fn source(name: &str) -> Result<Source, Failure> {
    let mut found = sources(&[name.to_owned()])?;
    match (found.pop(), found.len()) {
        (Some(source), 0) => Ok(source),
        (_, more) => Err(Failure::usage(format_args!(
            "{name}: is {} cassettes; name one of them, or see `overdub cassette list {name}`",
            more + 1
        ))),
    }
}

/// The cassettes of these names, loaded; none: all of `recordings`.
pub(super) fn cassettes(names: &[String]) -> Result<Vec<Cassette>, Failure> {
    cassette::load_all(&sources(names)?, CutOff::Refuse).map_err(|errors| unusable(&errors))
}

/// The only cassette of this name, loaded.
pub(super) fn cassette(name: &str) -> Result<Cassette, Failure> {
    cassette::load(&source(name)?, CutOff::Refuse).map_err(Failure::usage)
}

/// The profile of this name or in this file.
pub(super) fn profile(choice: &str) -> Result<Arc<Profile>, Failure> {
    let profile = Profile::choose(choice);
    profile.map(Arc::new).map_err(|error| Failure::usage(format_args!("--profile: {error}")))
}

/// The profile that was asked for, else the built-in one that the cassette names, else Okta's.
pub(super) fn profile_of(choice: Option<&str>, header: &Header) -> Result<Arc<Profile>, Failure> {
    let named = header.profile.as_deref().filter(|name| Profile::is_built_in(name));
    profile(choice.or(named).unwrap_or("okta"))
}

/// What keeps cassettes from being used.
pub(super) fn unusable(errors: &[CassetteError]) -> Failure {
    Failure::Usage(errors.iter().map(ToString::to_string).collect())
}
