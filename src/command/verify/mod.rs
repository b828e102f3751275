//! `overdub verify`: asks a live API again what was recorded, and tells what has changed since.
//!
//! `send` sends, `walk` decides what is sent and compares what comes, `report` tells it.

mod report;
mod send;
mod walk;

use std::io::{self, BufWriter, Write as _};

use bytes::Bytes;

use super::Failure;
use super::changes::severity;
use super::chosen::{cassettes, profile_of};
use crate::cassette::Cassette;
use crate::cli::VerifyArgs;
use crate::config::VerifyConfig;
use crate::http::percent_decoded;
use crate::launch::Reached;
use crate::profile::Mask;
use report::{Report, Verified};
use send::Sender;
use walk::{Subject, Walk};

pub(super) async fn run(args: VerifyArgs) -> Result<(), Failure> {
    let config = VerifyConfig::of(args).map_err(Failure::usage)?;
    let cassettes = cassettes(&config.cassettes)?;
    let stray = config.bindings.keys().find(|recorded| !cassettes.iter().any(|own| is_sent(own, recorded)));
    if let Some(recorded) = stray {
        let what =
            "no request of the cassette holds it; `overdub cassette show NAME --full` shows what they hold";
        return Err(Failure::usage(format_args!("--bind {recorded}: {what}")));
    }
    let mut report = Report::default();
    for cassette in &cassettes {
        report.cassettes.push(verified(cassette, &config).await?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    // Nobody reads on when stdout is closed; what came of it is in the exit code.
    let _ = if config.json { report.json(&mut out) } else { report.text(&mut out) };
    let _ = out.flush();
    drop(out);
    report.log();
    report.verdict(severity(config.fail_on))
}

/// Whether a request of the cassette holds this, or may, since it is a stand-in.
fn is_sent(cassette: &Cassette, recorded: &str) -> bool {
    cassette.interactions.iter().any(|own| {
        let in_body = |body: &Bytes| memchr::memmem::find(body, recorded.as_bytes()).is_some();
        own.stand_ins.iter().any(|(stand_in, _)| stand_in == recorded)
            || memchr::memmem::find(&percent_decoded(own.request.url.as_bytes()), recorded.as_bytes())
                .is_some()
            || own.request.body.bytes().is_some_and(in_body)
    })
}

/// Asks for what one cassette holds. An org that is built in is a new one for each.
async fn verified(cassette: &Cassette, config: &VerifyConfig) -> Result<Verified, Failure> {
    let profile = profile_of(config.profile.as_deref(), &cassette.header)?;
    let mask = Mask::new(&profile);
    let reached = Reached::of(&config.upstream).await?;
    let Some(origin) = &reached.origin else {
        return Err(Failure::usage("--upstream is missing: give the API's URL, or `sandbox`"));
    };
    let subject = Subject::of(cassette, &profile, &mask);
    let sender = Sender::new(&reached.upstream, origin, &config.headers, config.upstream.options.timeout);
    let outcomes = Walk::new(&subject, &sender, config).run().await;
    if let Some(org) = reached.sandbox {
        org.stop().await;
    }
    Ok(Verified::of(cassette, outcomes, &mask))
}
