//! Why a scenario could not be loaded, or why one of its handlers failed: one form for both.

use std::fmt;

use rhai::{EvalAltResult, ParseError, Position};

use super::forms;
use super::json::show;
use super::library::{Library, LibraryError, Source};
use super::params::SettingError;

/// Why scenarios could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// There is no scenario of this name.
    #[error("there is no scenario `{name}`; known are: {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// All that there are.
        known: String,
    },
    /// A parameter that was set from outside.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The file itself.
    #[error(transparent)]
    Script(#[from] Box<ScriptError>),
    /// What a session chose for itself.
    #[error("a session plays `{choice}`: {error}")]
    Chosen {
        /// As the session wrote it.
        choice: String,
        /// Why it cannot be played any more.
        error: Box<Self>,
    },
}

/// What is wrong with a script, and where; at load and while it runs alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// The scenario that was loaded or played.
    pub scenario: String,
    /// The handler that ran, as `on_response GET /path`; `None` at load.
    pub handler: Option<String>,
    /// The file, as a person finds it; an imported one, if the error is there.
    pub file: String,
    /// Counted from 1; 0 if the error has no place.
    pub line: usize,
    /// Counted from 1, in characters; 0 if the error has no place.
    pub column: usize,
    /// The line itself.
    pub source: String,
    /// What is wrong, and mostly what to do.
    pub message: String,
}

impl std::error::Error for ScriptError {}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        writeln!(f, " {number} | {}", self.source)?;
        write!(f, " {margin} | {}^", " ".repeat(self.column.saturating_sub(1)))
    }
}

impl ScriptError {
    /// An error of one line, as headers and logs need it.
    pub fn brief(&self) -> String {
        let at = if self.line == 0 { String::new() } else { format!(":{}:{}", self.line, self.column) };
        format!("{}{at}: {}", self.file, self.message)
    }

    pub(super) fn new(source: &Source, position: Position, message: String) -> Self {
        let line = position.line().unwrap_or(0);
        let text = source.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        Self {
            scenario: source.name.clone(),
            handler: None,
            file: source.path.clone(),
            line,
            column: if line == 0 { 0 } else { position.position().unwrap_or(1) },
            // The caret stands below the right place only where every character is one column wide.
            source: text.replace('\t', " "),
            message,
        }
    }

    pub(super) fn of_parse(source: &Source, error: &ParseError) -> Self {
        let told = Self::new(source, error.position(), lower(&error.err_type().to_string()));
        let hint = foreign_word(&told.source, told.column)
            .map(|(word, own)| format!("{word} is written {own}"))
            .or_else(|| hint(&told.message).map(str::to_owned));
        match hint {
            Some(hint) => Self { message: format!("{}; {hint}", told.message), ..told },
            None => told,
        }
    }

    /// From what the engine reports; the innermost place counts.
    pub(super) fn of_run(library: &Library, source: &Source, error: &EvalAltResult) -> Self {
        let (mut at, mut file, mut position) = (error, source.name.clone(), error.position());
        while let EvalAltResult::ErrorInFunctionCall(_, name, inner, _)
        | EvalAltResult::ErrorInModule(name, inner, _) = at
        {
            if !inner.position().is_none() || matches!(**inner, EvalAltResult::ErrorParsing(..)) {
                position = inner.position();
                if !name.is_empty() {
                    file.clone_from(name);
                }
            }
            at = inner;
        }
        let message = said(at);
        let place = library.get(&file).map_or(source, |found| &**found);
        Self { scenario: source.name.clone(), ..Self::new(place, position, message) }
    }
}

/// A word of another language at this column or right before it, where the parser was lost; and what it is here.
fn foreign_word(line: &str, column: usize) -> Option<(&'static str, &'static str)> {
    const WORDS: [(&str, &str); 8] = [
        ("elif", "else if"),
        ("elseif", "else if"),
        ("elsif", "else if"),
        ("and", "&&"),
        ("or", "||"),
        ("not", "!"),
        ("function", "fn"),
        ("def", "fn"),
    ];
    let (start, _) = line.char_indices().nth(column.checked_sub(1)?)?;
    let (before, from) = line.split_at(start);
    let is_end = |char: char| !char.is_alphanumeric() && char != '_';
    let near = [from.split(is_end).next(), before.trim_end().rsplit(is_end).next()];
    near.into_iter().flatten().find_map(|near| WORDS.iter().find(|(word, _)| *word == near).copied())
}

/// What to write in place of what other languages have.
fn hint(message: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 10] = [
        ("'null' is a reserved", "for nothing, write ()"),
        ("'nil' is a reserved", "for nothing, write ()"),
        (
            "'var' is a reserved",
            "a variable is made by let; a property is written in brackets, as res.json[\"var\"]",
        ),
        ("'#' is a reserved", "comments begin with //, maps with #{"),
        ("reserved keyword", "a property of this name is written in brackets, as res.json[\"new\"]"),
        ("expecting name of a property", "one that is a keyword is written in brackets, as res.json[\"in\"]"),
        ("unknown operator: '?'", "write if … { … } else { … }, which has a value"),
        ("unknown operator: '++'", "write += 1"),
        ("unknown operator: '--'", "write -= 1"),
        ("invalid character: '", "texts have double quotes, single ones are for one character"),
    ];
    HINTS.iter().find(|(part, _)| message.contains(part)).map(|(_, hint)| *hint)
}

/// What an error of the engine says, without its position.
fn said(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorRuntime(value, _) if value.is_string() => show(value),
        EvalAltResult::ErrorRuntime(value, _) => format!("the script threw {}", show(value)),
        EvalAltResult::ErrorTerminated(reason, _) => show(reason),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no property `{name}`"),
        EvalAltResult::ErrorTooManyOperations(_) => "it ran for too many operations".to_owned(),
        EvalAltResult::ErrorStackOverflow(_) => "its functions call each other too deeply".to_owned(),
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("{} is over its limit", lower(what)),
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            format!("there is no file `{name}.rhai` among the scenarios to import")
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) if wanted == "bool" => {
            let found = types_in_words(found);
            format!(
                "a condition is true or false, and this is of the type {found}: compare it, as in x != 0 or x != ()"
            )
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let instead = forms::instead(signature).map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("there is no function {}{instead}", types_in_words(signature))
        }
        other => {
            let mut bare = other.to_string();
            let position = format!(" ({})", other.position());
            if let Some(cut) = bare.strip_suffix(&position) {
                bare.truncate(cut.len());
            }
            lower(&bare)
        }
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `&str | ImmutableString | String` is one thing to who writes a script, and `i64` has a name too.
fn types_in_words(signature: &str) -> String {
    signature
        .replace("&str | ImmutableString | String", "string")
        .replace("ImmutableString", "string")
        .replace("i64", "integer")
        .replace("f64", "float")
}

/// An error that a function of ours reports to the engine, which adds the place.
pub(super) fn fail(message: String) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into()
}

/// `a, b, c`, cut where it gets long.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 30;
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    let more = if names.len() > MOST { ", …" } else { "" };
    shown.join(", ") + more
}
