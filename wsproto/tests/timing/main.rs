//! The tests of `deadlines` and `backoff`, against a simulated clock.

mod backoff;
mod deadlines;
