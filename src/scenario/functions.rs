//! The functions of a file, as far as its handlers are concerned: their parameters, and which of them need their session
//! to themselves. That is decided from the script before it runs; what is in doubt does.

use std::collections::HashMap;

use rhai::{AST, ASTNode, Expr, FnPtr, Stmt};

/// The functions of a file.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Of several of one name, the one that takes most.
    by_name: HashMap<String, Function>,
    /// Whether the file has calls whose effect outlasts the request, wherever they stand.
    is_lasting: bool,
    /// Whether the file imports others, wherever it does.
    pub(super) has_imports: bool,
}

/// A function.
#[derive(Debug, Default)]
pub(super) struct Function {
    /// The names of its parameters, captured variables first.
    pub(super) parameters: Vec<String>,
    /// Whether the last parameter occurs in it.
    uses_last: bool,
}

/// What a session is changed by, beside `state`.
const LASTING: [&str; 4] = ["entity", "entity_gone", "entity_reset", "clock_advance"];

impl Functions {
    /// Those of a compiled file.
    pub(super) fn of(ast: &AST) -> Self {
        let mut by_name: HashMap<String, Function> = HashMap::new();
        for function in ast.iter_functions() {
            let known = by_name.entry(function.name.to_owned()).or_default();
            if function.params.len() >= known.parameters.len() {
                known.parameters = function.params.iter().map(|name| (*name).to_owned()).collect();
            }
        }
        for (name, function) in &mut by_name {
            if let Some(last) = function.parameters.last() {
                let count = function.parameters.len();
                let own = ast.clone_functions_only_filtered(|_, _, _, other, parameters| {
                    other == name && parameters == count
                });
                function.uses_last = !walks(&own, |node| !names(node, last));
            }
        }
        let has_imports = !walks(ast, |node| !matches!(node, ASTNode::Stmt(Stmt::Import(..))));
        Self { by_name, is_lasting: has_imports || !walks(ast, |node| !is_lasting(node)), has_imports }
    }

    /// The one of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Function> {
        self.by_name.get(name)
    }

    /// Whether a handler may use what its session remembers, given `arguments` of which the last one is `state`.
    pub(super) fn uses_session(&self, function: &Function, captured: usize, arguments: usize) -> bool {
        let takes_state = function.parameters.len() >= captured + arguments;
        self.is_lasting || takes_state && function.uses_last
    }
}

/// Whether all nodes are as wanted.
fn walks(ast: &AST, wanted: impl Fn(&ASTNode<'_>) -> bool) -> bool {
    // What `break` gives is passed over by the engine's walk, so it may be anything.
    let is_seen = |node: &ASTNode<'_>| !matches!(node, ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..)));
    ast.walk(&mut |nodes: &[ASTNode<'_>]| nodes.last().is_none_or(|node| is_seen(node) && wanted(node)))
}

/// Whether a variable of this name, any that hides it included, is used or captured here.
fn names(node: &ASTNode<'_>, name: &str) -> bool {
    match node {
        ASTNode::Expr(Expr::Variable(variable, ..)) => variable.1 == name,
        ASTNode::Stmt(Stmt::Share(shared)) => shared.iter().any(|(own, _)| own.name == name),
        _ => false,
    }
}

/// Whether this may be a call of what lasts: by its name, or by a function that is passed on.
fn is_lasting(node: &ASTNode<'_>) -> bool {
    match node {
        ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
        | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            LASTING.iter().any(|name| call.name == *name) || call.name == "Fn"
        }
        ASTNode::Expr(Expr::DynamicConstant(value, _)) => {
            let function = value.read_lock::<FnPtr>();
            function.is_some_and(|function| LASTING.contains(&function.fn_name()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(script: &str) -> bool {
        let engine = crate::scenario::Engine::default();
        let ast = engine.rhai.compile(script).unwrap();
        let functions = Functions::of(&ast);
        let handler = functions.by_name.iter().find(|(name, _)| *name == "handle");
        let (_, function) =
            handler.or_else(|| functions.by_name.iter().find(|(_, own)| own.parameters.len() == 3)).unwrap();
        functions.uses_session(function, 0, 3)
    }

    #[test]
    fn what_a_handler_says_of_its_session_is_found_wherever_it_says_it() {
        for body in [
            "state.seen = 1;",
            "state[\"seen\"] += 1;",
            "res.json.seen = state.get(\"seen\");",
            "res.json.seen = `a ${state.seen}`;",
            "res.json.seen = [1, #{ a: state }];",
            "let f = || state.seen + 1; f.call();",
            "[1].map(|x| state.seen);",
            "res.json.seen = loop { break state.seen; };",
            "loop { break entity(\"a\", #{}); }",
            "if true { return state.seen; }",
            "switch res.status { 200 if state.seen => 1, _ => 2 }",
            "for key in state.keys() { }",
            "try { throw state.seen; } catch (e) { }",
            "let state = 1; res.json.seen = state;",
            "helper(state);",
            "entity(\"a\", #{ status: \"EXPIRED\" });",
            "\"a\".entity_gone();",
            "clock_advance(\"1m\");",
            "Fn(\"entity_gone\").call(\"a\");",
            "Fn(\"entity\" + \"_gone\").call(\"a\");",
            "[\"a\"].map(Fn(\"entity_reset\"));",
            "import \"other\" as o; o::f();",
        ] {
            assert!(uses(&format!("fn handle(req, res, state) {{ {body} }}")), "{body}");
            assert!(uses(&format!("let f = |req, res, state| {{ {body} }};")), "{body}");
        }
        assert!(uses("fn handle(req, res, state) { f() } fn f() { entity_gone(\"a\") }"));
    }

    #[test]
    fn what_leaves_the_session_alone_is_known_for_it() {
        for body in [
            "",
            "res.json.status = \"EXPIRED\"; res.status = 202;",
            "res.json.state = \"state\"; res.headers.server = `state`;",
            "if first(2) { res.fault(delay(\"1s\")); }",
            "[1].map(|x| x + req.nth);",
            "log(now());",
        ] {
            assert!(!uses(&format!("fn handle(req, res, state) {{ {body} }}")), "{body}");
        }
        assert!(!uses("fn handle(req, res) { res.json.a = 1; }"));
    }
}
