//! The flows that the demo plays, as data: what a client of the Factors API sends, in order.

/// One conversation.
pub(super) struct Flow {
    /// What it shows.
    pub(super) title: &'static str,
    /// Name of its cassette.
    pub(super) cassette: &'static str,
    pub(super) steps: &'static [Step],
}

/// A scenario that is played over what was recorded.
pub(super) struct Scene {
    /// What it shows.
    pub(super) title: &'static str,
    /// Its name.
    pub(super) scenario: &'static str,
    /// The cassette below it.
    pub(super) cassette: &'static str,
    pub(super) steps: &'static [Step],
    /// What the client must have seen, and at which step, from 0.
    pub(super) shows: (usize, &'static str),
}

/// One step of a conversation. `{name}` in paths and bodies is what an earlier answer gave.
pub(super) enum Step {
    /// The client asks.
    Ask {
        method: &'static str,
        path: &'static str,
        body: &'static str,
        /// Name and JSON pointer of values to keep from the answer.
        keep: &'static [(&'static str, &'static str)],
    },
    /// The user reads the factor's code off the phone: kept as `{code}`. Nothing passes the proxy.
    ReadCode,
    /// The user answers on the phone: `approve`, `reject`, or lets it `lapse`. Nothing passes the proxy.
    Phone(&'static str),
}

const fn ask(method: &'static str, path: &'static str, body: &'static str) -> Step {
    Step::Ask { method, path, body, keep: &[] }
}

const fn ask_and_keep(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    keep: &'static [(&'static str, &'static str)],
) -> Step {
    Step::Ask { method, path, body, keep }
}

const fn new_user(body: &'static str) -> Step {
    ask_and_keep("POST", "/api/v1/users?activate=true", body, &[("user", "/id")])
}

const FACTOR: &[(&str, &str)] = &[("factor", "/id")];
const FACTORS: &str = "/api/v1/users/{user}/factors";
const ITEM: &str = "/api/v1/users/{user}/factors/{factor}";
const ACTIVATE: &str = "/api/v1/users/{user}/factors/{factor}/lifecycle/activate";
const POLL: &str = "/api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll";
const VERIFY: &str = "/api/v1/users/{user}/factors/{factor}/verify";
const TRANSACTION: &str = "/api/v1/users/{user}/factors/{factor}/transactions/{transaction}";
const PASSCODE: &str = r#"{"passCode":"{code}"}"#;
const SMS: &str = r#"{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"+15550100001"}}"#;

const SMS_USER: &str = r#"{"profile":{"firstName":"Name1","lastName":"Name2","email":"user1@example.test","login":"user1@example.test"}}"#;
const PUSH: &str = r#"{"factorType":"push","provider":"OKTA"}"#;
const PUSH_USER: &str = r#"{"profile":{"firstName":"Name5","lastName":"Name6","email":"user3@example.test","login":"user3@example.test"}}"#;

/// What the demo plays, and what the cassettes that ship were recorded from. Its people are made up as stand-ins are, and
/// so stay as they are: the cassettes' requests differ, and all of them can be played at once.
pub(super) const FLOWS: &[Flow] = &[
    Flow {
        title: "SMS: enrol, activate, delete, and enrol the same phone again: ACTIVE at once, under a new id",
        cassette: "okta-sms",
        steps: &[
            new_user(SMS_USER),
            ask_and_keep("POST", FACTORS, SMS, FACTOR),
            ask("GET", FACTORS, ""),
            Step::ReadCode,
            ask_and_keep("POST", ACTIVATE, PASSCODE, FACTOR),
            ask("GET", FACTORS, ""),
            ask("DELETE", ITEM, ""),
            ask("GET", ITEM, ""),
            ask_and_keep("POST", FACTORS, SMS, FACTOR),
            ask("GET", ITEM, ""),
        ],
    },
    Flow {
        title: "TOTP: enrol, activate, a wrong code, a right one",
        cassette: "okta-totp",
        steps: &[
            new_user(
                r#"{"profile":{"firstName":"Name3","lastName":"Name4","email":"user2@example.test","login":"user2@example.test"}}"#,
            ),
            ask_and_keep(
                "POST",
                FACTORS,
                r#"{"factorType":"token:software:totp","provider":"GOOGLE"}"#,
                FACTOR,
            ),
            Step::ReadCode,
            ask("POST", ACTIVATE, PASSCODE),
            ask("POST", VERIFY, r#"{"passCode":"000000"}"#),
            Step::ReadCode,
            ask("POST", VERIFY, PASSCODE),
            ask("GET", ITEM, ""),
        ],
    },
    Flow {
        title: "Push: poll until the phone answers, then a challenge that is approved and one that is rejected",
        cassette: "okta-push",
        steps: &[
            new_user(PUSH_USER),
            ask_and_keep("POST", FACTORS, PUSH, FACTOR),
            ask("POST", POLL, ""),
            ask("POST", POLL, ""),
            Step::Phone("approve"),
            ask("POST", POLL, ""),
            ask("GET", ITEM, ""),
            ask_and_keep("POST", VERIFY, "", TRANSACTION_ID),
            ask("GET", TRANSACTION, ""),
            Step::Phone("approve"),
            ask("GET", TRANSACTION, ""),
            ask_and_keep("POST", VERIFY, "", TRANSACTION_ID),
            Step::Phone("reject"),
            ask("GET", TRANSACTION, ""),
        ],
    },
    Flow {
        title: "Security question: enrol, a wrong answer, the right one",
        cassette: "okta-question",
        steps: &[
            new_user(
                r#"{"profile":{"firstName":"Name7","lastName":"Name8","email":"user4@example.test","login":"user4@example.test"}}"#,
            ),
            ask("GET", "/api/v1/users/{user}/factors/questions", ""),
            ask_and_keep(
                "POST",
                FACTORS,
                r#"{"factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"mayonnaise"}}"#,
                FACTOR,
            ),
            ask("POST", VERIFY, r#"{"answer":"ketchup"}"#),
            ask("POST", VERIFY, r#"{"answer":"mayonnaise"}"#),
            ask("DELETE", ITEM, ""),
            ask("GET", FACTORS, ""),
        ],
    },
];

/// The transaction's id stands only in the link to poll: it is its last segment.
const TRANSACTION_ID: &[(&str, &str)] = &[("transaction", "/_links/poll/href")];

/// The three states that are hardest to come by. Nothing but the requests differs from the flows above: the org is gone.
pub(super) const SCENES: &[Scene] = &[
    Scene {
        title: "nobody scans the QR code: WAITING, WAITING, and the factor is EXPIRED",
        scenario: "push-expired",
        cassette: "okta-push",
        steps: &[
            new_user(PUSH_USER),
            ask_and_keep("POST", FACTORS, PUSH, FACTOR),
            ask("POST", POLL, ""),
            ask("POST", POLL, ""),
            ask("POST", POLL, ""),
            ask("GET", ITEM, ""),
        ],
        shows: (5, "EXPIRED"),
    },
    Scene {
        title: "the reactivation quirk, as often as one likes: deleted, enrolled again, ACTIVE without a code",
        scenario: "sms-remembered",
        cassette: "okta-sms",
        steps: &[
            new_user(SMS_USER),
            ask_and_keep("POST", FACTORS, SMS, FACTOR),
            ask_and_keep("POST", ACTIVATE, r#"{"passCode":"123456"}"#, FACTOR),
            ask("DELETE", ITEM, ""),
            ask_and_keep("POST", FACTORS, SMS, FACTOR),
            ask("DELETE", ITEM, ""),
            ask_and_keep("POST", FACTORS, SMS, FACTOR),
        ],
        shows: (6, "ACTIVE"),
    },
    Scene {
        title: "the enrolment answers 301, as in the early Factors API; who follows it finds the factor",
        scenario: "moved-permanently",
        cassette: "okta-push",
        steps: &[new_user(PUSH_USER), ask_and_keep("POST", FACTORS, PUSH, FACTOR), ask("GET", ITEM, "")],
        shows: (1, "301"),
    },
];
