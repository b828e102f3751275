//! What a file says while it is loaded: its title and parameters, its handlers, what else it needs.

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};

use crate::scenario::call;
use crate::scenario::error::{fail, listed};
use crate::scenario::handler::Phase;
use crate::scenario::json::to_json;
use crate::scenario::load::{Loading, Registered, Requirement};
use crate::scenario::params::{Params, fitting, type_of, typed};
use crate::scenario::route::Pattern;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

fn describe(title: &str, options: Map) -> Fallible<()> {
    let mut params = Params::new();
    let mut state = None;
    for (name, value) in options {
        let value = value.flatten();
        if name == "state" {
            if !value.is_map() {
                return Err(fail("describe: state is a map: state: #{ seen: 0 }".to_owned()));
            }
            state = Some(to_json(&value)?);
        } else if type_of(&value).is_some() {
            params.insert(name.to_string(), value);
        } else {
            let why = "a parameter's default is true or false, a number, a text, a list or a map";
            return Err(fail(format!("describe: {name}: {why}")));
        }
    }
    call::load(|loading| {
        loading.in_file("describe")?;
        if loading.title.is_some() {
            return Err(fail("describe was called before: a file has one description".to_owned()));
        }
        override_params(loading, &mut params);
        loading.title = Some(title.to_owned());
        loading.params = params;
        loading.state = state;
        Ok(())
    })
}

/// Puts in place of defaults what a requiring scenario gives, then what was set from outside.
fn override_params(loading: &mut Loading, params: &mut Params) {
    // What does not fit is told once the file has run, where the requiring one says it.
    for (name, value) in &loading.given {
        if let Some(default) = params.get_mut(name.as_str())
            && let Some(value) = fitting(default, value)
        {
            *default = value;
        }
    }
    loading.defaults.clone_from(params);
    for setting in loading.settings.iter().filter(|setting| setting.is_for(&loading.source.name)) {
        if let Some(default) = params.get_mut(&setting.name) {
            match typed(default, &setting.value) {
                Some(value) => *default = value,
                None => loading.misfits.push(setting.clone()),
            }
        }
    }
}

fn on(context: &NativeCallContext<'_>, phase: Phase, route: &str, function: &FnPtr) -> Fallible<()> {
    let pattern = Pattern::parse(route).map_err(fail)?;
    let global = context.global_runtime_state().clone();
    let line = context.call_position().line().unwrap_or(0);
    call::load(|loading| {
        loading.in_file(phase.name())?;
        loading.handlers.push(Registered {
            phase,
            route: route.to_owned(),
            pattern,
            function: function.clone(),
            global,
            line,
            position: context.call_position(),
        });
        Ok(())
    })
}

fn require(context: &NativeCallContext<'_>, name: &str, given: Map) -> Fallible<()> {
    let position = context.call_position();
    call::load(|loading| {
        loading.in_file("require")?;
        loading.requires.push(Requirement { name: name.to_owned(), given, position });
        Ok(())
    })
}

/// The value of a parameter, while the file is loaded or in a handler of it.
fn param(name: &str) -> Fallible<Dynamic> {
    let find = |params: &Params| {
        params.get(name).cloned().ok_or_else(|| {
            let known: Vec<&String> = params.keys().collect();
            fail(format!("there is no parameter `{name}`; describe names: {}", listed(&known)))
        })
    };
    if call::is_running() {
        call::run(|running| find(&running.handler.scenario.params))
    } else {
        call::load(|loading| find(&loading.params))
    }
}

/// Makes the functions known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("describe", |title: &str| describe(title, Map::new()));
    engine.register_fn("describe", describe);
    engine.register_fn("param", param);
    engine.register_fn("require", |context: NativeCallContext<'_>, name: &str| {
        require(&context, name, Map::new())
    });
    engine.register_fn("require", |context: NativeCallContext<'_>, name: &str, given: Map| {
        require(&context, name, given)
    });
    engine.register_fn("on_request", |context: NativeCallContext<'_>, route: &str, function: FnPtr| {
        on(&context, Phase::Request, route, &function)
    });
    engine.register_fn("on_response", |context: NativeCallContext<'_>, route: &str, function: FnPtr| {
        on(&context, Phase::Response, route, &function)
    });
}
