//! The properties that a script names, as functions of their own: `body.status` without a detour.
//!
//! The engine looks for a function of the property's own name first. That there is none it learns from an error, with
//! types and names in words, and only then it asks the indexer: that takes several times as long as the access. So each
//! file comes with functions for the names that stand in it. What they cannot do they leave to the indexer by that same
//! error, so that there is one place that says what is wrong, and where.

use std::any::TypeId;

use rhai::{
    AST, ASTNode, Dynamic, EvalAltResult, Expr, FuncRegistration, Module, NativeCallContext, Position,
    RhaiFunc, Shared,
};

use super::handle::Json;

/// Functions for the properties of a file.
pub(crate) fn properties(ast: &AST) -> Module {
    let mut module = Module::new();
    ast.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::Property(property, _))) = nodes.last() {
            let ((getter, _), (setter, _), name) = &**property;
            add_getter(&mut module, getter.as_str(), name.as_str());
            add_setter(&mut module, setter.as_str(), name.as_str());
        }
        true
    });
    module
}

/// There is no such function, as far as the engine is concerned.
fn none() -> Box<EvalAltResult> {
    EvalAltResult::ErrorDotExpr(String::new(), Position::NONE).into()
}

fn add_getter(module: &mut Module, function: &str, name: &str) {
    let name = name.to_owned();
    add(module, function, &[TypeId::of::<Json>()], move |arguments| {
        let [json] = arguments else { return Err(none()) };
        let mut json = json.write_lock::<Json>().ok_or_else(none)?;
        json.get(&name).map_err(|_| none())
    });
}

fn add_setter(module: &mut Module, function: &str, name: &str) {
    let name = name.to_owned();
    add(module, function, &[TypeId::of::<Json>(), TypeId::of::<Dynamic>()], move |arguments| {
        // The value is looked at and not taken, so that it is still there for the indexer.
        let [json, value] = arguments else { return Err(none()) };
        if json.is_read_only() {
            return Err(none());
        }
        let mut json = json.write_lock::<Json>().ok_or_else(none)?;
        json.set(&name, value).map_err(|_| none())?;
        Ok(Dynamic::UNIT)
    });
}

type Fallible = Result<Dynamic, Box<EvalAltResult>>;

fn add(
    module: &mut Module,
    function: &str,
    types: &[TypeId],
    work: impl Fn(&mut [&mut Dynamic]) -> Fallible + Send + Sync + 'static,
) {
    let work = move |_: Option<NativeCallContext<'_>>, arguments: &mut [&mut Dynamic]| -> Fallible {
        work(arguments)
    };
    let func =
        RhaiFunc::Method { func: Shared::new(work), has_context: false, is_pure: true, is_volatile: false };
    let registration = FuncRegistration::new(function).in_global_namespace();
    module.set_fn_raw_with_options(registration, types, func);
}
