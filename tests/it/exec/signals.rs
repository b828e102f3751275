//! What overdub is told, the command is told.
#![cfg(unix)]

use std::process::Command;

use super::{Exec, project};

/// Says what it is told, and goes on.
const STUBBORN: &str = r#"
for signal in INT TERM HUP QUIT; do trap "echo told $signal" "$signal"; done
echo "$OVERDUB_URL $OVERDUB_ADMIN_URL"
while :; do read line && exit "$line"; done"#;

fn signal(exec: &Exec, name: &str) {
    let kill = format!("kill -{name} {}", exec.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
}

#[test]
fn each_is_passed_on_and_the_command_decides() {
    let project = project();
    for name in ["INT", "TERM", "HUP", "QUIT"] {
        let mut exec = Exec::start(&project, &["-c", "run"], STUBBORN);
        signal(&exec, name);
        assert_eq!(exec.line(), format!("told {name}"));
        assert_eq!(exec.ask("GET /a").text(), "a", "it serves as long as the command runs");
        let (code, told) = exec.end(3);
        assert_eq!(code, 3, "{told}");
    }
}

#[test]
fn who_is_told_twice_is_killed_and_summed_up() {
    let project = project();
    let mut exec = Exec::start(&project, &["-c", "run"], STUBBORN);
    signal(&exec, "INT");
    assert_eq!(exec.line(), "told INT");
    signal(&exec, "TERM");
    let (code, told) = exec.ended();
    assert_eq!(code, 137, "{told}");
    assert!(told.contains("was ended by signal 9"), "{told}");
}

#[test]
fn hanging_up_twice_is_no_wish_to_end() {
    let project = project();
    let mut exec = Exec::start(&project, &["-c", "run"], STUBBORN);
    for _ in 0..2 {
        signal(&exec, "HUP");
        assert_eq!(exec.line(), "told HUP");
    }
    assert_eq!(exec.end(0).0, 0);
}
