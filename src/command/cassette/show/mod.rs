//! `overdub cassette show`: what a cassette holds, as a person reads it.

mod json;
mod timeline;
mod whole;

use std::io::{self, BufWriter, Write as _};
use std::num::NonZeroUsize;

use crate::cassette::{Cassette, Interaction};
use crate::cli::CassetteShowArgs;
use crate::command::terminal::{Paint, counted};
use crate::command::{Failure, chosen};
use crate::profile::Profile;

pub(super) fn run(args: &CassetteShowArgs) -> Result<(), Failure> {
    let (name, number) = asked(args);
    let cassette = chosen::cassette(name)?;
    let profile = chosen::profile_of(args.profile.as_deref(), &cassette.header)?;
    let chosen = Chosen::of(&cassette, number)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let paint = Paint::on_stdout();
    let told = if args.json {
        json::write(&chosen, &profile, &mut out)
    } else if args.full || number.is_some() {
        whole::write(&chosen, paint, &mut out)
    } else {
        timeline::write(&cassette, &profile, paint, &mut out)
    };
    // Nobody reads on when stdout is closed.
    let _ = told.and_then(|()| out.flush());
    Ok(())
}

/// The cassette and the number that were typed, as `NAME NUMBER` or `NAME#NUMBER`.
fn asked(args: &CassetteShowArgs) -> (&str, Option<usize>) {
    let split = args.name.rsplit_once('#');
    let numbered = split.and_then(|(name, number)| Some((name, number.parse().ok()?)));
    match (numbered, args.number.map(NonZeroUsize::get)) {
        // NAME#3 3 says it twice; where both are not the same, the name is one that has a # in it.
        (Some((name, number)), None) => (name, Some(number)),
        (Some((name, number)), Some(again)) if number == again => (name, Some(number)),
        (_, number) => (args.name.as_str(), number),
    }
}

/// The interactions that are shown, each with its number from 1.
struct Chosen<'a> {
    cassette: &'a Cassette,
    first: usize,
    interactions: &'a [Interaction],
}

impl<'a> Chosen<'a> {
    fn of(cassette: &'a Cassette, number: Option<usize>) -> Result<Self, Failure> {
        let all = cassette.interactions.as_slice();
        let Some(number) = number else { return Ok(Self { cassette, first: 1, interactions: all }) };
        let own = number.checked_sub(1).and_then(|index| all.get(index));
        let interactions = own.map(std::slice::from_ref).ok_or_else(|| {
            Failure::usage(format_args!(
                "{}#{number}: it has {}, numbered from 1",
                cassette.name,
                counted(all.len(), "interaction")
            ))
        })?;
        Ok(Self { cassette, first: number, interactions })
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, &'a Interaction)> {
        (self.first..).zip(self.interactions)
    }
}

/// The state that the answer tells.
fn state(own: &Interaction, profile: &Profile) -> Option<String> {
    let body = own.response.body.as_ref().filter(|body| !body.coded)?;
    profile.state_of(&serde_json::from_slice(&body.bytes).ok()?)
}
