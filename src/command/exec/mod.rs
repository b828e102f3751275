//! `overdub exec`: a command, with a proxy set up for it for as long as it runs.
//!
//! The proxy is started, the command's `environment` says where it is, the `child` has our terminal, and `signals` are
//! its own. Then the `verdict`: the command's exit code goes first, and behind it come the checks, told on stderr
//! (`summary`) and in files (`report`). Nothing goes to stdout: that is the command's.

mod child;
mod environment;
mod report;
mod signals;
mod summary;
mod verdict;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use self::environment::Reachable;
use self::signals::Signals;
use self::verdict::{Required, Run};
use super::Failure;
use crate::cassette::{is_being_recorded, is_recorded};
use crate::cli::ExecArgs;
use crate::clock::{Clock, Stopwatch};
use crate::config::{ExecConfig, Renewal, RunConfig, ServeConfig, UpstreamChoice};
use crate::journal::Account;
use crate::launch::{Ended, LaunchError, Launched};
use crate::profile::Mask;

/// How often a cassette that somebody else records is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A proxy that runs, and what of its settings is asked about.
struct Started {
    launched: Launched,
    serve: ServeConfig,
    mask: Mask,
    require_fired: bool,
    is_sandbox: bool,
}

/// Runs a command with a proxy.
pub(super) async fn run(args: ExecArgs, renewal: Renewal) -> Result<(), Failure> {
    let config = ExecConfig::of(&args).map_err(Failure::usage)?;
    let mut signals =
        Signals::new().map_err(|error| Failure::usage(format_args!("cannot catch signals: {error}")))?;
    let started = tokio::select! {
        biased;
        signal = signals.next() => return Err(Failure::Ran(signal.exit_code())),
        started = start(args, &config, renewal) => started?,
    };
    let Started { launched, serve, mask, require_fired, is_sandbox } = started;
    let facts = launched.facts().clone();
    let reachable = Reachable { facts: &facts, serve: &serve, is_safe: facts.mode == "replay" || is_sandbox };
    let variables = reachable.variables(&config.environment, |name| std::env::var_os(name))?;

    let (began, watch) = (Clock::Wall.now(), Stopwatch::start());
    let ran = child::run(&config.command, &variables, &mut signals).await;
    let took = watch.elapsed();
    let Ended { proxy, recorded, broken, unlogged } = launched.stop().await;
    let run = Run {
        command: shown(&config, &mask),
        ended: ran?,
        mode: facts.mode,
        upstream: facts.upstream,
        began,
        took,
        tallied: proxy.account().map(Account::read).unwrap_or_default(),
        cassettes: proxy.player().and_then(|player| player.used()).unwrap_or_default(),
        handlers: proxy.scenarios().map(|scenarios| scenarios.report()).unwrap_or_default(),
        recorded,
        broken,
        required: Required { used: config.require_used, fired: require_fired },
    };
    let mut unwritten = report::write(&run, &config.reports);
    unwritten.extend(unlogged);
    let mut told = summary::summary(&run, &config.reports);
    told.extend(unwritten.iter().map(|problem| format!("error: {problem}\n")));
    // Nobody is left to tell when stderr is closed.
    let _ = std::io::stderr().lock().write_all(told.as_bytes());
    match run.exit_code() {
        0 if unwritten.is_empty() => Ok(()),
        0 => Err(Failure::Ran(1)),
        code => Err(Failure::Ran(code)),
    }
}

/// Starts the proxy. With `--mode once`, of several that come at once one records; the others wait, and replay.
async fn start(args: ExecArgs, config: &ExecConfig, renewal: Renewal) -> Result<Started, Failure> {
    let Some((cassette, wait)) = &config.once else {
        let own = RunConfig::exec(args).map_err(Failure::usage)?;
        return Ok(launch(own, renewal).await?);
    };
    let waited = Stopwatch::start();
    until_recorded(cassette, *wait, waited).await?;
    let (mut own, mut renewal) = (RunConfig::exec(args).map_err(Failure::usage)?, renewal);
    loop {
        let records = own.keep.is_some();
        // Somebody else may have been faster: what he has recorded so far is not all of it.
        if records || !is_being_recorded(cassette) {
            match launch(own, renewal.clone()).await {
                Err(_) if records && (is_being_recorded(cassette) || is_recorded(cassette)) => {}
                ended => return Ok(ended?),
            }
        }
        until_recorded(cassette, *wait, waited).await?;
        let renewed = renewal.renew().map_err(Failure::usage)?;
        (own, renewal) = (renewed.run, renewed.from);
    }
}

async fn launch(config: RunConfig, renewal: Renewal) -> Result<Started, LaunchError> {
    let (serve, mask) = (config.serve.clone(), Mask::new(&config.profile));
    let require_fired = config.scenarios.require_fired;
    let choice = config.upstream.as_ref().and_then(|upstream| upstream.choice.as_ref());
    let is_sandbox = choice == Some(&UpstreamChoice::Sandbox);
    let launched = Launched::start(config, Some(renewal)).await?;
    Ok(Started { launched, serve, mask, require_fired, is_sandbox })
}

/// Waits while somebody records the cassette.
async fn until_recorded(cassette: &Path, wait: Duration, waited: Stopwatch) -> Result<(), Failure> {
    let mut is_told = false;
    while is_being_recorded(cassette) {
        let path = cassette.display();
        if waited.elapsed() >= wait {
            let wait = humantime::format_duration(wait);
            return Err(Failure::usage(format_args!(
                "{path}: another overdub still records it after {wait}; --wait allows longer"
            )));
        }
        if !std::mem::replace(&mut is_told, true) {
            tracing::warn!("{path}: another overdub records it; waiting until it is done");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// The command as it would be typed, without secrets.
fn shown(config: &ExecConfig, mask: &Mask) -> String {
    let words = config.command.iter().map(|word| {
        let word = word.to_string_lossy();
        let is_plain = |own: char| own.is_alphanumeric() || "-_./:=,@%+".contains(own);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    // What a client shows to an API is nobody else's.
    let token = std::env::var("OKTA_CLIENT_TOKEN").ok().filter(|token| token.len() >= 8);
    let line = token.map_or(line.clone(), |token| line.replace(&token, "(hidden)"));
    mask.line(&line).into_owned()
}
