//! A day of an unattended wall and of an ordinary board, in fast time: real backends and sessions over real sockets, on clocks
//! that are moved by hand, with everything in the way that a day can bring. What is drawn is judged every second by what
//! the wire told; memory is that of the process, which therefore is one of its own.

mod day;
mod front;
mod oracle;
mod viewer;
mod work;

use std::process::Command;

use crate::fault::dice::Dice;
use crate::fault::is_long;
use day::Day;

/// Set for the process that lives the day: how many seconds of it.
const LIVES: &str = "WARBOARD_LIVES_SECONDS";
const HOUR: i64 = 3_600;
/// A quarter of an hour in which as much happens as in one and a half: that takes some seconds of the machine, a day minutes.
const SHORT: (i64, u64) = (HOUR / 4, 6);
/// How much more a process may hold at the end of a day than after its first hour.
const GROWTH_KIB: u64 = 8 * 1024;
/// The same from the first quarter of the short form on, which has not seen all that a process ever holds.
const WARMS_UP_KIB: u64 = 24 * 1024;

#[test]
fn a_wall_and_a_board_live_through_a_day_and_never_show_old_data_as_new() {
    if let Ok(seconds) = std::env::var(LIVES) {
        return live(seconds.parse().unwrap());
    }
    let seconds = if is_long() { 24 * HOUR } else { SHORT.0 };
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("life::a_wall_and_a_board_live_through_a_day_and_never_show_old_data_as_new")
        .env(LIVES, seconds.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    println!("{said}");
    assert!(
        done.status.success() && said.contains("lived"),
        "{said}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn live(seconds: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let begun = std::time::Instant::now();
    runtime.block_on(async {
        let busy = if seconds > SHORT.0 { 1 } else { SHORT.1 };
        let part = HOUR.min(seconds / 4);
        // The short form is the same each time; a day is another one each time.
        let dice = match is_long() {
            true => Dice::thrown("a_day_of_boards"),
            false => Dice::loaded("a_day_of_boards", 1),
        };
        let mut day = Day::begin(dice, busy).await;
        let mut held = Vec::new();
        for second in 1..=seconds {
            day.second().await;
            if second % part == 0 {
                held.push(held_kib());
            }
        }
        let judge = &day.judge;
        println!(
            "lived {seconds} s in {:?}: {} frames, {} countdowns, {} looks at old sources, {} recoveries, the slowest {} ms; KiB every {part} s {held:?}",
            begun.elapsed(),
            judge.frames,
            judge.countdowns,
            judge.stale,
            judge.recoveries,
            judge.slowest_ms
        );
        let most = if part == HOUR { GROWTH_KIB } else { WARMS_UP_KIB };
        if let (Some(first), Some(last)) = (held.first(), held.last()) {
            assert!(*last < first + most, "it grows: {held:?}");
        }
        day.end().await;
    });
}

/// What this process holds in memory that is not read from a file: code that is run for the first time is no growth.
fn held_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
