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

/// Says that a test cannot be run here; where every check has to be, that is a failure.
pub fn missing(what: &str, mend: &str) {
    let must = std::env::var_os("WARBOARD_STRICT").is_some();
    assert!(!must, "{what} is not here: {mend}");
    println!("not run: {what} is not here");
}

/// How often something is done, in the short form and in the long one.
pub fn times(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}
