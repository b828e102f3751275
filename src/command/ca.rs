//! `overdub ca`: the local CA's certificate, for clients to trust.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use super::Failure;
use crate::cli::{CaArgs, CaCommand, CaExportArgs, CertificateFormat};
use crate::clock::Clock;
use crate::config::CaConfig;
use crate::tls::Ca;

pub(super) fn run(args: CaArgs) -> Result<(), Failure> {
    let (dir, clock) = (Ca::directory().map_err(Failure::usage)?, Clock::Wall);
    match args.command {
        CaCommand::Path => tell(&Ca::open(&dir, &clock).map_err(Failure::usage)?),
        CaCommand::Export(args) => export(&Ca::open(&dir, &clock).map_err(Failure::usage)?, &args),
        CaCommand::New(args) => {
            let CaConfig { only, force } = CaConfig::of(&args).map_err(Failure::usage)?;
            tell(&Ca::create(&dir, &clock, &only, force).map_err(Failure::usage)?)
        }
    }
}

/// Prints where the certificate is.
fn tell(ca: &Ca) -> Result<(), Failure> {
    let line = format!("{}\n", ca.path().display());
    io::stdout().write_all(line.as_bytes()).map_err(|error| unwritten("stdout", &error))
}

fn export(ca: &Ca, args: &CaExportArgs) -> Result<(), Failure> {
    let bytes = match args.format {
        CertificateFormat::Pem => ca.pem().into_bytes(),
        CertificateFormat::Der => ca.certificate().to_vec(),
    };
    let Some(path) = &args.output else {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&bytes).and_then(|()| stdout.flush());
        return written.map_err(|error| unwritten("stdout", &error));
    };
    let written = File::create(path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|error| unwritten(&format!("-o {}", Path::display(path)), &error))
}

fn unwritten(to: &str, error: &io::Error) -> Failure {
    Failure::usage(format_args!("{to}: {error}; name a file that can be written"))
}
