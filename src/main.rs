//! The `overdub` command.

fn main() {}
