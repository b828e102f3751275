//! What is no leak: stand-ins of overdub's and of others, documented placeholders, names that nobody can have.

/// Beginnings of words that documentation and test suites write where a secret would stand, in lower case and without
/// what is neither letter nor digit.
const BEGINNINGS: &[&str] = &[
    "redacted",
    "placeholder",
    "invalidtoken",
    "overdubsecret",
    "yourclient",
    "yourapi",
    "yourtoken",
    "youraccess",
    "yourpassword",
    "yoursecret",
    "yourokta",
];

/// Whole words of that kind.
const WORDS: &[&str] = &[
    "null",
    "nil",
    "none",
    "true",
    "false",
    "undefined",
    "apitoken",
    "myapitoken",
    "myoauthtoken",
    "mydpoptoken",
    "myaccesstoken",
    "mytoken",
    "masked",
    "hidden",
    "removed",
    "filtered",
];

/// What encloses a template's variable: `<TOKEN>`, `{{token}}`, `${token}`, `[REDACTED]`, `%TOKEN%`.
const BRACKETS: &[(&str, char)] =
    &[("<", '>'), ("{", '}'), ("${", '}'), ("[", ']'), ("%", '%'), ("&lt;", ';')];

/// Domains under which nobody receives anything (RFC 2606, RFC 6761).
const DOMAINS: &[&str] =
    &["test", "example", "invalid", "localhost", "example.com", "example.org", "example.net", "example.edu"];

/// First labels of Okta's public hosts, of the hosts in its documentation, and of the stand-ins that projects use in
/// their recordings (okta-sdk-python `test`, `test-org`; terraform-provider-okta `classic-00`, `oie-00`).
const HOSTS: &[&str] = &[
    "www",
    "login",
    "developer",
    "help",
    "support",
    "status",
    "trust",
    "learning",
    "oinmanager",
    "static",
    "cdn",
    "ocsp",
    "your-domain",
    "yourdomain",
    "your-org",
    "yourorg",
    "your-subdomain",
    "yoursubdomain",
    "yourokta",
    "youroktadomain",
    "subdomain",
    "company",
    "mycompany",
    "example",
    "org",
    "test",
    "test-org",
    "classic-00",
    "oie-00",
];

/// Whether a value is a placeholder, whatever the rule.
pub(super) fn is(value: &str) -> bool {
    let value = value.trim();
    // Nearly every value has letters, and all are asked: no allocation.
    let mut letters = [0; 24];
    let mut count = 0;
    for byte in value.bytes().filter(u8::is_ascii_alphanumeric).take(letters.len()) {
        letters[count] = byte.to_ascii_lowercase();
        count += 1;
    }
    let word = &letters[..count];
    if word.is_empty() {
        // Nothing, or dots, stars and brackets; a password may be that, but a value without any letter is one of the
        // ways to write that it was taken out.
        return value.is_ascii();
    }
    let first = word[0];
    let repeated = matches!(first, b'x' | b'0') && word.iter().all(|c| *c == first);
    repeated
        || enclosed(value)
        || WORDS.iter().any(|own| own.as_bytes() == word)
        || BEGINNINGS
            .iter()
            .any(|begin| begin.as_bytes().first() == Some(&first) && word.starts_with(begin.as_bytes()))
}

fn enclosed(value: &str) -> bool {
    // A variable of Velocity, in which Okta's templates are written: `$$resetPasswordLink`.
    value.starts_with("$$")
        || BRACKETS.iter().any(|(open, close)| value.starts_with(open) && value.ends_with(*close))
}

/// Whether it is a JWT whose signature is none, or says that it is a stand-in.
pub(super) fn jwt(value: &str) -> bool {
    let mut parts = value.rsplit('.');
    let signature = parts.next().unwrap_or_default();
    let others: Vec<_> = parts.collect();
    others.len() == 2
        && value.starts_with("eyJ")
        && (signature.is_empty() || signature.starts_with("redacted") || signature.starts_with("overdub"))
}

/// Whether no real org has this host.
pub(super) fn org_host(host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default().to_ascii_lowercase();
    HOSTS.contains(&label.strip_suffix("-admin").unwrap_or(&label))
}

/// Whether nobody receives mail at this domain.
pub(super) fn domain(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    DOMAINS
        .iter()
        .any(|free| domain.strip_suffix(free).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether these digits are a number that nobody has: 555-0100 to 555-0199 in North America, and overdub's stand-ins
/// +1 555 010 0000 to +1 555 010 9999.
pub(super) fn phone(digits: &str) -> bool {
    let national = digits.strip_prefix('1').unwrap_or(digits);
    let fictional = national.len() >= 7 && national[national.len() - 7..].starts_with("55501");
    fictional || national.len() >= 10 && national.starts_with("555010") || digits.bytes().all(|c| c == b'0')
}
