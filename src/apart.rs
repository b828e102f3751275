//! Work that keeps a thread busy for long, done where other requests do not wait for it.
//!
//! Few threads serve all connections: what takes milliseconds would hold up everything else that its thread has to do.
//! To explain a miss among 100,000 recordings takes 160 ms, to match 64 MB of JSON a second.

use tokio::runtime::{Handle, RuntimeFlavor};

/// A body from which on matching and rendering count as long (bytes): they take about a millisecond then.
pub(crate) const LONG_BODY: usize = 256 << 10;

/// Does `work`; if that is long, another thread takes over what else this one has to do, which costs some 20 µs. In a
/// runtime of a single thread there is no other.
pub(crate) fn apart<T>(is_long: bool, work: impl FnOnce() -> T) -> T {
    let can_move =
        || Handle::try_current().is_ok_and(|own| own.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_long && can_move() { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_long_lets_the_others_of_its_thread_go_on() {
        let (go, told) = mpsc::channel();
        let long = tokio::spawn(async move {
            tokio::spawn(async move { go.send(()) });
            apart(true, || told.recv_timeout(Duration::from_secs(30)))
        });
        assert_eq!(long.await.unwrap(), Ok(()), "the thread's next task had its turn");
    }

    #[tokio::test]
    async fn a_single_thread_does_it_itself() {
        assert_eq!(apart(true, || 7), 7);
    }
}
