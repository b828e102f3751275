//! What `overdub completions` prints.

use crate::support::overdub::Project;

#[test]
fn every_shell_learns_every_command_and_flag() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (code, stdout, stderr) = Project::new().run(&["completions", shell]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{shell}");
        for word in ["record", "replay", "completions", "upstream-timeout", "require-fired", "config"] {
            assert!(stdout.contains(word), "{shell}: {word}");
        }
        assert!(!stdout.contains("no-tls"), "{shell}: hidden flags stay hidden");
    }
}

#[test]
fn another_shell_is_refused() {
    insta::assert_snapshot!(Project::new().fails(&["completions", "tcsh"]), @r#"
    exit code 2
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    "#);
}
