//! A factor as the org keeps it, and the table of kinds that can be enrolled.

use super::fido::{Fido, FidoKind};
use super::otp::{Hotp, Totp};
use super::push::Push;
use super::question::Question;
use super::sent::Sent;
use crate::clock::Timestamp;
use crate::sandbox::errors::ApiError;
use crate::sandbox::limits::Channel;
use crate::sandbox::org::World;

/// A factor type of a provider.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Kind {
    pub(in crate::sandbox) factor_type: &'static str,
    pub(in crate::sandbox) provider: &'static str,
    /// What the id of an enrolment begins with.
    prefix: &'static str,
    /// Phones get another id when they are activated: this is what it begins with.
    active_prefix: Option<&'static str>,
    pub(super) family: Family,
}

/// Kinds that behave alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Sent(Channel),
    Question,
    Totp,
    Hotp,
    Push,
    Fido(FidoKind),
}

const fn kind(
    factor_type: &'static str,
    provider: &'static str,
    prefix: &'static str,
    family: Family,
) -> Kind {
    Kind { factor_type, provider, prefix, active_prefix: None, family }
}

/// Prefixes as in the Okta Factors API reference and in recordings. In the order of the catalog.
pub(super) const KINDS: &[Kind] = &[
    kind("question", "OKTA", "ufs", Family::Question),
    kind("token:software:totp", "OKTA", "ost", Family::Totp),
    kind("token:software:totp", "GOOGLE", "uft", Family::Totp),
    Kind { active_prefix: Some("sms"), ..kind("sms", "OKTA", "mbl", Family::Sent(Channel::Sms)) },
    Kind { active_prefix: Some("clf"), ..kind("call", "OKTA", "clf", Family::Sent(Channel::Call)) },
    kind("email", "OKTA", "emf", Family::Sent(Channel::Email)),
    kind("push", "OKTA", "opf", Family::Push),
    kind("token:hotp", "CUSTOM", "chf", Family::Hotp),
    kind("u2f", "FIDO", "fuf", Family::Fido(FidoKind::U2f)),
    kind("webauthn", "FIDO", "fwf", Family::Fido(FidoKind::Webauthn)),
];

/// Types that exist at Okta and not in this org.
pub(super) const ABSENT: &[&str] = &["signed_nonce", "token", "token:hardware", "web"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Status {
    Pending,
    Active,
}

impl Status {
    pub(in crate::sandbox) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
        }
    }
}

/// An enrolled factor.
#[derive(Debug)]
pub(in crate::sandbox) struct Factor {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) kind: &'static Kind,
    pub(in crate::sandbox) status: Status,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(in crate::sandbox) means: Means,
}

/// What proves that it is the user.
#[derive(Debug)]
pub(in crate::sandbox) enum Means {
    Sent(Sent),
    Question(Question),
    Totp(Totp),
    Hotp(Hotp),
    Push(Push),
    Fido(Fido),
}

impl Factor {
    pub(super) fn new(kind: &'static Kind, status: Status, means: Means, world: &mut World) -> Self {
        let prefix = match status {
            Status::Pending => kind.prefix,
            Status::Active => kind.active_prefix.unwrap_or(kind.prefix),
        };
        let id = world.mint.id(prefix);
        Self { id, kind, status, created: world.now, updated: world.now, means }
    }

    /// Marks the factor active. A phone becomes a new record with a new id; the old id is found no more.
    pub(in crate::sandbox) fn become_active(&mut self, world: &mut World) {
        self.status = Status::Active;
        self.updated = world.now;
        if let Some(prefix) = self.kind.active_prefix {
            self.id = world.mint.id(prefix);
            self.created = world.now;
        }
    }

    pub(super) fn require_pending(&self) -> Result<(), ApiError> {
        match self.status {
            Status::Pending => Ok(()),
            Status::Active => {
                Err(ApiError::invalid("factorActivateRequest", "The factor is already active."))
            }
        }
    }
}

/// The factor with this id.
pub(super) fn find<'a>(factors: &'a mut [Factor], id: &str) -> Result<&'a mut Factor, ApiError> {
    factors.iter_mut().find(|factor| factor.id == id).ok_or_else(|| ApiError::not_found(id, "UserFactor"))
}
