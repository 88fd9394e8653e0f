//! Many at one door: a client that takes nothing costs nobody else, and there is an end to how many come in.

use nix::sys::signal::Signal;
use russh::Channel;
use russh::client::{Handle, Msg};

use super::raw::{Believes, board, login, rss_kib, shows};
use super::{Door, text};
use crate::fault::times;

#[test]
fn a_client_that_is_stopped_delays_nobody_and_sees_the_present_when_it_goes_on() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    let mut boards: Vec<_> = (0..3)
        .map(|_| door.board("d.okafor", (120, 40), &[]))
        .collect();
    for board in &mut boards {
        board.sees("live");
    }
    boards[0].signal(Signal::SIGSTOP);
    let mut last = String::new();
    for n in 0..5 {
        last = door.incident(&format!("Number {n}"));
        for board in &mut boards[1..] {
            board.sees(&last);
        }
    }
    for (n, board) in boards[1..].iter_mut().enumerate() {
        board.keys("?");
        board.until(&format!("the keys on board {n}"), |picture| {
            picture.contains("the keys that work here")
        });
    }
    boards[0].signal(Signal::SIGCONT);
    boards[0].sees(&last);
}

#[test]
fn there_is_an_end_to_sessions_and_it_is_said() {
    let door = Door::with(
        &["person=d.okafor,role=commander"],
        &["--sessions-per-address", "2"],
    );
    let mut boards: Vec<_> = (0..2)
        .map(|_| door.board("d.okafor", (80, 24), &[]))
        .collect();
    for board in &mut boards {
        board.sees("UTC");
    }
    let third = door.ssh("d.okafor", &["list"]);
    assert_eq!(third.status.code(), Some(1), "{third:?}");
    assert!(
        text(&third.stderr).contains("too many sessions"),
        "{third:?}"
    );
    boards[0].keys("q");
    assert_eq!(boards[0].ends().exit_code(), 0);
    super::until("a place that came free", || {
        door.ssh("d.okafor", &["list"])
            .status
            .success()
            .then_some(())
    });
}

#[test]
fn a_session_without_a_key_pressed_ends_with_a_sentence() {
    let door = Door::with(&["person=d.okafor,role=commander"], &["--idle-for", "1s"]);
    let mut board = door.board("d.okafor", (80, 24), &[]);
    assert_eq!(board.ends().exit_code(), 0);
    assert!(
        board.picture().contains("no key was pressed"),
        "{}",
        board.picture()
    );
    assert!(!board.screen().alternate_screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_logins_without_a_session_are_nobody_and_keep_nobody_out() {
    let rights = ["person=k.ono,role=viewer", "person=d.okafor,role=commander"];
    let door = Door::with(&rights, &["--sessions", "2"]);
    let mut idle = Vec::new();
    for _ in 0..12 {
        idle.push(login(&door, "k.ono").await);
    }
    let done = door.ssh("d.okafor", &["list"]);
    assert!(done.status.success(), "{done:?}");
    let mut inside = door.board("d.okafor", (80, 24), &[]);
    inside.sees("UTC");
    let who = super::until("the one who is there", || {
        Some(super::login::who(&door)).filter(|who| who.contains("d.okafor"))
    });
    assert!(!who.contains("k.ono"), "{who}");
    drop(idle);
}

/// So many sessions at one door, each with its board drawn, over twenty incidents.
async fn crowd(sessions: usize) -> (Door, Vec<(Handle<Believes>, Channel<Msg>)>) {
    let most = sessions.to_string();
    let door = Door::with(
        &["person=d.okafor,role=commander"],
        &["--sessions-per-address", &most],
    );
    for n in 0..20 {
        door.incident(&format!("Incident {n}"));
    }
    let mut connections = Vec::new();
    for _ in 0..sessions {
        let handle = login(&door, "d.okafor").await;
        let channel = board(&handle, 160, 50).await;
        connections.push((handle, channel));
    }
    (door, connections)
}

/// Ten sessions, and a hundred in the long form: a hundred logins take long.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_sessions_fits_into_a_hundredth_of_a_quarter_gibibyte() {
    let sessions = times(10, 100);
    let (door, mut connections) = crowd(sessions).await;
    let (_, last) = connections.last_mut().unwrap();
    last.data(&b"?"[..]).await.unwrap();
    shows(last, "the keys that work").await;
    let rss = rss_kib(&door);
    println!("{sessions} sessions: {rss} KiB");
    // What one process holds without any session, its code for finding faults among it, and for each a hundredth of what is
    // left of 256 MiB.
    let most = 96 * 1024 + sessions * (256 - 96) * 1024 / 100;
    assert!(
        rss < u64::try_from(most).unwrap(),
        "{rss} KiB for {sessions} sessions"
    );
}

/// From a key to the frame it changed, on loopback, with fifty sessions at the door: told, not judged, for it is the machine's
/// word too.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_among_many_sessions_is_a_frame() {
    let sessions = times(5, 50);
    let (_door, mut connections) = crowd(sessions).await;
    let mut took = Vec::new();
    for n in 0..sessions * 20 {
        let (_, channel) = &mut connections[n % sessions];
        super::raw::drained(channel).await;
        let begun = std::time::Instant::now();
        let key = if (n / sessions).is_multiple_of(2) {
            "j"
        } else {
            "k"
        };
        channel.data(key.as_bytes()).await.unwrap();
        super::raw::frame(channel).await;
        took.push(begun.elapsed());
    }
    took.sort();
    println!(
        "{sessions} sessions: median {:?}, p99 {:?}",
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
}
