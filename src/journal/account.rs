//! The account of a whole run: every request counted by what came of it, and what failed, each kind of it once.
//!
//! Unlike the journal it forgets nothing that its reader counts on: numbers are exact however many requests there are,
//! and only the texts of failures are bounded.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ::http::Method;

use super::OUTCOMES;
use crate::http::Request;
use crate::profile::{Mask, Profile};

/// How many different failures of one outcome are kept.
const MOST: usize = 100;

/// Longest target that is kept whole, in bytes.
const LONGEST_TARGET: usize = 2048;

/// What came of all requests.
#[derive(Debug)]
pub struct Account {
    /// How many requests came.
    begun: AtomicU64,
    /// What came of them, in the order of [`OUTCOMES`].
    counts: [AtomicU64; OUTCOMES.len()],
    /// A std lock, held to note one failure and never across an `.await`.
    failed: Mutex<Vec<Failed>>,
    mask: Mask,
}

/// Requests that failed alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// One of [`OUTCOMES`].
    pub outcome: &'static str,
    /// The method of the request.
    pub method: Method,
    /// Path and query, behind the origin that a forward proxy was asked for; secrets are hidden.
    pub target: Box<str>,
    /// Why, line by line.
    pub report: Vec<String>,
    /// How often it was so.
    pub times: u64,
}

impl Failed {
    /// For people, line by line: the first names the request, and how often it failed so.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.report.clone();
        // The report of a miss names the request itself.
        if self.outcome != "miss" {
            let request = format!("{} {}: ", self.method, self.target);
            match lines.first_mut() {
                Some(first) => first.insert_str(0, &request),
                None => lines.push(request),
            }
        }
        if self.times > 1
            && let Some(first) = lines.first_mut()
        {
            // Writing to a string cannot fail.
            let _ = write!(first, " ({} times)", self.times);
        }
        lines
    }
}

/// What came of all requests, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Tallied {
    /// How many requests came.
    pub requests: u64,
    /// How many there were of each outcome, those left out of which there was none.
    pub outcomes: Vec<(&'static str, u64)>,
    /// The failures that were kept, in the order in which they first came: of each outcome the first 100 that differ.
    pub failed: Vec<Failed>,
}

impl Tallied {
    /// How many requests came to this.
    pub fn count(&self, outcome: &str) -> u64 {
        self.outcomes.iter().find(|(own, _)| *own == outcome).map_or(0, |(_, count)| *count)
    }

    /// How many requests have no answer: their clients left before.
    pub fn abandoned(&self) -> u64 {
        self.requests.saturating_sub(self.outcomes.iter().map(|(_, count)| count).sum())
    }

    /// The failures of this outcome that were kept.
    pub fn of(&self, outcome: &str) -> impl Iterator<Item = &Failed> {
        self.failed.iter().filter(move |own| own.outcome == outcome)
    }
}

impl Account {
    /// An account of nothing yet.
    pub fn new(profile: &Profile) -> Self {
        Self {
            begun: AtomicU64::new(0),
            counts: Default::default(),
            failed: Mutex::default(),
            mask: Mask::new(profile),
        }
    }

    /// Counts a request that came. What is returned is told what came of it.
    pub fn begin(&self, request: &Request) -> Box<Asked<'_>> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let target = request.target();
        let target = match &request.asked {
            Some(origin) => format!("{origin}{target}").into(),
            None => Box::from(target),
        };
        // In a box: hyper moves the future of every request.
        Box::new(Asked { account: self, method: request.head.method.clone(), target })
    }

    /// All of it so far.
    pub fn read(&self) -> Tallied {
        let counts = OUTCOMES.iter().zip(&self.counts);
        let counts = counts.map(|(outcome, count)| (*outcome, count.load(Ordering::Relaxed)));
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Tallied {
            outcomes: counts.filter(|(_, count)| *count > 0).collect(),
            // Read last: each that was answered was begun before.
            requests: self.begun.load(Ordering::Relaxed),
            failed,
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Asked<'a> {
    account: &'a Account,
    method: Method,
    target: Box<str>,
}

impl Asked<'_> {
    /// Keeps why there is no answer.
    pub fn failed(&self, outcome: &'static str, why: &dyn std::fmt::Display) {
        let (account, method) = (self.account, &self.method);
        let target = account.mask.cut(&self.target, LONGEST_TARGET);
        let report: Vec<String> =
            why.to_string().lines().map(|line| account.mask.text(line).into_owned()).collect();
        let mut all = account.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |own: &&mut Failed| {
            own.outcome == outcome && own.method == *method && own.target == target && own.report == report
        };
        if let Some(same) = all.iter_mut().find(is_same) {
            same.times += 1;
        } else if all.iter().filter(|own| own.outcome == outcome).count() < MOST {
            all.push(Failed { outcome, method: method.clone(), target, report, times: 1 });
        }
    }

    /// Counts what came of it.
    pub fn close(&self, outcome: &str) {
        if let Some(index) = OUTCOMES.iter().position(|own| *own == outcome) {
            self.account.counts[index].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;

    fn request(target: &str) -> Request {
        let (head, ()) = ::http::Request::get(target).body(()).unwrap().into_parts();
        Request::new(head, Body::Empty, "http", ([127, 0, 0, 1], 80).into())
    }

    #[test]
    fn counts_are_exact_where_texts_are_bounded() {
        let account = Account::new(&Profile::okta().unwrap());
        for number in 0..1000 {
            for _ in 0..2 {
                let asked = account.begin(&request(&format!("/a/{number}?password=x")));
                asked.failed("miss", &format_args!("never recorded: {number}\nclosest: nothing"));
                asked.close("miss");
            }
        }
        account.begin(&request("/b")).close("replayed");
        drop(account.begin(&request("/left")));
        let told = account.read();
        assert_eq!((told.requests, told.count("miss"), told.count("replayed")), (2002, 2000, 1));
        assert_eq!((told.abandoned(), told.failed.len()), (1, MOST));
        let first = &told.failed[0];
        assert_eq!((&*first.target, first.times), ("/a/0?password=(hidden)", 2));
        assert_eq!(first.report, ["never recorded: 0", "closest: nothing"]);
    }
}
