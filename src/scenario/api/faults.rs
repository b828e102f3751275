//! Faults and latencies, as scripts make them.

use std::time::Duration;

use rhai::{Engine, EvalAltResult, FLOAT, INT};

use crate::fault::{Fault, Latency, WireFault, parse_duration};
use crate::scenario::call;
use crate::scenario::error::fail;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

fn time(text: &str) -> Fallible<Duration> {
    parse_duration(text).map_err(|error| fail(error.to_string()))
}

fn latency(latency: Latency) -> Fallible<Latency> {
    latency.checked().map_err(|error| fail(error.to_string()))
}

/// Bytes, or another count from 0 on.
fn count(function: &str, number: INT) -> Fallible<u64> {
    u64::try_from(number).map_err(|_| fail(format!("{function}({number}): give 0 or more")))
}

fn at_least_one<T: TryFrom<INT>>(function: &str, number: INT) -> Fallible<T> {
    let fits = (number > 0).then(|| T::try_from(number).ok()).flatten();
    fits.ok_or_else(|| fail(format!("{function}({number}): give 1 or more")))
}

#[allow(clippy::cast_precision_loss, reason = "what a person writes as a parameter is small")]
fn float(number: INT) -> FLOAT {
    number as FLOAT
}

/// Makes faults and latencies known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Fault>("fault");
    engine.register_type_with_name::<Latency>("latency");
    engine.register_fn("to_string", |fault: &mut Fault| format!("{}()", fault.name()));
    register_latencies(engine);
    engine.register_fn("delay", |by: &str| Ok::<_, Box<EvalAltResult>>(Fault::Delay(time(by)?)));
    engine.register_fn("throttle", |rate: INT| {
        at_least_one("throttle", rate).map(|bytes_per_second| Fault::Throttle { bytes_per_second })
    });
    engine.register_fn("dribble", |chunks: INT, over: &str| {
        Ok::<_, Box<EvalAltResult>>(Fault::Dribble {
            chunks: at_least_one("dribble", chunks)?,
            over: time(over)?,
        })
    });
    for (name, fault) in [
        ("hang", WireFault::Hang),
        ("empty_reply", WireFault::EmptyReply),
        ("reset", WireFault::Reset),
        ("malformed_chunk", WireFault::MalformedChunk),
        ("close_after", WireFault::CloseAfter),
        ("refuse", WireFault::Refuse(1)),
        ("tls_failure", WireFault::TlsFailure(1)),
        ("h2_goaway", WireFault::H2Goaway),
    ] {
        engine.register_fn(name, move || Fault::Wire(fault));
    }
    engine.register_fn("garbage", || {
        call::run(|running| Ok(Fault::Wire(WireFault::Garbage { seed: running.ids().next() })))
    });
    let bytes = |name: &'static str, make: fn(u64) -> WireFault| {
        move |number: INT| count(name, number).map(|number| Fault::Wire(make(number)))
    };
    engine.register_fn("reset_after", bytes("reset_after", WireFault::ResetAfter));
    engine.register_fn("truncate", bytes("truncate", WireFault::Truncate));
    engine.register_fn("wrong_length", bytes("wrong_length", WireFault::WrongLength));
    engine.register_fn("refuse", |connections: INT| {
        at_least_one("refuse", connections).map(|connections| Fault::Wire(WireFault::Refuse(connections)))
    });
    engine.register_fn("tls_failure", |handshakes: INT| {
        at_least_one("tls_failure", handshakes)
            .map(|handshakes| Fault::Wire(WireFault::TlsFailure(handshakes)))
    });
    engine.register_fn("h2_reset", |code: INT| {
        let code = u32::try_from(code);
        code.map(|code| Fault::Wire(WireFault::H2Reset(code)))
            .map_err(|_| fail("h2_reset: an error code is a number of 32 bits (RFC 9113 §7)".to_owned()))
    });
}

fn register_latencies(engine: &mut Engine) {
    engine.register_fn("uniform", |from: &str, to: &str| latency(Latency::Uniform(time(from)?, time(to)?)));
    engine.register_fn("normal", |mean: &str, deviation: &str| {
        latency(Latency::Normal(time(mean)?, time(deviation)?))
    });
    engine.register_fn("lognormal", |median: &str, sigma: FLOAT| {
        latency(Latency::Lognormal(time(median)?, sigma))
    });
    engine.register_fn("lognormal", |median: &str, sigma: INT| {
        latency(Latency::Lognormal(time(median)?, float(sigma)))
    });
    engine.register_fn("pareto", |least: &str, alpha: FLOAT| latency(Latency::Pareto(time(least)?, alpha)));
    engine.register_fn("pareto", |least: &str, alpha: INT| {
        latency(Latency::Pareto(time(least)?, float(alpha)))
    });
}
