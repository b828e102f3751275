//! The writer's thread: what has come by now is replaced, looked at and written in one go.

use std::io;
use std::sync::Arc;

use ::http::Method;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Captured, Exchange, Inspector, Listener, Report, raw, shown};
use crate::audit::Hit;
use crate::cassette::{CassetteError, Writer};
use crate::profile::Mask;
use crate::redact::Redactor;

/// From this size on (bytes) documents are written without waiting for more.
const WORTH_A_WRITE: usize = 256 << 10;

/// What is let go once an exchange is written, or cannot be.
#[derive(Debug)]
pub(super) struct Held {
    /// Its share of the budget.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
    /// Who waits until it is written.
    pub(super) _done: Option<oneshot::Sender<()>>,
}

/// Writes exchanges, and looks at what is written.
pub(super) struct Scribe {
    pub(super) writer: Writer,
    redactor: Redactor,
    inspector: Inspector,
    listener: Option<Listener>,
    mask: Arc<Mask>,
    /// In the order in which the writer has them.
    staged: Vec<Staged>,
    pub(super) report: Report,
}

/// An exchange whose document waits to be written.
struct Staged {
    method: Method,
    target: String,
    document: Document,
    held: Held,
}

struct Document {
    /// Lines of the file before it.
    before: usize,
    /// Lines of its own.
    lines: usize,
    /// What looks like a secret in it.
    hits: Vec<Hit>,
    /// What the listener is told.
    captured: Option<Captured>,
}

impl Scribe {
    pub(super) fn new(
        writer: Writer,
        redactor: Redactor,
        listener: Option<Listener>,
        mask: Arc<Mask>,
    ) -> io::Result<Self> {
        let inspector = Inspector::of(&redactor).map_err(io::Error::other)?;
        let (staged, report) = (Vec::new(), Report::default());
        Ok(Self { writer, redactor, inspector, listener, mask, staged, report })
    }

    /// Makes one exchange ready, unless a real value would be in what is written.
    pub(super) fn take(&mut self, exchange: Exchange, held: Held) {
        let (method, target) = (exchange.method.clone(), exchange.target.clone());
        match self.stage(exchange) {
            Ok(document) => self.staged.push(Staged { method, target, document, held }),
            Err(error) => self.failed(&method, &target, &error),
        }
        if self.writer.staged() >= WORTH_A_WRITE {
            self.write();
        }
    }

    fn stage(&mut self, exchange: Exchange) -> Result<Document, CassetteError> {
        let session = exchange.session.clone();
        let raw = raw::raw(exchange, self.redactor.profile());
        let interaction = self.redactor.redact(raw);
        let Self { writer, redactor, inspector, .. } = self;
        let before = writer.lines();
        let mut hits = Vec::new();
        writer.stage(&interaction, |text| {
            hits = inspector.look(redactor, &interaction, text)?;
            Ok(())
        })?;
        let captured = self.listener.is_some().then(|| {
            let values = redactor.fresh().iter().map(|own| (Arc::clone(&own.stand_in), own.value.clone()));
            Captured { interaction, session, values: values.collect() }
        });
        Ok(Document { before, lines: writer.lines() - before, hits, captured })
    }

    /// Writes what is ready, and tells of it.
    pub(super) fn write(&mut self) {
        let mut failed = self.writer.flush().into_iter().peekable();
        let mut missing = 0;
        for (index, own) in std::mem::take(&mut self.staged).into_iter().enumerate() {
            let Staged { method, target, document, held } = own;
            if let Some((_, error)) = failed.next_if(|(at, _)| *at == index) {
                missing += document.lines;
                self.failed(&method, &target, &error);
                continue;
            }
            for hit in &document.hits {
                let (path, line) = (self.writer.path().display(), document.before - missing + hit.line);
                tracing::error!("{path}:{line}:{}: {}: {}", hit.column, hit.rule, hit.masked);
            }
            if let (Some(listener), Some(captured)) = (&mut self.listener, document.captured) {
                listener(captured);
            }
            self.report.recorded += 1;
            self.report.leaks += document.hits.len() as u64;
            tracing::debug!("recorded: {}", shown(&method, &target, &self.mask));
            drop(held);
        }
    }

    fn failed(&mut self, method: &Method, target: &str, error: &CassetteError) {
        self.report.failed += 1;
        tracing::error!("not recorded: {}: {error}", shown(method, target, &self.mask));
    }

    /// The end: everything to the disk itself.
    pub(super) fn close(mut self) -> Report {
        if let Err(error) = self.writer.sync() {
            self.report.failed += 1;
            tracing::error!("{error}");
        }
        self.report
    }
}
