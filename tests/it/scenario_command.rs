//! `overdub scenario`, from outside: what it tells, what it writes, and its exit codes.

mod own;
mod shipped;
mod tests;

use crate::support::overdub::Project;

/// What a command told on stdout, and its exit code where that is not 0.
fn told(project: &Project, args: &[&str]) -> String {
    let (code, stdout, stderr) = project.run(&[&["scenario"], args].concat());
    let code = if code == 0 { String::new() } else { format!("exit code {code}\n") };
    format!("{stdout}{stderr}{code}").trim_end().to_owned()
}
