//! What scripts can say: the types and functions of the engine, by subject.
//!
//! Functions report what is wrong through [`fail`](super::error::fail), and the engine adds the place in the script.

mod answers;
mod chance;
mod faults;
mod headers;
mod plain;
mod request;
mod response;
mod setup;
mod world;

pub(super) use request::Req;
pub(super) use response::Res;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage,
    BasicMapPackage, BasicMathPackage, BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, ImmutableString, Module};

use super::{json, limits, time};

/// An engine that knows everything a scenario may say, and nothing of files, sockets, threads or clocks.
pub(super) fn engine(limits: &limits::Limits) -> Engine {
    let mut engine = Engine::new_raw();
    // Package by package: the whole standard library has `sleep`, `exit` and a clock of its own. All in one module: a
    // call looks each function up anew, and looks through every module for it.
    let mut standard = Module::new();
    ArithmeticPackage::init(&mut standard);
    LogicPackage::init(&mut standard);
    BasicStringPackage::init(&mut standard);
    MoreStringPackage::init(&mut standard);
    BasicIteratorPackage::init(&mut standard);
    BasicFnPackage::init(&mut standard);
    BasicArrayPackage::init(&mut standard);
    BasicBlobPackage::init(&mut standard);
    BasicMapPackage::init(&mut standard);
    BasicMathPackage::init(&mut standard);
    json::init(&mut standard);
    // Else each look goes through all functions of all packages, one by one, which costs more than all other work.
    standard.register_lazy_functions();
    standard.build_index();
    engine.register_global_module(standard.into());
    limits::harden(&mut engine, limits);
    json::register(&mut engine);
    time::register(&mut engine);
    plain::register(&mut engine);
    request::register(&mut engine);
    headers::register(&mut engine);
    response::register(&mut engine);
    answers::register(&mut engine);
    chance::register(&mut engine);
    faults::register(&mut engine);
    world::register(&mut engine);
    setup::register(&mut engine);
    // These two cannot fail: beyond the most lines they write no more.
    engine.on_print(|text| drop(world::log(text)));
    engine.on_debug(|text, _, position| drop(world::log(&format!("{position}: {text}"))));
    engine
}

/// A text, if a value is one.
fn text_of(value: &Dynamic) -> Option<String> {
    value.read_lock::<ImmutableString>().map(|text| text.to_string())
}
