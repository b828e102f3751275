//! `overdub scenario list`: what there is to switch on.

use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::{Chosen, library, load};
use crate::cli::ScenarioListArgs;
use crate::command::Failure;
use crate::scenario::{Engine, Library, Parameter, Source};

/// One scenario, as it is told.
#[derive(Serialize)]
struct Listed {
    name: String,
    /// Its name, if it says nothing else.
    title: String,
    shipped: bool,
    /// Where its file is.
    path: String,
    parameters: Vec<Parameter>,
    handlers: Vec<Handler>,
    /// Why it cannot be played.
    error: Option<String>,
}

#[derive(Serialize)]
struct Handler {
    /// `on_request` or `on_response`.
    phase: &'static str,
    route: String,
    line: usize,
}

pub(super) fn run(args: &ScenarioListArgs) -> Result<(), Failure> {
    let library = library()?;
    let engine = Arc::new(Engine::default());
    let sources = if args.names.is_empty() {
        library.iter().cloned().collect()
    } else {
        Chosen::of(&args.names, &library)?.sources
    };
    let listed: Vec<_> = sources.iter().map(|source| describe(source, &engine, &library)).collect();
    let text = if args.json { json!({ "scenarios": listed }).to_string() + "\n" } else { table(&listed) };
    // Nobody reads on when stdout is closed.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn describe(source: &Source, engine: &Arc<Engine>, library: &Arc<Library>) -> Listed {
    let (name, path) = (source.name.clone(), source.path.clone());
    let mut listed = Listed {
        title: name.clone(),
        name,
        shipped: source.shipped,
        path,
        parameters: Vec::new(),
        handlers: Vec::new(),
        error: None,
    };
    match load(engine, library, &source.name) {
        Ok((set, scenario)) => {
            listed.title.clone_from(&scenario.title);
            listed.parameters = scenario.parameters();
            let own = set.handlers().iter().filter(|handler| handler.scenario() == source.name);
            listed.handlers = own
                .map(|own| Handler { phase: own.phase.name(), route: own.route.clone(), line: own.line })
                .collect();
        }
        Err(error) => listed.error = Some(error.to_string()),
    }
    listed
}

/// A paragraph for each.
fn table(listed: &[Listed]) -> String {
    let paragraphs = listed.iter().map(|own| {
        let mut lines = vec![format!("{}{}", own.name, if own.shipped { "" } else { " (this project's)" })];
        match &own.error {
            Some(error) => lines.extend(error.lines().map(|line| format!("    {line}"))),
            None if own.title != own.name => lines.push(format!("    {}", own.title)),
            None => {}
        }
        lines.extend(own.parameters.iter().map(|parameter| {
            format!("    --set {}={}    ({})", parameter.name, parameter.default, parameter.kind)
        }));
        for handler in &own.handlers {
            let line = format!("    {} {}", handler.phase, handler.route);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.join("\n") + "\n"
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}
