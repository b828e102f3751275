//! How long a replay's clients wait.

use clap::Args;

/// What was typed about time.
#[derive(Debug, Args)]
pub struct TimeArgs {
    /// How long answers wait: not at all, as long as they took when they were recorded, or that times a number, as 0.5.
    #[arg(long, value_name = "none|recorded|SCALE", default_value = "none", value_parser = latency)]
    pub latency: f64,
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
