//! Security keys (`u2f`) and passkeys (`webauthn`), as far as status goes: no signature is checked.

use serde_json::{Map, Value, json};

use super::links::Place;
use crate::sandbox::call::text;
use crate::sandbox::errors::ApiError;
use crate::sandbox::mint::Mint;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum FidoKind {
    U2f,
    Webauthn,
}

impl FidoKind {
    /// What a client sends to activate.
    const fn registration(self) -> &'static [&'static str] {
        match self {
            Self::U2f => &["registrationData", "clientData"],
            Self::Webauthn => &["attestation", "clientData"],
        }
    }

    /// What a client sends to answer a challenge.
    const fn assertion(self) -> &'static [&'static str] {
        match self {
            Self::U2f => &["clientData", "signatureData"],
            Self::Webauthn => &["clientData", "authenticatorData", "signatureData"],
        }
    }
}

#[derive(Debug)]
pub(in crate::sandbox) struct Fido {
    kind: FidoKind,
    display_name: String,
    login: String,
    nonce: String,
    credential: Option<String>,
}

impl Fido {
    pub(super) fn new(kind: FidoKind, display_name: String, login: String, mint: &mut Mint) -> Self {
        Self { kind, display_name, login, nonce: mint.word("nonce", 20), credential: None }
    }

    /// Takes the registration on trust; it only has to be there.
    pub(super) fn register(&mut self, body: &Map<String, Value>, mint: &mut Mint) -> Result<(), ApiError> {
        require(body, self.kind.registration())?;
        self.credential = Some(mint.long_id(""));
        Ok(())
    }

    /// An empty body asks for a challenge (true); a signed answer is taken on trust (false).
    pub(super) fn challenge(&mut self, body: &Map<String, Value>, mint: &mut Mint) -> Result<bool, ApiError> {
        if body.is_empty() {
            self.nonce = mint.word("nonce", 20);
            return Ok(true);
        }
        require(body, self.kind.assertion()).map(|()| false)
    }

    pub(super) fn profile(&self) -> Option<Value> {
        let credential = self.credential.as_ref()?;
        Some(match self.kind {
            FidoKind::U2f => json!({ "credentialId": credential, "version": "U2F_V2" }),
            FidoKind::Webauthn => json!({ "credentialId": credential, "authenticatorName": "Sandbox Key" }),
        })
    }

    pub(super) fn activation(&self, place: Place<'_>) -> Value {
        match self.kind {
            FidoKind::U2f => json!({ "version": "U2F_V2", "nonce": self.nonce, "timeoutSeconds": 20 }),
            FidoKind::Webauthn => json!({
                "attestation": "direct",
                "authenticatorSelection": { "userVerification": "preferred", "requireResidentKey": false },
                "challenge": self.nonce,
                "excludeCredentials": [],
                "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
                "rp": { "name": "Sandbox" },
                "user": { "displayName": self.display_name, "name": self.login, "id": place.user },
            }),
        }
    }

    pub(super) fn challenge_json(&self) -> Value {
        match self.kind {
            FidoKind::U2f => json!({ "nonce": self.nonce, "timeoutSeconds": 20 }),
            FidoKind::Webauthn => json!({ "challenge": self.nonce, "extensions": {} }),
        }
    }
}

fn require(body: &Map<String, Value>, fields: &[&str]) -> Result<(), ApiError> {
    let is_missing = |field: &&&str| text(body, field).is_none_or(|value| value.is_empty());
    fields.iter().find(is_missing).map_or(Ok(()), |field| Err(ApiError::blank(field)))
}
