//! What stands in a cassette for a value that must not be there: typed, numbered, and in the form a client expects.

/// Of what kind a replaced value is: decides what its stand-in looks like, where it is looked for, and whether a live
/// client's value may take its place at replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StandInType {
    /// An e-mail address: `user1@example.test`.
    Email,
    /// A user name that is no address: `login1`.
    Login,
    /// A telephone number: `+15550100001` (E.164; 555-01xx is set aside for fiction).
    Phone,
    /// A part of a person's name: `Name1`.
    Name,
    /// What somebody called a device: `Device1`.
    Device,
    /// Any other personal text: `Text1`.
    Text,
    /// A host, with its port if it has one: `other1.overdub.test`.
    Host,
    /// A password: `redacted-password-1`.
    Password,
    /// A one-time code: `000001`, as long as the real one.
    Passcode,
    /// The answer to a security question: `redacted-answer-1`.
    Answer,
    /// The key of a one-time code generator: base32 (RFC 4648 §6), as long as the real one.
    SharedSecret,
    /// A bearer, state, session, activation or recovery token: `redacted-token-1`.
    Token,
    /// A JSON Web Token (RFC 7519): header and claims stay readable, the signature goes.
    Jwt,
    /// A private key: `redacted-key-1`.
    Key,
    /// A client secret or API key: `redacted-secret-1`.
    Secret,
    /// A session cookie's value: `redacted`, for they change with every answer.
    Cookie,
}

/// All types by the names they have in profiles and cassettes.
const NAMES: [(&str, StandInType); 16] = [
    ("email", StandInType::Email),
    ("login", StandInType::Login),
    ("phone", StandInType::Phone),
    ("name", StandInType::Name),
    ("device", StandInType::Device),
    ("text", StandInType::Text),
    ("host", StandInType::Host),
    ("password", StandInType::Password),
    ("passcode", StandInType::Passcode),
    ("answer", StandInType::Answer),
    ("shared_secret", StandInType::SharedSecret),
    ("token", StandInType::Token),
    ("jwt", StandInType::Jwt),
    ("key", StandInType::Key),
    ("secret", StandInType::Secret),
    ("cookie", StandInType::Cookie),
];

/// Shortest value that is replaced wherever it occurs in a text (bytes). A shorter one might be part of a word, and is
/// replaced only in the places that the profile names.
pub const DISTINCTIVE: usize = 8;

impl StandInType {
    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(own, _)| *own == name).map(|(_, own)| *own)
    }

    /// Its name in profiles and cassettes.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, own)| *own == self).map_or("", |(name, _)| name)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(_, own)| *own)
    }

    /// All names, for a message.
    pub fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }

    /// Whether it is a secret. A secret is masked when requests are compared; any other value is bound to what a live
    /// client sends in its place.
    pub fn is_secret(self) -> bool {
        match self {
            Self::Email | Self::Login | Self::Phone | Self::Name | Self::Device | Self::Text | Self::Host => {
                false
            }
            Self::Password
            | Self::Passcode
            | Self::Answer
            | Self::SharedSecret
            | Self::Token
            | Self::Jwt
            | Self::Key
            | Self::Secret
            | Self::Cookie => true,
        }
    }

    /// Whether `value` is replaced wherever it occurs, not only in the places that the profile names: names and one-time
    /// codes are words and numbers too.
    pub fn is_distinctive(self, value: &str) -> bool {
        let by_place = matches!(self, Self::Name | Self::Device | Self::Text | Self::Passcode);
        !by_place && value.len() >= DISTINCTIVE
    }

    /// The `number`th stand-in of this type, for `original` where the form depends on it. Hosts have names of their
    /// own; this numbers the others.
    pub fn stand_in(self, number: usize, original: &str) -> String {
        match self {
            Self::Email => format!("user{number}@example.test"),
            Self::Login => format!("login{number}"),
            Self::Phone => format!("+1555010{number:04}"),
            Self::Name => format!("Name{number}"),
            Self::Device => format!("Device{number}"),
            Self::Text => format!("Text{number}"),
            Self::Host => format!("other{number}.overdub.test"),
            Self::Passcode if original.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{number:0width$}", width = original.len())
            }
            Self::SharedSecret => base32(number, original.len()),
            Self::Cookie => "redacted".to_owned(),
            _ => format!("redacted-{}-{number}", self.name()),
        }
    }

    /// The number of a stand-in of this type; `None` for a text that is none.
    pub fn number(self, stand_in: &str) -> Option<usize> {
        let number = match self {
            Self::Cookie => return None,
            Self::Phone => stand_in.strip_prefix("+1555010")?.parse().ok()?,
            Self::SharedSecret => base32_number(stand_in)?,
            _ => {
                let digits = |byte: &u8| byte.is_ascii_digit();
                let end = stand_in.bytes().rposition(|byte| digits(&byte))? + 1;
                let length = stand_in.bytes().take(end).rev().take_while(digits).count();
                stand_in.get(end - length..end)?.parse().ok()?
            }
        };
        (self.stand_in(number, stand_in) == stand_in).then_some(number)
    }
}

