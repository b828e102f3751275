//! Takes over what is saved while a proxy runs.
//!
//! `scan` sees what stands in files, `watch` waits until it is something else, [`run`] has it taken over. What is made of
//! the files is somebody else's to know.

mod scan;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

pub use scan::Root;
pub use watch::Watch;

use crate::clock::Stopwatch;

/// How long files may be written to without end until what was read of them counts as it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes something of watched files. What waits for disk and processor runs on a thread that may.
pub trait TakeOver: Send + 'static {
    /// What is made.
    type Built: Send + 'static;

    /// Makes anew what is made of these files. Nothing is put in the place of anything.
    ///
    /// # Errors
    /// A text per problem. What changed is not forgotten, and will be made with whatever changes next.
    fn build(&mut self, changed: &[PathBuf]) -> Result<Self::Built, Vec<String>>;

    /// Puts what was made in the place of what was there.
    ///
    /// # Errors
    /// A text per problem. What was there is still there.
    fn place(&mut self, built: Self::Built) -> Result<(), Vec<String>>;

    /// Hears that what stands in the files cannot be used.
    fn refuse(&mut self, problems: Vec<String>);

    /// The files to watch from now on.
    fn roots(&self) -> Vec<Root>;
}

/// Has changes taken over as long as it is polled. What was read while it was being written is made anew before it is
/// put in place, so that nobody sees what a save passes through, and no change is lost.
pub async fn run<T: TakeOver>(mut watch: Watch, own: T) {
    let mut own = Some(own);
    loop {
        let mut changed = watch.changed().await;
        let since = Stopwatch::start();
        while !changed.is_empty() {
            let built = apart(&mut own, move |own| (own.build(&changed), own.roots())).await;
            let Some((outcome, roots)) = built else { return };
            watch.follow(roots);
            changed = watch.written().await;
            let is_final = changed.is_empty() || since.elapsed() > PATIENCE;
            let outcome = match outcome {
                Ok(_) | Err(_) if !is_final => continue,
                Ok(built) => apart(&mut own, |own| own.place(built)).await,
                Err(problems) => Some(Err(problems)),
            };
            match (outcome, &mut own) {
                (Some(Err(problems)), Some(own)) => own.refuse(problems),
                (Some(Ok(())), _) => {}
                _ => return,
            }
        }
    }
}

/// Does something on a thread that may wait; `None`: that panicked.
async fn apart<T: Send + 'static, R: Send + 'static>(
    own: &mut Option<T>,
    work: impl FnOnce(&mut T) -> R + Send + 'static,
) -> Option<R> {
    let mut taken = own.take()?;
    let done = tokio::task::spawn_blocking(move || {
        let result = work(&mut taken);
        (taken, result)
    });
    let Ok((back, result)) = done.await else {
        tracing::error!(
            "an internal error while files were taken over: changes do not count any more; please report it"
        );
        return None;
    };
    *own = Some(back);
    Some(result)
}
