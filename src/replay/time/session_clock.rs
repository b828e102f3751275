//! The clock of one client run: how much later than recorded its answers tell the time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;

/// The clock of one client run. It is set by the first answer, and stays as far ahead of the recording.
#[derive(Debug, Default)]
pub(in crate::replay) struct SessionClock {
    /// A std lock, held to read or write two numbers; where times are told as recorded, nobody takes it.
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// When the run's first request came.
    first: Option<Timestamp>,
    /// Whole seconds.
    shift: Option<i64>,
}

impl SessionClock {
    /// Notes that a request came.
    pub(in crate::replay) fn asked(&self, now: Timestamp) {
        self.lock().first.get_or_insert(now);
    }

    /// How many seconds later than recorded an answer tells the time whose request was recorded `at`.
    pub(in crate::replay) fn shift(&self, at: Option<Timestamp>) -> i64 {
        let mut state = self.lock();
        if let (None, Some(first), Some(at)) = (state.shift, state.first, at) {
            state.shift = Some(first.as_second() - at.as_second());
        }
        state.shift.unwrap_or(0)
    }

    /// The shift, once an answer has set it.
    pub(in crate::replay) fn known_shift(&self) -> Option<i64> {
        self.lock().shift
    }

    /// Starts afresh.
    pub(in crate::replay) fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_sets_the_clock_until_a_reset() {
        let at = |second| Timestamp::from_second(second).ok();
        let clock = SessionClock::default();
        clock.asked(Timestamp::constant(1000, 999_000_000));
        assert_eq!(clock.shift(None), 0, "an answer of no known time sets nothing");
        clock.asked(Timestamp::constant(5000, 0));
        assert_eq!([clock.shift(at(100)), clock.shift(at(200))], [900, 900]);
        clock.reset();
        clock.asked(Timestamp::constant(5000, 0));
        assert_eq!(clock.shift(at(100)), 4900);
    }
}
