//! How long something takes: a fixed time, or one drawn from a distribution.

use std::f64::consts::TAU;
use std::time::Duration;

/// The longest time that anything is made to take, whatever was asked or drawn: one hour.
pub const LONGEST: Duration = Duration::from_hours(1);

/// A distribution of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Any time from the first to the second, all alike.
    Uniform(Duration, Duration),
    /// Mean and standard deviation; what would be negative is zero.
    Normal(Duration, Duration),
    /// Median, and the standard deviation of the logarithm: the usual shape of response times.
    Lognormal(Duration, f64),
    /// Least time, and the tail index alpha: the smaller, the heavier the tail.
    Pareto(Duration, f64),
}

/// Why something is no time, or no distribution of times.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LatencyError {
    /// Not a duration.
    #[error("`{0}` is no time: write 200ms, 1.5s or 2m")]
    Time(String),
    /// A duration longer than [`LONGEST`].
    #[error("`{0}` is longer than 1h, the longest time there is")]
    TooLong(String),
    /// Upper bound below the lower one.
    #[error("uniform(from, to): `to` is less than `from`")]
    Order,
    /// A number that makes no distribution, and what it must be.
    #[error("{0} must be {1}")]
    Shape(&'static str, &'static str),
}

/// Reads `200ms`, `1.5s`, `2m 30s`.
///
/// # Errors
/// It is no time, or longer than [`LONGEST`].
pub fn parse_duration(text: &str) -> Result<Duration, LatencyError> {
    let parsed = humantime::parse_duration(text.trim()).map_err(|_| LatencyError::Time(text.to_owned()))?;
    if parsed > LONGEST { Err(LatencyError::TooLong(text.to_owned())) } else { Ok(parsed) }
}

impl Latency {
    /// Whether the numbers make a distribution.
    ///
    /// # Errors
    /// Names the one that does not fit.
    pub fn checked(self) -> Result<Self, LatencyError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        match self {
            Self::Uniform(from, to) if to < from => Err(LatencyError::Order),
            // Without any spread each one is the median.
            Self::Lognormal(_, sigma) if !sigma.is_finite() || sigma < 0.0 => {
                Err(LatencyError::Shape("sigma", "0 or more"))
            }
            Self::Pareto(_, alpha) if !positive(alpha) => Err(LatencyError::Shape("alpha", "more than 0")),
            fine => Ok(fine),
        }
    }

    /// One time, made from as many words of `random` as the distribution needs; never more than [`LONGEST`].
    pub fn sample(&self, mut random: impl FnMut() -> u64) -> Duration {
        let seconds = match *self {
            Self::Fixed(time) => return time.min(LONGEST),
            Self::Uniform(from, to) => {
                let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
                from + (to - from) * unit(random())
            }
            Self::Normal(mean, deviation) => mean.as_secs_f64() + deviation.as_secs_f64() * normal(random),
            Self::Lognormal(median, sigma) => median.as_secs_f64() * (sigma * normal(random)).exp(),
            Self::Pareto(least, alpha) => least.as_secs_f64() * (1.0 - unit(random())).powf(-1.0 / alpha),
        };
        let seconds = if seconds.is_nan() { 0.0 } else { seconds.clamp(0.0, LONGEST.as_secs_f64()) };
        Duration::from_secs_f64(seconds)
    }
}

/// A number from 0 (included) to 1 (not), from the upper 53 bits of a word: as many as a double holds.
#[allow(clippy::cast_precision_loss, reason = "53 bits are exactly what a double holds")]
pub(crate) fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

/// One number of the standard normal distribution (Box and Muller, 1958).
fn normal(mut random: impl FnMut() -> u64) -> f64 {
    let radius = (-2.0 * (1.0 - unit(random())).ln()).sqrt();
    radius * (TAU * unit(random())).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// `SplitMix64`, good enough to tell distributions apart.
    fn words(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let word = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^ (word >> 31)
        }
    }

    fn sorted(latency: Latency) -> Vec<Duration> {
        let mut random = words(7);
        let mut drawn: Vec<_> = (0..10_001).map(|_| latency.sample(&mut random)).collect();
        drawn.sort();
        drawn
    }

    fn near(found: Duration, expected: Duration) {
        let (found, expected) = (found.as_secs_f64(), expected.as_secs_f64());
        assert!((found / expected - 1.0).abs() < 0.05, "{found} is not near {expected}");
    }

    #[test]
    fn each_distribution_has_the_quantiles_it_should_have() {
        let uniform = sorted(Latency::Uniform(MS(100), MS(300)));
        near(uniform[5000], MS(200));
        near(uniform[9000], MS(280));
        let normal = sorted(Latency::Normal(MS(200), MS(20)));
        near(normal[5000], MS(200));
        near(normal[8413], MS(220));
        let lognormal = sorted(Latency::Lognormal(MS(100), 0.5));
        near(lognormal[5000], MS(100));
        near(lognormal[8413], Duration::from_secs_f64(0.1 * 0.5_f64.exp()));
        let pareto = sorted(Latency::Pareto(MS(100), 2.0));
        near(pareto[5000], Duration::from_secs_f64(0.1 * 2.0_f64.sqrt()));
        near(pareto[9000], Duration::from_secs_f64(0.1 * 10.0_f64.sqrt()));
    }

    #[test]
    fn durations_are_read_and_nonsense_is_refused_with_an_example() {
        assert_eq!(parse_duration("200ms"), Ok(MS(200)));
        assert_eq!(parse_duration("1.5s"), Ok(MS(1500)));
        assert_eq!(parse_duration("2m 30s"), Ok(Duration::from_secs(150)));
        for wrong in ["", "200", "-1s", "ms", "20 bananas"] {
            let said = parse_duration(wrong).unwrap_err().to_string();
            assert!(said.contains("write 200ms"), "{said}");
        }
        assert_eq!(parse_duration("2h").unwrap_err(), LatencyError::TooLong("2h".to_owned()));
    }

    #[test]
    fn numbers_that_make_no_distribution_are_refused() {
        assert_eq!(Latency::Uniform(MS(2), MS(1)).checked(), Err(LatencyError::Order));
        assert_eq!(Latency::Lognormal(MS(2), -1.0).checked(), Err(LatencyError::Shape("sigma", "0 or more")));
        assert_eq!(Latency::Lognormal(MS(2), 0.0).checked().map(|own| own.sample(|| 7)), Ok(MS(2)));
        assert_eq!(
            Latency::Pareto(MS(2), f64::NAN).checked(),
            Err(LatencyError::Shape("alpha", "more than 0"))
        );
        assert!(Latency::Normal(MS(2), MS(0)).checked().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_a_time_and_never_longer_than_the_longest(
            a in 0_u64..10_000_000, b in 0_u64..10_000_000, shape in 1e-3_f64..50.0, seed: u64
        ) {
            for latency in [
                Latency::Fixed(MS(a)), Latency::Uniform(MS(a.min(b)), MS(a.max(b))), Latency::Normal(MS(a), MS(b)),
                Latency::Lognormal(MS(a), shape), Latency::Pareto(MS(a), shape),
            ] {
                prop_assert!(latency.sample(words(seed)) <= LONGEST);
                prop_assert_eq!(latency.sample(words(seed)), latency.sample(words(seed)));
            }
        }
    }
}
