//! When: predicates on the number of the call and on time, and chance that can be repeated.

use rhai::{Array, Dynamic, Engine, EvalAltResult, FLOAT, INT};

use crate::fault::unit;
use crate::scenario::call;
use crate::scenario::error::fail;
use crate::scenario::json::Json;
use crate::scenario::time::span;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Judges the number of this call, from 1.
fn counted(wanted: INT, judge: impl FnOnce(u64, u64) -> bool) -> Fallible<bool> {
    let wanted = u64::try_from(wanted).ok().filter(|&wanted| wanted > 0);
    let wanted = wanted.ok_or_else(|| fail("calls are counted from 1: give a number above 0".to_owned()))?;
    call::run(|running| Ok(judge(running.nth, wanted)))
}

fn between(from: &str, to: &str) -> Fallible<bool> {
    let (from, to) = (span(from)?, span(to)?);
    if to < from {
        return Err(fail("between(from, to): `to` is before `from`".to_owned()));
    }
    call::run(|running| Ok((from..to).contains(&running.clocks.elapsed())))
}

fn chance(probability: FLOAT) -> Fallible<bool> {
    if !(0.0..=1.0).contains(&probability) {
        return Err(fail(format!("chance({probability}): a probability is a number from 0 to 1")));
    }
    call::run(|running| Ok(unit(running.chance().next()) < probability))
}

fn pick(list: &Array) -> Fallible<Dynamic> {
    let length = u64::try_from(list.len()).unwrap_or(u64::MAX);
    if length == 0 {
        return Err(fail("pick: the list is empty".to_owned()));
    }
    let place = call::run(|running| Ok(running.chance().below(length)))?;
    Ok(usize::try_from(place).ok().and_then(|place| list.get(place).cloned()).unwrap_or_default())
}

/// An integer from `from` to `to`, both included.
fn random(from: INT, to: INT) -> Fallible<INT> {
    let width = to
        .checked_sub(from)
        .and_then(|width| u64::try_from(width).ok())
        .and_then(|width| width.checked_add(1));
    let width =
        width.ok_or_else(|| fail(format!("random({from}, {to}): the second is less than the first")))?;
    let drawn = call::run(|running| Ok(running.chance().below(width)))?;
    Ok(INT::try_from(drawn).ok().and_then(|drawn| from.checked_add(drawn)).unwrap_or(to))
}

fn random_float(from: FLOAT, to: FLOAT) -> Fallible<FLOAT> {
    if !(from.is_finite() && to.is_finite() && from <= to) {
        return Err(fail(format!("random({from}, {to}): the second is less than the first")));
    }
    call::run(|running| Ok(from + (to - from) * unit(running.chance().next())))
}

/// Makes the functions known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("nth", |n: INT| counted(n, |call, wanted| call == wanted));
    engine.register_fn("every", |n: INT| counted(n, |call, wanted| call % wanted == 0));
    engine.register_fn("first", |n: INT| counted(n, |call, wanted| call <= wanted));
    engine.register_fn("after", |n: INT| match n {
        0 => Ok(true),
        n => counted(n, |call, wanted| call > wanted),
    });
    engine.register_fn("between", between);
    engine.register_fn("chance", chance);
    engine.register_fn("chance", |certain: INT| match certain {
        0 => chance(0.0),
        1 => chance(1.0),
        other => Err(fail(format!("chance({other}): a probability is a number from 0 to 1"))),
    });
    engine.register_fn("pick", |list: Array| pick(&list));
    engine.register_fn("pick", |mut list: Json| pick(&list.values()?));
    engine.register_fn("random", random);
    engine.register_fn("random", random_float);
}
