//! Other programs' recordings: what becomes of them, and what is said of what cannot.

mod import;
