//! How a recorded request fits a live one when the values that may differ are left open.

use super::bindings::{Bound, LiveOrigin};
use super::variables::{Declared, Variables};
use crate::http::Origin;
use crate::matching::{self, Capture, Masked, canonical};
use crate::profile::StandInType;

/// A recorded value that a masked key leaves open.
#[derive(Debug)]
pub(super) struct Position {
    sort: Sort,
    recorded: Masked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// The stand-in of a personal value.
    Variable(usize),
    /// A link to a recorded origin.
    Origin(usize),
    /// A secret.
    Secret,
    /// What it says.
    Literal,
}

/// How well a recording fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The client sent what was recorded.
    Literal,
    /// Every stand-in is bound to what the client sent.
    Bound,
    /// A stand-in would be bound.
    Unbound,
    /// A stand-in would be bound to a value that another one has.
    Shared,
    /// A stand-in is bound to something else.
    Inconsistent,
}

/// A recording that fits, and what it binds.
#[derive(Debug)]
pub(super) struct Fit<'a> {
    pub(super) rank: Rank,
    /// Variables and the values sent for them.
    pub(super) values: Vec<(usize, &'a [u8])>,
    /// Recorded origins and those sent for them.
    pub(super) origins: Vec<(usize, Origin)>,
}

/// What a masked key leaves open in a recorded request. `None` when nothing of it is a stand-in's: then the exact key
/// says all.
pub(super) fn positions(values: Vec<Masked>, variables: &Variables) -> Option<Box<[Position]>> {
    let positions: Box<[_]> = values
        .into_iter()
        .map(|recorded| {
            let origin = || variables.origin_number(&parsed(&recorded.value)?);
            let sort = match variables.declared(&recorded.value) {
                Some(Declared::Variable(number)) => Sort::Variable(number),
                Some(Declared::Secret) => Sort::Secret,
                None if recorded.of_type.is_secret() => Sort::Secret,
                None if recorded.of_type == StandInType::Host => origin().map_or(Sort::Literal, Sort::Origin),
                None => Sort::Literal,
            };
            Position { sort, recorded }
        })
        .collect();
    positions.iter().any(|own| own.sort != Sort::Literal).then_some(positions)
}

/// The variables that a recorded request holds, each once.
pub(super) fn variables_of(positions: &[Position]) -> Vec<usize> {
    let number = |own: &Position| match own.sort {
        Sort::Variable(number) => Some(number),
        Sort::Origin(_) | Sort::Secret | Sort::Literal => None,
    };
    let mut numbers: Vec<_> = positions.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn parsed(text: &[u8]) -> Option<Origin> {
    Origin::parse(std::str::from_utf8(text).ok()?).ok()
}

/// How a recorded request fits a live one with the same masked key; `None` when what was recorded literally differs.
/// `follows`: the recorded origin that stands for the one through which the client reaches us.
pub(super) fn fit<'a>(
    positions: &[Position],
    sent: &'a [Masked],
    bound: Option<&Bound>,
    follows: Option<usize>,
) -> Option<Fit<'a>> {
    if positions.len() != sent.len() {
        return None;
    }
    let mut fit = Fit { rank: Rank::Literal, values: Vec::new(), origins: Vec::new() };
    for (position, sent) in positions.iter().zip(sent) {
        let recorded = &position.recorded;
        let literal = canonical(&sent.value) == canonical(&recorded.value);
        let same = literal || canonical(&sent.restored) == canonical(&recorded.restored);
        let rank = match position.sort {
            Sort::Literal if same => Rank::Literal,
            Sort::Literal => return None,
            Sort::Secret if literal => Rank::Literal,
            Sort::Secret => Rank::Bound,
            Sort::Variable(number) => fit.variable(number, &sent.value, literal, bound),
            Sort::Origin(_) if same => Rank::Bound,
            Sort::Origin(number) => fit.origin(number, &sent.value, bound, follows)?,
        };
        fit.rank = fit.rank.max(rank);
    }
    Some(fit)
}

/// The same for what a live request sent in the open places of a recorded one's pattern. `ours`: the origin by which
/// the client knows us.
pub(super) fn fit_captures<'a>(
    captures: &'a [Capture],
    variables: &Variables,
    bound: Option<&Bound>,
    follows: Option<usize>,
    ours: &Origin,
) -> Fit<'a> {
    let mut fit = Fit { rank: Rank::Bound, values: Vec::new(), origins: Vec::new() };
    for Capture { sort, value } in captures {
        let rank = match sort {
            matching::Sort::Secret => Rank::Bound,
            matching::Sort::Variable(number) => {
                let own = variables.value(*number).map(|own| own.text.as_bytes());
                let literal = own.is_some_and(|own| canonical(value) == canonical(own));
                fit.variable(*number, value, literal, bound)
            }
            matching::Sort::Origin(number) => {
                let live = parsed(value);
                let known = live.as_ref().and_then(|live| bound.and_then(|bound| bound.asked(live)));
                let own = &variables.origins()[*number].origin;
                let is_own = |live: &Origin| [own, ours].iter().any(|it| it.authority() == live.authority());
                match live {
                    Some(live) if known == Some(*number) || is_own(&live) => Rank::Bound,
                    _ => fit.origin(*number, value, bound, follows).unwrap_or(Rank::Inconsistent),
                }
            }
        };
        fit.rank = fit.rank.max(rank);
    }
    fit
}

impl<'a> Fit<'a> {
    fn variable(&mut self, number: usize, sent: &'a [u8], literal: bool, bound: Option<&Bound>) -> Rank {
        let own = self.values.iter().find(|(own, _)| *own == number).map(|(_, value)| *value);
        let known = bound.and_then(|bound| bound.value(number)).map(str::as_bytes).or(own);
        if let Some(value) = known {
            return if canonical(value) == canonical(sent) { Rank::Bound } else { Rank::Inconsistent };
        }
        let elsewhere = bound.is_some_and(|bound| bound.translation().stand_in(sent).is_some())
            || self.values.iter().any(|(_, value)| canonical(value) == canonical(sent));
        self.values.push((number, sent));
        match (literal, elsewhere) {
            (true, _) => Rank::Literal,
            (false, false) => Rank::Unbound,
            (false, true) => Rank::Shared,
        }
    }

    fn origin(
        &mut self,
        number: usize,
        sent: &[u8],
        bound: Option<&Bound>,
        follows: Option<usize>,
    ) -> Option<Rank> {
        let live = parsed(sent)?;
        let own = self.origins.iter().find(|(own, _)| *own == number);
        if let Some((_, own)) = own {
            return Some(if *own == live { Rank::Unbound } else { Rank::Inconsistent });
        }
        if follows == Some(number) || bound.is_some_and(|bound| bound.has_origin(number)) {
            return Some(Rank::Inconsistent);
        }
        self.origins.push((number, live));
        Some(Rank::Unbound)
    }

    /// What its origins are bound to.
    pub(super) fn live_origins(&self) -> impl Iterator<Item = (usize, LiveOrigin)> + '_ {
        self.origins.iter().map(|(number, origin)| (*number, LiveOrigin::Other(origin.clone())))
    }
}
