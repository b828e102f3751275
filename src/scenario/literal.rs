//! What a script says in so many words, so that it can be looked at before it runs.

use rhai::{AST, ASTNode, Expr, Position, Stmt};

/// A call of a function with a text that is known before it runs.
pub(super) struct Literal {
    pub(super) function: &'static str,
    pub(super) text: String,
    pub(super) position: Position,
}

impl Literal {
    /// All of them in a file.
    pub(super) fn all(ast: &AST) -> Vec<Self> {
        let mut found = Vec::new();
        ast.walk(&mut |nodes: &[ASTNode<'_>]| {
            let node = nodes.last();
            let Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) = node
            else {
                return true;
            };
            let function = ["okta_error", "param"].into_iter().find(|name| call.name == *name);
            if let (Some(function), Some(Expr::StringConstant(text, position))) =
                (function, call.args.first())
            {
                found.push(Self { function, text: text.to_string(), position: *position });
            }
            true
        });
        found
    }
}
