//! From files to handlers: each file is compiled and run once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rhai::{Dynamic, FnPtr, GlobalRuntimeState, Map, Module, Position, Scope, Shared};

use super::call::{self, Call};
use super::draw::hash_of;
use super::engine::Engine;
use super::error::{ScenarioError, ScriptError, fail, listed};
use super::functions::{Function, Functions};
use super::handler::{Account, Captured, Handler, Phase};
use super::json::{Parsed, properties, show};
use super::library::{Library, Source};
use super::literal::Literal;
use super::okta;
use super::params::{Params, Setting, SettingError, all_described, misgiven, type_of};
use super::resolved::Resolved;
use super::route::Pattern;

/// A scenario that is loaded.
pub struct Scenario {
    /// Its name, by which it is switched on.
    pub name: String,
    /// What it says it plays; its name, if it says nothing.
    pub title: String,
    pub(super) source: Arc<Source>,
    pub(super) params: Params,
    pub(super) defaults: Params,
    /// What `state` begins as in each session.
    pub(super) initial: Arc<Parsed>,
}

/// A parameter of a scenario, for who lists them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is, as its default says: `an integer`.
    pub kind: &'static str,
    /// What the file gives it.
    pub default: String,
    /// What is in force.
    pub value: String,
}

impl Scenario {
    /// Where its file is, as messages say it.
    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// Whether it is built in.
    pub fn is_shipped(&self) -> bool {
        self.source.shipped
    }

    /// Its parameters, by name.
    pub fn parameters(&self) -> Vec<Parameter> {
        let described = self.params.iter().map(|(name, value)| Parameter {
            name: name.clone(),
            kind: type_of(value).unwrap_or_default(),
            default: self.defaults.get(name).map(show).unwrap_or_default(),
            value: show(value),
        });
        described.collect()
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A handler as the file registers it.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) phase: Phase,
    pub(super) route: String,
    pub(super) pattern: Pattern,
    pub(super) function: FnPtr,
    pub(super) global: GlobalRuntimeState,
    pub(super) line: usize,
    pub(super) position: Position,
}

/// `require("other")`.
#[derive(Debug)]
pub(super) struct Requirement {
    pub(super) name: String,
    pub(super) given: Map,
    pub(super) position: Position,
}

/// A file that is run, and what it has said so far.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) source: Arc<Source>,
    pub(super) library: Arc<Library>,
    pub(super) settings: Vec<Setting>,
    /// Parameters that a requiring scenario sets.
    pub(super) given: Map,
    pub(super) title: Option<String>,
    pub(super) params: Params,
    pub(super) defaults: Params,
    /// As JSON.
    pub(super) state: Option<String>,
    pub(super) handlers: Vec<Registered>,
    pub(super) requires: Vec<Requirement>,
    /// Settings whose value is of another type than the default.
    pub(super) misfits: Vec<Setting>,
    /// Files that are being imported, the innermost last.
    pub(super) importing: Vec<String>,
    pub(super) functions: Functions,
    pub(super) modules: HashMap<String, Shared<Module>>,
    /// Functions for the properties that the file names.
    properties: Shared<Module>,
}

impl Loading {
    /// An error for what only a scenario's own file may say.
    pub(super) fn in_file(&self, function: &str) -> Result<(), Box<rhai::EvalAltResult>> {
        match self.importing.last() {
            None => Ok(()),
            Some(file) => Err(fail(format!(
                "{function} is called in {file}.rhai, which is imported: an import brings functions only; \
                 to play it too, write require(\"{file}\")"
            ))),
        }
    }
}

/// Where a scenario requires another one.
type Place<'a> = (&'a Source, Position);

/// Everything that several scenarios are together.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) scenarios: Vec<Arc<Scenario>>,
    pub(super) handlers: Vec<Arc<Handler>>,
}

