//! The recordings that ship with the program: found after the project's own, so that `-c push-enroll-poll` works
//! anywhere.

/// Name and text of each.
pub const SHIPPED: &[(&str, &str)] = &[
    ("okta-push", include_str!("../recordings/okta-push.yaml")),
    ("okta-question", include_str!("../recordings/okta-question.yaml")),
    ("okta-sms", include_str!("../recordings/okta-sms.yaml")),
    ("okta-totp", include_str!("../recordings/okta-totp.yaml")),
    ("push-enroll-poll", include_str!("../recordings/push-enroll-poll.yaml")),
    // Named so that it comes after the flow whose requests it shares.
    ("push-enroll-poll-expired", include_str!("../recordings/push-enroll-poll-expired.yaml")),
    ("sms-remembered-verification", include_str!("../recordings/sms-remembered-verification.yaml")),
    ("totp-enroll-activate-verify", include_str!("../recordings/totp-enroll-activate-verify.yaml")),
];
