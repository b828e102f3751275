//! `overdub cassette clean`: the rules of recording, applied to cassettes that exist.

use std::io::{self, Write as _};
use std::sync::Arc;

use crate::cassette::Rewrite;
use crate::cli::CleanArgs;
use crate::command::Failure;
use crate::command::chosen::{profile, profile_of};
use crate::redact::{Cleaned, clean};

pub(super) fn run(args: &CleanArgs) -> Result<(), Failure> {
    let chosen = args.profile.as_deref().map(profile).transpose()?;
    // What cannot be read is told before anything is changed.
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for path in &args.files {
        match Rewrite::open(path) {
            Ok(own) => found.push((path, own)),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if !errors.is_empty() {
        return Err(Failure::Usage(errors));
    }
    let mut unclean = 0;
    for (path, own) in found {
        let profile = match &chosen {
            Some(chosen) => Arc::clone(chosen),
            None => profile_of(None, &own.cassette().header)?,
        };
        let cleaned = clean(own.cassette(), &profile);
        tell(&format!("{}: {}", path.display(), summary(&cleaned, args.check)));
        unclean += usize::from(cleaned.changed);
        if cleaned.changed && !args.check {
            own.replace(&cleaned.header, &cleaned.interactions).map_err(Failure::usage)?;
        }
    }
    match unclean {
        unclean if unclean > 0 && args.check => Err(Failure::Checks(format!(
            "cassettes with values to replace: {unclean}; leave --check out to replace them"
        ))),
        _ => Ok(()),
    }
}

/// How many values of which type.
fn summary(cleaned: &Cleaned, check: bool) -> String {
    if !cleaned.changed {
        return "nothing to replace".to_owned();
    }
    let counts: Vec<_> =
        cleaned.replaced.iter().map(|(of_type, count)| format!("{count} {}", of_type.name())).collect();
    let counts =
        if counts.is_empty() { "credentials, cookies or hosts".to_owned() } else { counts.join(", ") };
    format!("{}: {counts}", if check { "to replace" } else { "replaced" })
}

fn tell(line: &str) {
    // Whoever closed stdout does not want to know.
    let _ = writeln!(io::stdout(), "{line}");
}