/// Loads scenarios one after the other, and before each the ones that it requires.
pub(super) struct Loader<'a> {
    pub(super) engine: &'a Engine,
    pub(super) library: &'a Arc<Library>,
    /// Those that must be for one of the scenarios.
    own: &'a [Setting],
    /// Those that others may be meant by; what `own` says counts more.
    common: &'a [Setting],
    pub(super) loaded: Loaded,
    /// Scenarios that wait for what they require, the innermost last.
    waiting: Vec<String>,
    misfits: Vec<Setting>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        library: &'a Arc<Library>,
        own: &'a [Setting],
        common: &'a [Setting],
    ) -> Self {
        Self {
            engine,
            library,
            own,
            common,
            loaded: Loaded::default(),
            waiting: Vec::new(),
            misfits: Vec::new(),
        }
    }

    /// Loads one, unless it is there.
    pub(super) fn add(&mut self, name: &str) -> Result<(), ScenarioError> {
        self.add_with(name, Map::new(), None)
    }

    /// The same, with parameters that another scenario sets, and where it does.
    fn add_with(&mut self, name: &str, given: Map, by: Option<Place<'_>>) -> Result<(), ScenarioError> {
        if self.loaded.scenarios.iter().any(|scenario| scenario.name == name) {
            return Ok(());
        }
        let Some(source) = self.library.get(name).cloned() else {
            let known = listed(&self.library.names());
            return Err(ScenarioError::Unknown { name: name.to_owned(), known });
        };
        let loading = self.run(&source, given)?;
        if let (Some((by, position)), Some(why)) = (by, misgiven(name, &loading.defaults, &loading.given)) {
            return Err(Box::new(ScriptError::new(by, position, why)).into());
        }
        self.waiting.push(name.to_owned());
        for requirement in &loading.requires {
            let failed = |message| Box::new(ScriptError::new(&source, requirement.position, message));
            if self.waiting.contains(&requirement.name) {
                let circle = format!("{} → {}", self.waiting.join(" → "), requirement.name);
                return Err(failed(format!("scenarios require each other in a circle: {circle}")).into());
            }
            let by = Some((&*source, requirement.position));
            match self.add_with(&requirement.name, requirement.given.clone(), by) {
                Err(ScenarioError::Unknown { name, known }) => {
                    return Err(failed(format!(
                        "there is no scenario `{name}` to require; known are: {known}"
                    ))
                    .into());
                }
                other => other?,
            }
        }
        self.waiting.pop();
        self.keep(&source, loading)?;
        Ok(())
    }

    /// Compiles a file, and runs it.
    fn run(&self, source: &Arc<Source>, given: Map) -> Result<Loading, Box<ScriptError>> {
        if source.text.trim().is_empty() {
            let message = "the file is empty: is it being saved?".to_owned();
            return Err(Box::new(ScriptError::new(source, Position::NONE, message)));
        }
        let mut ast =
            self.engine.rhai.compile(&source.text).map_err(|error| ScriptError::of_parse(source, &error))?;
        ast.set_source(source.name.as_str());
        let literals = Literal::all(&ast);
        for literal in literals.iter().filter(|literal| literal.function == "okta_error") {
            okta::known(&literal.text).map_err(|why| ScriptError::new(source, literal.position, why))?;
        }
        let loading = Loading {
            source: Arc::clone(source),
            library: Arc::clone(self.library),
            settings: [self.common, self.own].concat(),
            given,
            title: None,
            params: Params::new(),
            defaults: Params::new(),
            state: None,
            handlers: Vec::new(),
            requires: Vec::new(),
            misfits: Vec::new(),
            importing: Vec::new(),
            functions: Functions::of(&ast),
            modules: HashMap::new(),
            properties: properties(&ast).into(),
        };
        let limits = &self.engine.limits;
        let operations = limits.operations;
        let (result, call) = call::enter(Call::Load(Box::new(loading)), limits.load, operations, || {
            let run = || self.engine.rhai.run_ast_with_scope(&mut Scope::new(), &ast);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            result.unwrap_or_else(|_| Err(fail("the script engine failed inside".to_owned())))
        });
        result.map_err(|error| ScriptError::of_run(self.library, source, &error))?;
        let Some(Call::Load(loading)) = call else {
            let message = "the script engine failed inside".to_owned();
            return Err(Box::new(ScriptError::new(source, Position::NONE, message)));
        };
        for literal in literals.iter().filter(|literal| literal.function == "param") {
            if !loading.params.contains_key(&literal.text) {
                let known: Vec<&String> = loading.params.keys().collect();
                let what =
                    format!("there is no parameter `{}`; describe names: {}", literal.text, listed(&known));
                return Err(Box::new(ScriptError::new(source, literal.position, what)));
            }
        }
        check_functions(source, &loading)?;
        Ok(*loading)
    }

    fn keep(&mut self, source: &Arc<Source>, loading: Loading) -> Result<(), Box<ScriptError>> {
        let state = loading.state.unwrap_or_else(|| "{}".to_owned());
        let initial = Parsed::new(state)
            .map_err(|error| ScriptError::new(source, Position::NONE, format!("state: {error}")))?;
        self.misfits.extend(loading.misfits);
        let scenario = Arc::new(Scenario {
            name: source.name.clone(),
            title: loading.title.unwrap_or_else(|| source.name.clone()),
            source: Arc::clone(source),
            params: loading.params,
            defaults: loading.defaults,
            initial: Arc::new(initial),
        });
        let mut seen: HashMap<(Phase, String), usize> = HashMap::new();
        for mut registered in loading.handlers {
            registered.global.lib.push(Shared::clone(&loading.properties));
            let number = seen.entry((registered.phase, registered.route.clone())).or_default();
            *number += 1;
            self.loaded.handlers.push(Arc::new(handler(&scenario, registered, &loading.functions, *number)));
        }
        self.loaded.scenarios.push(scenario);
        Ok(())
    }

    /// Whether every setting set something, and to what it can be.
    pub(super) fn check_settings(&self) -> Result<(), SettingError> {
        let all = self.loaded.scenarios.iter().map(|scenario| (scenario.name.as_str(), &scenario.defaults));
        let known = || all_described(all.clone());
        for setting in self.common.iter().chain(self.own) {
            let mut owners = all.clone().filter(|(scenario, _)| setting.is_for(scenario));
            let Some(default) = owners.find_map(|(_, params)| params.get(&setting.name)) else {
                if self.common.contains(setting) {
                    continue;
                }
                return Err(SettingError::Unknown { name: setting.full_name(), known: known() });
            };
            if self.misfits.contains(setting) {
                return Err(SettingError::Type {
                    name: setting.full_name(),
                    wanted: type_of(default).unwrap_or_default(),
                    default: show(default),
                    value: setting.value.clone(),
                    known: known(),
                });
            }
        }
        Ok(())
    }
}

