//! What the scan looks for, as data: one row per kind of leak.
//!
//! A rule says where such a value stands (its places) and what a real one looks like (a [`Shape`]); what is known to
//! be a placeholder is no leak for any rule ([`super::placeholder`]). Of two rules that find the same value, the one
//! that stands first in the table tells it.

use super::shape::{self, Shape};

/// Reads what is written inside of a value in another spelling.
pub(super) type Opens = fn(&str) -> Option<Vec<u8>>;

/// One kind of leak.
#[derive(Debug)]
pub struct Rule {
    /// Its name in reports, in kebab-case.
    pub name: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// What to do about a hit.
    pub advice: &'static str,
    /// Where such values stand.
    pub(super) places: &'static [Place],
    /// Whether it holds for what overdub has written: not for what the profiles leave as it was.
    pub(super) written: bool,
    /// What can be read inside of such a value, whether it is a leak or not.
    pub(super) opens: Option<Opens>,
}

/// Where a value stands. The patterns see bytes, ASCII only; letters of either case are the same, unless `(?-i)` says
/// otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The value of a field whose name ends so: in JSON (also escaped, also as `{"name": …, "value": …}`), YAML, forms,
    /// queries and header lines.
    Field(&'static str, Shape),
    /// The value of a field that is called exactly so.
    Named(&'static str, Shape),
    /// The word behind what the pattern finds.
    Behind(&'static str, Shape),
    /// What the pattern finds, and the letters, digits and `._%+-` before it, at most so many.
    Until(&'static str, usize, Shape),
    /// What the pattern finds, where it cannot be a piece of something longer, as base64 is.
    Alone(&'static str, Shape),
    /// What stands between what the pattern finds and this byte, which is at most so far.
    UpTo(&'static str, u8, usize, Shape),
}

/// All rules.
pub static RULES: &[Rule] = &[
    Rule {
        name: "private-key",
        finds: "a private key in PEM, also with escaped line breaks",
        advice: "make a new key pair where the old one counted, and replace the key in the file",
        places: &[Place::UpTo(
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
            b'-',
            16 * 1024,
            shape::pem,
        )],
        written: true,
        opens: None,
    },
    Rule {
        name: "jwk-private-member",
        finds: "a private member of a JSON Web Key: d, p, q, dp, dq, qi or k (RFC 7518 section 6)",
        advice: "make a new key, and leave the private members out of the file",
        places: &[Place::Named(r"(?-i:d|p|q|dp|dq|qi|k)", shape::key_material)],
        written: true,
        opens: None,
    },
    Rule {
        name: "authorization",
        finds: "SSWS, Bearer, DPoP or Basic credentials, in Authorization headers or anywhere else",
        advice: "revoke the token or change the password, and drop the header",
        places: &[
            Place::Named(r"(?:proxy-)?authorization", shape::credentials),
            Place::Behind(r"\b(?:SSWS|Bearer|DPoP)[ \t+]+", shape::scheme_token),
            Place::Behind(r"\bBasic[ \t+]+", shape::basic),
        ],
        written: true,
        opens: Some(shape::opened_basic),
    },
    Rule {
        name: "basic-auth-in-url",
        finds: "a password in a URL, as in https://user:password@host/",
        advice: "change the password, and take it out of the URL",
        places: &[Place::UpTo(r#"://[^\s/?#@:"'\\<>]*:"#, b'@', 256, shape::url_password)],
        written: true,
        opens: None,
    },
    Rule {
        name: "client-secret",
        finds: "an OAuth client's secret",
        advice: "rotate the secret in the app's settings, and replace it in the file",
        places: &[Place::Field(r"client[_-]?secret", shape::word)],
        written: true,
        opens: None,
    },
    Rule {
        name: "password",
        finds: "a password in JSON, a form or a query (oldPassword, credentials.password.value …), or the salt of its hash",
        advice: "change the password if the account is real, and replace it in the file",
        places: &[
            Place::Field(r"(?:password|passwd|passphrase)", shape::text),
            Place::Named(r"salt|password_?hash", shape::token),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "pass-code",
        finds: "a one-time passcode or activation code that a client sent",
        advice: "it is used up, but tells a shared secret's place in time: replace it by 000001",
        places: &[
            Place::Field(r"pass_?code", shape::code),
            Place::Named(r"activation_?code|verification_?code|otp", shape::code),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "security-answer",
        finds: "the answer to a security or recovery question",
        advice: "change the answer if the account is real, and replace it in the file",
        places: &[Place::Named(r"(?:recovery_?|security_?|new_?|old_?)?answer", shape::text)],
        written: true,
        opens: None,
    },
    Rule {
        name: "shared-secret",
        finds: "the seed of one-time passcodes: sharedSecret, or secret= in an otpauth link",
        advice: "enroll the factor again, and replace the seed in the file",
        places: &[
            Place::Field(r"(?:shared|totp|otp)_?secret", shape::word),
            Place::Behind(r#"otpauth://[^\s"']*[?&]secret="#, shape::word),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "okta-token",
        finds: "a state, session, activation or recovery token, also in activation, password and QR code links",
        advice: "it dies by itself within hours or days; replace it in the file",
        places: &[
            Place::Field(
                r"(?:state|session|activation|recovery|interaction)_?(?:token|handle)",
                shape::token,
            ),
            Place::Behind(
                r"/(?:welcome|activate|reset[_-]?password|password_reset|unlock[_-]?account|qr)/",
                shape::link_token,
            ),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "oauth-token",
        finds: "an OAuth token, code or assertion: access_token, refresh_token, id_token, code, client_assertion",
        advice: "revoke the token, and replace it in the file",
        places: &[
            Place::Field(r"(?:access|refresh|id|actor|subject|device|registration)_?token", shape::token),
            Place::Named(
                r"device_secret|device_code|code_verifier|interaction_?code|(?:client_?)?assertion|SAMLResponse",
                shape::token,
            ),
            Place::Behind(r"[?&]code=", shape::link_token),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "session-cookie",
        finds: "a cookie that opens a session or identifies a browser: sid, idx, JSESSIONID, xids, DT and the like",
        advice: "end the session if it is young, and replace the value by `redacted`",
        places: &[
            Place::Behind(
                r"(?-i)(?:\b(?:sid|idx|JSESSIONID|xids|DT|srefresh|oktaStateToken|okta-oauth-[a-z-]+|proximity_\w+|PHPSESSID|connect\.sid|ASP\.NET_SessionId)|session(?:_?id)?)=",
                shape::cookie,
            ),
            Place::Named(r"(?-i:sid|idx|JSESSIONID|xids|DT|oktaStateToken)", shape::long_cookie),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "webauthn",
        finds: "what an authenticator signed or attested: clientData, signatureData, attestation and the like",
        advice: "replace it in the file: it identifies a person's device",
        places: &[Place::Named(
            r"clientData(?:JSON)?|authenticatorData|signatureData|attestation(?:Object)?|registrationData",
            shape::key_material,
        )],
        written: false,
        opens: None,
    },
    Rule {
        name: "ssws-token",
        finds: "an Okta API token, or a state token of the same form: 00 and 40 letters or digits",
        advice: "revoke the token in the org's settings, and replace it in the file",
        places: &[Place::Alone(r"(?-i)00[A-Za-z0-9_-]{40}", shape::ssws)],
        written: true,
        opens: None,
    },
    Rule {
        name: "jwt",
        finds: "a signed JSON Web Token",
        advice: "revoke the token, and replace its signature by `redacted` or the whole token",
        places: &[Place::Alone(r"(?-i)eyJ[\w-]+\.[\w-]*(?:\.[\w-]*){1,3}", shape::jwt)],
        written: true,
        opens: Some(shape::claims),
    },
    Rule {
        name: "okta-org-host",
        finds: "the host of a real org (its -admin twin too) under okta.com, oktapreview.com, okta-emea.com, okta-gov.com …",
        advice: "replace it by a host under .test, as okta.overdub.test",
        places: &[Place::Until(
            r"\.(?:(?:okta|oktapreview|okta-emea|okta-gov)\.com|okta\.mil)\b",
            253,
            shape::org_host,
        )],
        written: true,
        opens: None,
    },
    Rule {
        name: "email",
        finds: "an email address that could be somebody's",
        advice: "replace it by one at example.test",
        places: &[Place::Until(r"@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", 64, shape::email)],
        written: true,
        opens: None,
    },
    Rule {
        name: "phone",
        finds: "a phone number: in a field of that name, or written with + and a country code",
        advice: "replace it by one of those that nobody has: +1555010 and four digits",
        places: &[
            Place::Field(r"(?:phone|mobile)(?:_?number)?", shape::phone),
            Place::Alone(r"\+[1-9][0-9]{9,14}", shape::phone),
            Place::Alone(
                r"\+[1-9][0-9]{0,2}[ .-]\(?[0-9]{2,4}\)?[ .-][0-9]{3,4}[ .-]?[0-9]{3,4}",
                shape::phone,
            ),
        ],
        written: true,
        opens: None,
    },
    Rule {
        name: "token-shaped",
        finds: "a random string in a field whose name ends like a secret's: token, secret, api key, secret key",
        advice: "find out what it opens; revoke it, and replace it in the file",
        places: &[Place::Field(
            r"(?:token|secret|(?:api|app|auth|access|secret|private|integration)[_-]?key)",
            shape::random,
        )],
        written: true,
        opens: None,
    },
];
