//! The one engine that compiles and runs all scripts, and how files import each other.

use std::fmt;

use rhai::{EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::api;
use super::call;
use super::error::fail;
use super::limits::Limits;

/// Compiles and runs scripts. One for the whole program, shared by all threads.
pub struct Engine {
    pub(super) rhai: rhai::Engine,
    pub(super) limits: Limits,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Engine {
    /// With these bounds.
    pub fn new(limits: Limits) -> Self {
        let mut rhai = api::engine(&limits);
        rhai.set_module_resolver(Imports);
        Self { rhai, limits }
    }
}

/// `import "name" as x`: only from among the scenario files, whatever the name looks like.
struct Imports;

impl ModuleResolver for Imports {
    fn resolve(
        &self,
        engine: &rhai::Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let name = path.strip_suffix(".rhai").unwrap_or(path);
        let missing = || Box::new(EvalAltResult::ErrorModuleNotFound(name.to_owned(), position));
        let begun = call::load(|loading| {
            if let Some(module) = loading.modules.get(name) {
                return Ok(Err(Shared::clone(module)));
            }
            if loading.importing.iter().any(|own| own == name) || loading.source.name == name {
                return Err(fail(format!("`{name}` imports itself, by way of other files or directly")));
            }
            let source = loading.library.get(name).cloned().ok_or_else(missing)?;
            loading.importing.push(name.to_owned());
            Ok(Ok(source))
        });
        let source = match begun.map_err(|mut error| {
            error.set_position(position);
            error
        })? {
            Err(module) => return Ok(module),
            Ok(source) => source,
        };
        let made = engine
            .compile(&source.text)
            .map_err(|error| Box::new(EvalAltResult::ErrorParsing(*error.0, error.1)))
            .and_then(|mut ast| {
                ast.set_source(source.name.as_str());
                Module::eval_ast_as_new(Scope::new(), &ast, engine)
            });
        call::load(|loading| {
            loading.importing.pop();
            Ok(())
        })?;
        let mut module = made
            .map_err(|error| Box::new(EvalAltResult::ErrorInModule(source.name.clone(), error, position)))?;
        module.set_id(source.name.as_str());
        let module = Shared::new(module);
        call::load(|loading| {
            loading.modules.insert(name.to_owned(), Shared::clone(&module));
            Ok(())
        })?;
        Ok(module)
    }
}
