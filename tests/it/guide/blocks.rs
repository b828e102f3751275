//! Code blocks of a Markdown text.

/// A block between fences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Without the fences.
    pub(super) text: &'static str,
    /// Of the opening fence, counted from 1.
    pub(super) line: usize,
}

/// All blocks of a kind, in order.
pub(super) fn blocks(guide: &'static str, kind: &str) -> impl Iterator<Item = Block> {
    let fence = format!("```{kind}\n");
    guide.match_indices("```").step_by(2).filter_map(move |(at, _)| {
        let text = guide[at..].strip_prefix(&fence)?;
        let text = text.split_once("```").expect("a fence that is closed").0;
        Some(Block { text, line: guide[..at].matches('\n').count() + 1 })
    })
}

impl Block {
    /// The file that its first line says it is.
    pub(super) fn file(&self) -> Option<&'static str> {
        let first = self.text.lines().next()?;
        let name = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
        [".rhai", ".yaml"].iter().any(|end| name.ends_with(end)).then_some(name)
    }

    /// Lines that begin with `$`, each with what it prints.
    pub(super) fn commands(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let text = self.text.strip_prefix("$ ").expect("a block of commands begins with one");
        text.split("\n$ ").map(|command| {
            let (line, shown) = command.split_once('\n').unwrap_or((command, ""));
            (line, shown.trim_end_matches('\n'))
        })
    }
}