/// Stand-ins of what a log tells are numbered after this, so that none is taken for a recorded one.
pub const TOLD: usize = 9000;

/// Whether this stands for a value that a log did not tell. One-time codes look like any other number.
pub fn is_told(text: &str) -> bool {
    let others = StandInType::all().filter(|own| *own != StandInType::Passcode);
    others.filter_map(|own| own.number(text)).any(|number| number > TOLD)
}

/// What every shared secret's stand-in begins with: letters that are in the base32 alphabet.
const SHARED_SECRET: &str = "OVERDUBSECRET";

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Valid base32 (RFC 4648 §6) of at least 16 characters, without padding, that tells its number at the end.
fn base32(number: usize, length: usize) -> String {
    // A group of eight characters is five bytes; other lengths may be no whole number of bytes.
    let mut tail = Vec::new();
    let mut rest = number;
    let whole = |tail: usize| (SHARED_SECRET.len() + tail).is_multiple_of(8);
    while rest > 0 || SHARED_SECRET.len() + tail.len() < length || !whole(tail.len()) {
        tail.push(char::from(BASE32[rest % 32]));
        rest /= 32;
    }
    SHARED_SECRET.chars().chain(tail.into_iter().rev()).collect()
}

/// The number at the end of such a text.
fn base32_number(text: &str) -> Option<usize> {
    text.strip_prefix(SHARED_SECRET)?.bytes().try_fold(0_usize, |number, byte| {
        let digit = BASE32.iter().position(|own| *own == byte)?;
        number.checked_mul(32)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_that_leads_back_to_it() {
        for (name, own) in NAMES {
            assert_eq!(StandInType::parse(name), Some(own));
            assert_eq!(own.name(), name);
        }
        assert_eq!(StandInType::parse("mail"), None);
    }

    #[test]
    fn a_stand_in_tells_its_number() {
        for (_, own) in NAMES.iter().filter(|(_, own)| *own != StandInType::Cookie) {
            for number in [1, 31, 32, 1234, 123_456] {
                for original in ["", "291577", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"] {
                    assert_eq!(own.number(&own.stand_in(number, original)), Some(number), "{own:?}");
                }
            }
            assert_eq!(own.number("jane@x.com"), None);
        }
        assert_eq!(StandInType::Email.number("user1@example.com"), None);
    }

    #[test]
    fn a_stand_in_has_the_form_that_clients_parse() {
        let of = |own: StandInType, original| own.stand_in(7, original);
        assert_eq!(of(StandInType::Phone, ""), "+15550100007");
        assert_eq!(of(StandInType::Passcode, "291577"), "000007");
        assert_eq!(of(StandInType::Passcode, "abc"), "redacted-passcode-7");
        for length in [16, 20, 32] {
            let secret = StandInType::SharedSecret.stand_in(7, &"A".repeat(length));
            assert!(data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).is_ok(), "{secret}");
            assert!(secret.len() >= length);
        }
        assert_ne!(StandInType::SharedSecret.stand_in(1, ""), StandInType::SharedSecret.stand_in(2, ""));
    }
}
