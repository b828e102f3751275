//! Behaviour from outside: the library and the binary over real sockets.

mod cassette;
mod sandbox;
