//! The recordings and scenarios that ship with the program: found after the project's own, so that
//! `-c push-enroll-poll` and `--scenario push-expired` work anywhere.

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

/// Text of a scenario, and of the tests that go with it.
macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each scenario.
        pub const SCENARIOS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../scenarios/", $name, ".rhai")))),*];
        /// Name of each scenario and the text of its tests.
        pub const SCENARIO_TESTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../scenarios/", $name, ".test.yaml")))),*];
    };
}

scenarios![
    "activation-expired-then-reactivated",
    "concurrent-limit",
    "cut-connections",
    "factor-gone",
    "flaky-5xx",
    "gateway-html-502",
    "moved-permanently",
    "passcode-replayed",
    "passcode-wrong-then-locked",
    "push-expired",
    "push-number-challenge",
    "push-rejected",
    "push-timeout",
    "rate-limited",
    "slow-network",
    "sms-remembered",
    "sms-too-soon",
];
