//! What a handler does beside its answer: entities, the clock, passcodes, the log.

use data_encoding::BASE32_NOPAD;
use rhai::{Dynamic, Engine, EvalAltResult, INT, Map};
use serde_json::Value;
use totp_rs::Builder;

use super::text_of;
use crate::clock::Timestamp;
use crate::scenario::call;
use crate::scenario::error::fail;
use crate::scenario::json::{Json, show, to_json, type_name};
use crate::scenario::overlay::{Overlay, Overlays};
use crate::scenario::time::{Time, span};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Seconds that a time-based passcode is good for (RFC 6238 §4.1).
const STEP: u64 = 30;

fn entity(id: &str, patch: &Dynamic) -> Fallible<()> {
    if !patch.is_map() && !patch.is::<Json>() {
        return Err(fail(format!("entity(id, patch): the patch is a map, not {}", type_name(patch))));
    }
    match serde_json::from_str(&to_json(patch)?) {
        Ok(Value::Object(patch)) => overlay(id, Overlay::Patch(patch)),
        _ => Err(fail("entity(id, patch): the patch is an object of JSON, and not a list".to_owned())),
    }
}

fn overlay(id: &str, overlay: Overlay) -> Fallible<()> {
    if id.is_empty() {
        return Err(fail("entity: the id is empty".to_owned()));
    }
    call::run(|running| {
        let mut one = Overlays::default();
        if one.add(id, overlay) && running.overlays.join(one) {
            return Ok(());
        }
        Err(fail("the scenarios of this session changed more entities than can be kept".to_owned()))
    })
}

/// What was made of the entity is over, from the next answer on.
fn entity_reset(id: &str) -> Fallible<()> {
    call::run(|running| {
        let id = id.to_owned();
        running.overlays.forget([&id]);
        running.restored.insert(id);
        Ok(())
    })
}

fn clock_advance(by: &str) -> Fallible<()> {
    let by = span(by)?;
    call::run(|running| {
        running.advanced = running.advanced.saturating_add(by);
        running.clocks.advance(by);
        Ok(())
    })
}

/// The bytes of a secret as authenticator apps take it: base32 (RFC 4648 §6), in any case, padded or not.
fn secret_of(text: &str) -> Fallible<Vec<u8>> {
    let bare: String =
        text.chars().filter(|char| !char.is_whitespace() && *char != '=' && *char != '-').collect();
    let bytes = BASE32_NOPAD.decode(bare.to_ascii_uppercase().as_bytes());
    bytes.ok().filter(|bytes| !bytes.is_empty()).ok_or_else(|| {
        fail("the secret is not base32: letters A to Z and digits 2 to 7, as in an otpauth:// URL".to_owned())
    })
}

/// The passcode of a counter (RFC 4226); a time-based one is that of the number of its time step.
fn code_at(secret: &[u8], counter: u64) -> String {
    let totp = Builder::new().with_secret(secret.to_vec()).with_step_duration(STEP).build_noncompliant();
    totp.generate(counter.saturating_mul(STEP)).to_string()
}

fn step(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or_default() / STEP
}

fn totp(secret: &str) -> Fallible<String> {
    let secret = secret_of(secret)?;
    call::run(|running| Ok(code_at(&secret, step(running.clocks.wall()))))
}

/// Whether a code is that of this time step or of a neighbour, as RFC 6238 §5.2 advises.
fn totp_valid(secret: &str, code: &Dynamic) -> Fallible<bool> {
    let secret = secret_of(secret)?;
    let Some(code) = text_of(code) else {
        return Err(fail(format!("a passcode is a text of six digits, not {}", type_name(code))));
    };
    let now = call::run(|running| Ok(step(running.clocks.wall())))?;
    Ok([now.saturating_sub(1), now, now.saturating_add(1)].iter().any(|&step| code_at(&secret, step) == code))
}

fn hotp(secret: &str, counter: INT) -> Fallible<String> {
    let counter = u64::try_from(counter);
    let counter = counter.map_err(|_| fail("hotp: a counter is 0 or more".to_owned()))?;
    Ok(code_at(&secret_of(secret)?, counter))
}

/// Longest text of one line of the log, in characters.
const LONGEST_LINE: usize = 2000;

/// Writes a line to the program's log.
pub(super) fn log(text: &str) -> Fallible<()> {
    call::logs()?;
    let cut = text.char_indices().nth(LONGEST_LINE).map_or(text, |(end, _)| &text[..end]);
    let about = call::run(|running| {
        let request = format!("{} {}", running.request.method, running.request.shown_path());
        Ok((running.handler.scenario.name.clone(), running.session.to_string(), request))
    });
    if let Ok((scenario, session, request)) = about {
        tracing::info!(%scenario, %session, %request, "{cut}");
    } else {
        tracing::info!("{cut}");
    }
    Ok(())
}

/// Makes the functions known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("entity", |id: &str, patch: Dynamic| entity(id, &patch));
    engine.register_fn("entity", |id: &str, patch: Map| entity(id, &patch.into()));
    engine.register_fn("entity_gone", |id: &str| overlay(id, Overlay::Gone));
    engine.register_fn("entity_reset", entity_reset);
    engine.register_fn("now", || call::run(|running| Ok(Time(running.clocks.now()))));
    engine.register_fn("clock_advance", clock_advance);
    engine.register_fn("totp", totp);
    engine.register_fn("totp_valid", |secret: &str, code: Dynamic| totp_valid(secret, &code));
    engine.register_fn("hotp", hotp);
    engine.register_fn("log", |value: Dynamic| log(&show(&value)));
}
