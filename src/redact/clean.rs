//! The rules applied to a cassette that exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Raw, Redact, Redactor};
use crate::cassette::{Cassette, Header, Interaction};
use crate::http::Origin;
use crate::profile::{Profile, StandInType};

/// A cassette after the rules were applied to it.
#[derive(Debug)]
pub struct Cleaned {
    /// The header, with the stand-in's origin.
    pub header: Header,
    /// The interactions, with stand-ins.
    pub interactions: Vec<Interaction>,
    /// How many distinct values of each type were replaced.
    pub replaced: BTreeMap<StandInType, usize>,
    /// Whether anything differs from what it was.
    pub changed: bool,
}

/// The cassette with stand-ins in it, as [`clean`] puts them there.
pub fn with_stand_ins(cassette: &Cassette, profile: &Arc<Profile>) -> Cassette {
    let Cleaned { header, interactions, .. } = clean(cassette, profile);
    Cassette { name: cassette.name.clone(), path: cassette.path.clone(), header, interactions }
}

/// Puts stand-ins into a cassette as a recorder would have. Those that it declares already stay. Values that only a
/// later interaction tells to be ones are replaced in earlier ones too.
pub fn clean(cassette: &Cassette, profile: &Arc<Profile>) -> Cleaned {
    let stand_in = &profile.stand_in_origin;
    let is_stand_in = |origin: &Origin| origin == stand_in || origin.host().ends_with(".overdub.test");
    let upstream = Origin::parse(&cassette.header.upstream).ok().filter(|own| !is_stand_in(own));
    // One that was recorded by a forward proxy alone: its first origin is what URLs are relative to.
    let absolute = |own: &Interaction| !own.request.url.starts_with(['/', '*']);
    let main = upstream.or_else(|| {
        let first = cassette.interactions.first().filter(|_| cassette.interactions.iter().all(absolute))?;
        split(&first.request.url).map(|(origin, _)| origin).filter(|own| !is_stand_in(own))
    });
    let mut redactor = Redactor::new(Arc::clone(profile), Redact::On, main.clone());
    redactor.continue_after(cassette);
    for own in &cassette.interactions {
        redactor.learn(own.clone());
    }
    let mut replaced = BTreeMap::new();
    let mut interactions = Vec::with_capacity(cassette.interactions.len());
    for own in &cassette.interactions {
        interactions.push(redactor.redact(raw(own.clone(), main.as_ref())));
        for fresh in redactor.fresh().iter().filter(|fresh| *fresh.stand_in != *fresh.value) {
            *replaced.entry(fresh.of_type).or_default() += 1;
        }
    }
    let header = match &main {
        Some(_) => Header { upstream: redactor.header().upstream, ..cassette.header.clone() },
        None => cassette.header.clone(),
    };
    let changed = header != cassette.header || interactions != cassette.interactions;
    Cleaned { header, interactions, replaced, changed }
}

/// The interaction as an exchange would have brought it.
fn raw(mut interaction: Interaction, main: Option<&Origin>) -> Raw {
    if let Some((origin, path)) = split(&interaction.request.url)
        && Some(&origin) == main
    {
        interaction.request.url = path;
    }
    Raw { interaction, origin: None, client: None }
}

/// Origin and rest of an absolute URL.
fn split(url: &str) -> Option<(Origin, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let origin = Origin::parse(&format!("{scheme}://{}", rest.get(..end)?)).ok()?;
    let path = rest.get(end..).filter(|path| path.starts_with('/'));
    Some((origin, path.map_or_else(|| format!("/{}", rest.get(end..).unwrap_or_default()), str::to_owned)))
}
