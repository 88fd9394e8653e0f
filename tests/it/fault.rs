//! Attacks on the program as it is run: kills, races, full disks, bad receivers. Short by default; `WARBOARD_LONG=1`, which
//! `tests/run --long` sets, runs them in full. What chance decides is printed, and repeated with `WARBOARD_SEED`.

mod client;
mod crash;
pub mod dice;
mod full;
mod history;
mod limit;
mod network;
mod node;
mod reader;
mod receiver;
mod route;

/// Whether the long form was asked for.
pub fn is_long() -> bool {
    std::env::var_os("WARBOARD_LONG").is_some()
}

/// How often something is done, in the short form and in the long one.
pub fn times(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}
