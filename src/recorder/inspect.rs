//! The last look at what is about to be written: nothing that was replaced elsewhere, nothing that looks like a secret.

use crate::audit::{Auditor, BadRule, Hit, Scope};
use crate::cassette::Interaction;
use crate::cassette::format::SIDECAR_ABOVE;
use crate::redact::Redactor;

/// Why an exchange is not written although all that was found in it was replaced: the last line of defence.
const KNOWN_VALUE: &str = "known-value: a value that is replaced elsewhere still stands here";

/// Looks at documents before they are written.
#[derive(Debug)]
pub(crate) struct Inspector {
    /// `None`: everything is written as it passes.
    auditor: Option<Auditor>,
}

impl Inspector {
    /// For what `redactor` has replaced.
    ///
    /// # Errors
    /// When a rule of the leak scan is none, which the tests rule out.
    pub(crate) fn of(redactor: &Redactor) -> Result<Self, BadRule> {
        let auditor = redactor.is_on().then(|| Auditor::new(Scope::Written)).transpose()?;
        Ok(Self { auditor: auditor.map(|auditor| auditor.sparing(redactor.profile().keep.clone())) })
    }

    /// What looks like a secret in the document of an interaction.
    ///
    /// # Errors
    /// Where a value that is known to be real stands, and that it does.
    pub(crate) fn look(
        &self,
        redactor: &Redactor,
        interaction: &Interaction,
        text: &str,
    ) -> Result<Vec<Hit>, (usize, &'static str)> {
        // Those that go into files of their own are no part of the document.
        let bodies =
            [interaction.request.body.bytes(), interaction.response.body.as_ref().map(|body| &body.bytes)];
        let beside = bodies
            .into_iter()
            .flatten()
            .any(|body| body.len() > SIDECAR_ABOVE && redactor.leak(body).is_some());
        match redactor.leak(text.as_bytes()) {
            Some(offset) => return Err((offset, KNOWN_VALUE)),
            None if beside => return Err((0, KNOWN_VALUE)),
            None => {}
        }
        Ok(self.auditor.as_ref().map(|auditor| auditor.scan(text.as_bytes())).unwrap_or_default())
    }
}
