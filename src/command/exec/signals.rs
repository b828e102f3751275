//! Signals that come while a command runs, and who sent them.

use std::io;

use tokio::process::Child;
use tokio::sync::mpsc;

/// Tells of signals from when it was made.
#[derive(Debug)]
pub(super) struct Signals {
    coming: mpsc::UnboundedReceiver<Signal>,
    #[cfg(unix)]
    handle: signal_hook::iterator::Handle,
}

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signal {
    number: i32,
    /// Some process sent it; else the terminal did, to all of its foreground process group.
    is_sent: bool,
}

impl Signals {
    /// The next one. Never completes if none comes.
    pub(super) async fn next(&mut self) -> Signal {
        match self.coming.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
impl Signals {
    /// Catches signals from now on.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn new() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        use signal_hook::iterator::SignalsInfo;
        use signal_hook::iterator::exfiltrator::origin::WithOrigin;
        use signal_hook::low_level::siginfo::Cause;

        let mut caught = SignalsInfo::<WithOrigin>::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let handle = caught.handle();
        let (send, coming) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for origin in caught.forever() {
                let is_sent = matches!(origin.cause, Cause::Sent(_));
                if send.send(Signal { number: origin.signal, is_sent }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { coming, handle })
    }
}

#[cfg(unix)]
impl Drop for Signals {
    fn drop(&mut self) {
        self.handle.close();
    }
}

#[cfg(unix)]
impl Signal {
    /// Whether all processes of the group were sent it, and so the command, too. A terminal that hangs up tells its
    /// session's leader alone.
    pub(super) fn is_known_to_group(self) -> bool {
        use signal_hook::consts::{SIGINT, SIGQUIT};
        !self.is_sent && matches!(self.number, SIGINT | SIGQUIT)
    }

    /// Whether it asks to end, and to end at once when it comes again.
    pub(super) fn is_urging(self) -> bool {
        self.number != signal_hook::consts::SIGHUP
    }

    /// Sends it to a command that was not waited for yet: its id is no other's.
    pub(super) fn pass_on(self, child: &Child) {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(self.number)) {
            // It has just ended if this fails.
            let _ = kill_process(pid, signal);
        }
    }

    /// The exit code of who ends by it.
    pub(super) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.number).unwrap_or(u8::MAX)
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches Ctrl-C from now on, which the console tells all of its processes.
    pub(super) fn new() -> io::Result<Self> {
        let (send, coming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if send.send(Signal { number: 2, is_sent: false }).is_err() {
                    return;
                }
            }
        });
        Ok(Self { coming })
    }
}

#[cfg(not(unix))]
impl Signal {
    pub(super) fn is_known_to_group(self) -> bool {
        !self.is_sent
    }

    pub(super) fn is_urging(self) -> bool {
        true
    }

    pub(super) fn pass_on(self, _: &Child) {}

    pub(super) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.number).unwrap_or(u8::MAX)
    }
}
