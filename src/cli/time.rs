//! What time a replay's clients see, and how long they wait.

use std::str::FromStr;

use clap::Args;

use crate::clock::{Timestamp, parse_rfc3339};

/// What was typed about time.
#[derive(Debug, Args)]
pub struct TimeArgs {
    /// The time that answers tell: as recorded; shifted so that a session's first request is made now; or shifted so
    /// that it is made at T, as in frozen:2030-01-01T00:00:00Z. Differences between times stay what they were.
    #[arg(long, value_name = "recorded|now|frozen:T", default_value = "recorded")]
    pub clock: ClockChoice,
    /// How long answers wait: not at all, as long as they took when they were recorded, or that times a number, as 0.5.
    #[arg(long, value_name = "none|recorded|SCALE", default_value = "none", value_parser = latency)]
    pub latency: f64,
}

/// The time that answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChoice {
    /// As recorded.
    Recorded,
    /// Shifted to the present.
    Now,
    /// Shifted to this time.
    Frozen(Timestamp),
}

impl FromStr for ClockChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("frozen:")) {
            ("recorded", _) => Ok(Self::Recorded),
            ("now", _) => Ok(Self::Now),
            (_, Some(time)) => parse_rfc3339(time).map(Self::Frozen).map_err(|error| {
                format!("{error}; write a time as RFC 3339 does, as in frozen:2030-01-01T00:00:00Z")
            }),
            _ => Err("write recorded, now or frozen:T, as in frozen:2030-01-01T00:00:00Z".to_owned()),
        }
    }
}

/// The share of the recorded durations.
fn latency(text: &str) -> Result<f64, String> {
    match text {
        "none" => Ok(0.0),
        "recorded" => Ok(1.0),
        _ => {
            let scale = text.parse().ok().filter(|scale: &f64| *scale >= 0.0 && scale.is_finite());
            scale.ok_or_else(|| "write none, recorded, or a number of 0 or more, as 0.5 or 2".to_owned())
        }
    }
}
