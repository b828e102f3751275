//! How long an answer is held back.

use std::time::Duration;

/// Which share of the recorded durations clients wait.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Latency {
    /// Zero or more; nothing waits at zero.
    scale: f64,
}

impl Latency {
    /// The recorded durations times `scale`; `None` if that is less than nothing, or not finite.
    pub fn of(scale: f64) -> Option<Self> {
        (scale >= 0.0 && scale.is_finite()).then_some(Self { scale })
    }

    /// Whether nothing waits, whatever was recorded.
    pub(super) fn is_none(self) -> bool {
        self.scale == 0.0
    }

    /// How long an answer waits that took `took` when it was recorded; `None`: it does not.
    pub(super) fn of_recorded(self, took: Option<Duration>) -> Option<Duration> {
        let seconds = took?.as_secs_f64() * self.scale;
        // Longer than anybody measures is as good as for ever.
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_stretches_what_was_recorded() {
        let wait = |scale: f64, millis: u64| {
            let own = Latency::of(scale).unwrap();
            own.of_recorded(Some(Duration::from_millis(millis))).map(|wait| wait.as_millis())
        };
        assert_eq!([wait(1.0, 300), wait(0.5, 300), wait(2.0, 300)], [Some(300), Some(150), Some(600)]);
        assert_eq!([wait(0.0, 300), wait(1.0, 0)], [None, None]);
        assert_eq!(
            Latency::of(1e300).unwrap().of_recorded(Some(Duration::from_secs(9))),
            Some(Duration::MAX)
        );
        assert_eq!(Latency::of(1.0).unwrap().of_recorded(None), None);
        assert!([-1.0, f64::NAN, f64::INFINITY].into_iter().all(|scale| Latency::of(scale).is_none()));
    }
}