/// A registered function as a handler; `number` tells those of one route apart.
fn handler(
    scenario: &Arc<Scenario>,
    registered: Registered,
    functions: &Functions,
    number: usize,
) -> Handler {
    let Registered { phase, route, pattern, mut function, mut global, line, .. } = registered;
    let known = functions.get(function.fn_name());
    let parameters = known.map_or(&[][..], |known| &known.parameters);
    let captured: Vec<Captured> = function
        .iter_curry()
        .zip(parameters.iter().map(String::as_str).chain(std::iter::repeat("a value")))
        .map(|(value, name)| Captured::new(name, value))
        .collect();
    let arity = parameters.len().saturating_sub(captured.len());
    let is_used = |known: &Function| functions.uses_session(known, captured.len(), phase.arguments().len());
    let uses_session = known.is_none_or(is_used);
    function.set_curry(std::iter::empty::<Dynamic>());
    global.level = 0;
    // What the file itself did does not count for its handlers.
    global.num_operations = Default::default();
    let id = hash_of([scenario.name.as_str(), phase.name(), route.as_str(), &number.to_string()]);
    let scenario = Arc::clone(scenario);
    Handler {
        scenario,
        phase,
        route,
        line,
        pattern,
        id,
        function,
        arity,
        uses_session,
        captured,
        global,
        resolved: Resolved::new(!functions.has_imports),
        account: ArcSwap::from_pointee(Account::default()),
    }
}

/// Whether each handler takes what handlers of its kind are given.
fn check_functions(source: &Source, loading: &Loading) -> Result<(), Box<ScriptError>> {
    for registered in &loading.handlers {
        let arguments = registered.phase.arguments();
        let Some(function) = loading.functions.get(registered.function.fn_name()) else {
            let message = "a handler is a function of this file: |req, state| { … }".to_owned();
            return Err(Box::new(ScriptError::new(source, registered.position, message)));
        };
        let taken = function.parameters.len().saturating_sub(registered.function.curry().len());
        if taken > arguments.len() {
            let phase = registered.phase.name();
            let form = arguments.join(", ");
            let message = format!("{phase}: the handler takes {taken} arguments, and is given |{form}|");
            return Err(Box::new(ScriptError::new(source, registered.position, message)));
        }
    }
    Ok(())
}
