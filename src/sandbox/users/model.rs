//! A user as the org keeps it.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::factors::model::{Factor, Kind, Status};
use crate::sandbox::factors::sent::Phone;
use crate::sandbox::limits::Lock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum UserStatus {
    /// Created without being activated.
    Staged,
    /// Activated, but has no password.
    Provisioned,
    Active,
    Deprovisioned,
}

impl UserStatus {
    pub(in crate::sandbox) const fn name(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }
}

#[derive(Debug)]
pub(in crate::sandbox) struct User {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) status: UserStatus,
    pub(in crate::sandbox) created: Timestamp,
    pub(in crate::sandbox) activated: Option<Timestamp>,
    pub(in crate::sandbox) status_changed: Option<Timestamp>,
    pub(in crate::sandbox) updated: Timestamp,
    /// None: the user has no password. The password itself is of no use here and not kept.
    pub(in crate::sandbox) password_changed: Option<Timestamp>,
    pub(in crate::sandbox) recovery_question: Option<String>,
    /// Always with `login` and `email`.
    pub(in crate::sandbox) profile: Map<String, Value>,
    pub(in crate::sandbox) factors: Vec<Factor>,
    /// Phones that have been verified: they outlive the factor they were enrolled with.
    pub(in crate::sandbox) phones: Vec<Phone>,
    pub(in crate::sandbox) lock: Lock,
}

impl User {
    /// A field of the profile, empty if it is not there.
    pub(in crate::sandbox) fn field(&self, name: &str) -> &str {
        self.profile.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(in crate::sandbox) fn login(&self) -> &str {
        self.field("login")
    }

    /// Whether `key` is this user's id or login.
    pub(in crate::sandbox) fn answers_to(&self, key: &str) -> bool {
        self.id == key || self.login().to_lowercase() == key.to_lowercase()
    }

    /// Moves to `status` at `now`.
    pub(in crate::sandbox) fn become_status(&mut self, status: UserStatus, now: Timestamp) {
        self.status = status;
        self.status_changed = Some(now);
        self.updated = now;
    }

    /// A deactivated user can neither enrol, verify nor unenrol factors.
    pub(in crate::sandbox) fn require_usable(&self) -> Result<(), ApiError> {
        if self.status == UserStatus::Deprovisioned { Err(Code::UserStatus.into()) } else { Ok(()) }
    }

    /// One active factor of a type is enough; a pending one gives way to the new enrolment.
    pub(in crate::sandbox) fn refuse_second(&self, kind: &Kind) -> Result<(), ApiError> {
        let is_set_up = self.factors.iter().any(|f| f.kind == kind && f.status == Status::Active);
        if !is_set_up {
            return Ok(());
        }
        Err(ApiError::invalid("factorEnrollRequest", "A factor of this type is already set up."))
    }
}
