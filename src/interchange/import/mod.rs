//! Reads what other programs recorded.
