//! Takes over what is saved while a proxy runs.
//!
//! `scan` sees what stands in files, `watch` waits until it is something else, [`run`] has it taken over. What is made of
//! the files is somebody else's to know.

mod scan;
mod watch;

use std::path::PathBuf;

pub use scan::Root;
pub use watch::Watch;

/// Makes something of watched files.
pub trait TakeOver: Send + 'static {
    /// Builds anew what is made of these files, and puts it in the place of what was there. This may wait.
    ///
    /// # Errors
    /// A text per problem. What was there is still there; what changed is not forgotten, and will be built with whatever
    /// changes next.
    fn take_over(&mut self, changed: &[PathBuf]) -> Result<(), Vec<String>>;

    /// Hears that what stands in the files cannot be used.
    fn refuse(&mut self, problems: Vec<String>);

    /// The files to watch from now on.
    fn roots(&self) -> Vec<Root>;
}

/// Has changes taken over as long as it is polled. No change is lost: what is saved while something is being built is
/// built after it.
pub async fn run<T: TakeOver>(mut watch: Watch, mut own: T) {
    loop {
        let mut changed = watch.changed().await;
        loop {
            let built = tokio::task::spawn_blocking(move || {
                let outcome = own.take_over(&changed);
                (own, outcome)
            });
            let Ok((back, outcome)) = built.await else {
                tracing::error!(
                    "an internal error while files were taken over: changes do not count any more; please report it"
                );
                return;
            };
            own = back;
            watch.follow(own.roots());
            changed = watch.written().await;
            if changed.is_empty() {
                // Of what was written over by then, nobody wants to know what was wrong with it.
                if let Err(problems) = outcome {
                    own.refuse(problems);
                }
                break;
            }
        }
    }
}
