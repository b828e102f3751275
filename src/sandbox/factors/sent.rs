//! Factors whose code is sent: SMS, voice call, e-mail. And the phones that stay on file.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::enroll::Form;
use super::otp::wrong_code;
use crate::clock::Timestamp;
use crate::sandbox::call::text;
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::limits::{Channel, after};
use crate::sandbox::org::World;
use crate::sandbox::users::model::User;

const REQUEST: &str = "factorEnrollRequest";
const OTHER_PHONE: &str = "There is an existing verified phone number.";
const OTHER_EMAIL: &str = "Only verified primary or secondary email can be enrolled.";

/// A phone that was verified once. It outlives its factor: enrolled again, it is active at once.
#[derive(Debug)]
pub(in crate::sandbox) struct Phone {
    pub(super) channel: Channel,
    pub(in crate::sandbox) number: String,
    pub(super) extension: Option<String>,
}

/// An address and the code that was sent there.
#[derive(Debug)]
pub(in crate::sandbox) struct Sent {
    pub(super) channel: Channel,
    /// A phone number in E.164 form, or an e-mail address.
    pub(super) address: String,
    extension: Option<String>,
    lifetime: Duration,
    outstanding: Option<Outstanding>,
    /// The last code that was accepted.
    spent: Option<String>,
}

#[derive(Debug)]
struct Outstanding {
    code: String,
    expires: Timestamp,
}

impl Sent {
    /// Where the codes of this enrolment would go.
    pub(super) fn read(user: &User, form: &Form<'_>, channel: Channel) -> Result<Self, ApiError> {
        let (address, extension) = match channel {
            Channel::Email => (email(user, form)?, None),
            Channel::Sms | Channel::Call => phone(user, form, channel)?,
        };
        Ok(Self { channel, address, extension, lifetime: form.lifetime, outstanding: None, spent: None })
    }

    /// Sends a new code, unless one was sent a moment ago. The codes before it are void.
    pub(super) fn send(&mut self, lifetime: Option<Duration>, world: &mut World) -> Result<(), ApiError> {
        world.windows.send(self.channel, &self.address, world.now)?;
        self.lifetime = lifetime.unwrap_or(self.lifetime);
        let expires = after(world.now, self.lifetime);
        self.outstanding = Some(Outstanding { code: world.mint.code(), expires });
        Ok(())
    }

    /// Accepts the code that was sent, once and in time.
    pub(super) fn check(&mut self, code: &str, now: Timestamp) -> Result<(), ApiError> {
        match self.outstanding.take_if(|sent| sent.code == code && now < sent.expires) {
            Some(sent) => {
                self.spent = Some(sent.code);
                Ok(())
            }
            None if self.outstanding.as_ref().is_some_and(|sent| sent.code == code) => {
                Err(Code::TooLate.into())
            }
            None if self.spent.as_deref() == Some(code) => Err(Code::Replayed.into()),
            None => Err(wrong_code()),
        }
    }

    /// The code on its way, if there is one.
    pub(super) fn current(&self) -> Option<String> {
        self.outstanding.as_ref().map(|sent| sent.code.clone())
    }

    pub(super) fn profile(&self) -> Value {
        address_json(self.channel, &self.address, self.extension.as_deref())
    }

    /// Puts the phone on file in place of the one before it.
    pub(super) fn remember(&self, phones: &mut Vec<Phone>) {
        let is_on_file = |phone: &Phone| phone.channel == self.channel && phone.number == self.address;
        if self.channel == Channel::Email || phones.iter().any(is_on_file) {
            return;
        }
        phones.retain(|phone| phone.channel != self.channel);
        phones.push(Phone {
            channel: self.channel,
            number: self.address.clone(),
            extension: self.extension.clone(),
        });
    }

    /// Whether this phone was verified before.
    pub(super) fn is_remembered(&self, phones: &[Phone]) -> bool {
        phones.iter().any(|phone| phone.channel == self.channel && phone.number == self.address)
    }
}

/// `{"phoneNumber":…}` or `{"email":…}`.
fn address_json(channel: Channel, address: &str, extension: Option<&str>) -> Value {
    match (channel, extension) {
        (Channel::Email, _) => json!({ "email": address }),
        (_, None) => json!({ "phoneNumber": address }),
        (_, Some(extension)) => json!({ "phoneNumber": address, "phoneExtension": extension }),
    }
}

fn email(user: &User, form: &Form<'_>) -> Result<String, ApiError> {
    let primary = user.field("email");
    let asked = text(form.profile, "email").unwrap_or_else(|| primary.to_owned());
    let is_own = [primary, user.field("secondEmail")].iter().any(|own| own.eq_ignore_ascii_case(&asked));
    if is_own && !asked.is_empty() { Ok(asked) } else { Err(ApiError::invalid(REQUEST, OTHER_EMAIL)) }
}

/// The phone that is asked for, else the one on file. Another one than on file needs `updatePhone`.
fn phone(user: &User, form: &Form<'_>, channel: Channel) -> Result<(String, Option<String>), ApiError> {
    let on_file = user.phones.iter().find(|phone| phone.channel == channel);
    let Some(asked) = text(form.profile, "phoneNumber") else {
        let phone = on_file.ok_or_else(|| ApiError::blank("phoneNumber"))?;
        return Ok((phone.number.clone(), phone.extension.clone()));
    };
    let number = e164(&asked).ok_or(Code::PhoneInvalid)?;
    if !form.updates_phone && on_file.is_some_and(|phone| phone.number != number) {
        return Err(ApiError::invalid(REQUEST, OTHER_PHONE));
    }
    Ok((number, text(form.profile, "phoneExtension")))
}

/// `+1-613-456-1234` as `+16134561234`. Ten digits without a country code are taken as North American.
pub(super) fn e164(asked: &str) -> Option<String> {
    let asked = asked.trim();
    let (has_plus, rest) = asked.strip_prefix('+').map_or((false, asked), |rest| (true, rest));
    if !rest.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    match (has_plus, digits.len()) {
        (true, 7..=15) if !digits.starts_with('0') => Some(format!("+{digits}")),
        (false, 10) if !digits.starts_with(['0', '1']) => Some(format!("+1{digits}")),
        _ => None,
    }
}

/// `?tokenLifetimeSeconds=`: 1 to 86400.
pub(super) fn lifetime(asked: Option<&str>) -> Result<Option<Duration>, ApiError> {
    let Some(asked) = asked else { return Ok(None) };
    let seconds = asked.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let cause = "tokenLifetimeSeconds: The value must be between 1 and 86400";
        ApiError::invalid("tokenLifetimeSeconds", cause)
    })?;
    Ok(Some(Duration::from_secs(seconds)))
}

/// The `passCode` of a body; an empty one counts as none.
pub(super) fn passcode(body: &Map<String, Value>) -> Option<String> {
    text(body, "passCode").map(|code| code.trim().to_owned()).filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_written_as_e164_and_rubbish_is_refused() {
        assert_eq!(e164("+1-613-456-1234").as_deref(), Some("+16134561234"));
        assert_eq!(e164("(555) 415-1337").as_deref(), Some("+15554151337"));
        for rubbish in ["", "+", "12", "+0123456789", "call me", "+1234567890123456", "٣٣٣٣٣٣٣٣٣٣"]
        {
            assert_eq!(e164(rubbish), None, "{rubbish}");
        }
    }
}
