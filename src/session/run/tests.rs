//! The loop with a clock that stands still, a door that only collects, and a screen of one countdown.

use ratatui::style::Style;

use super::*;
use crate::time::TestClock;
use crate::ui::input::{Key, KeyCode};
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Collects frames; a frame is done when the test says so, or at once.
struct Shelf {
    frames: Sender<Vec<u8>>,
    written: Receiver<io::Result<()>>,
    frame: Vec<u8>,
    suspended: u32,
}

impl Door for Shelf {
    fn start(&mut self, frame: Vec<u8>) {
        self.frame = frame.clone();
        self.frames.try_send(frame).unwrap();
    }
    async fn done(&mut self) -> io::Result<Vec<u8>> {
        self.written.recv().await.unwrap_or(Ok(()))?;
        Ok(std::mem::take(&mut self.frame))
    }
    fn suspend(&mut self) -> io::Result<bool> {
        self.suspended += 1;
        Ok(true)
    }
}

/// Shows the seconds since 1,000 s and the last key; `q` leaves, `b` rings, `z` suspends, news are exit codes.
#[derive(Default)]
struct Seconds {
    last: String,
    code: Option<i32>,
    inputs: Vec<Input>,
}

impl Screen for Seconds {
    type News = i32;
    type Effect = String;
    type Live = ();

    fn handle(&mut self, event: Event<i32>, _: Mono) -> Handled<String> {
        let mut handled = Handled::nothing();
        match event {
            Event::Input(Input::Key(Key {
                code: KeyCode::Char('q'),
                ..
            })) => self.code = Some(0),
            Event::Input(Input::Key(Key {
                code: KeyCode::Char('b'),
                ..
            })) => handled.wishes.push(Wish::Bell),
            Event::Input(Input::Key(Key {
                code: KeyCode::Char('z'),
                ..
            })) => handled.wishes.push(Wish::Suspend),
            Event::Input(Input::Key(Key {
                code: KeyCode::Char('y'),
                ..
            })) => handled.wishes.push(Wish::Copy("AZ-142".into())),
            Event::Input(input) => {
                self.last = format!("{input:?}");
                self.inputs.push(input);
                handled.redraw = true;
                handled.effects.push("input".into());
            }
            Event::News(code) => self.code = Some(code),
            Event::Tick => handled.effects.push("tick".into()),
        }
        handled
    }
    fn draw(&mut self, buffer: &mut Buffer, at: Mono) {
        buffer.set_string(0, 0, seconds(at), Style::new());
        buffer.set_string(0, 1, &self.last, Style::new());
    }
    fn tick(&self, (): &(), at: Mono) -> Tick {
        Tick {
            patches: vec![Patch {
                x: 0,
                y: 0,
                text: seconds(at),
                style: Style::new(),
            }],
            redraw: false,
        }
    }
    fn next_tick_at(&self, (): &(), at: Mono) -> Option<Mono> {
        Some(Mono(at.0 - at.0 % 1_000 + 1_000))
    }
    fn quit(&self) -> Option<i32> {
        self.code
    }
}

fn seconds(at: Mono) -> String {
    format!("{:>6}", at.0 / 1_000 - 1_000)
}

struct Bench {
    clock: TestClock,
    incoming: Sender<Incoming>,
    news: Sender<i32>,
    frames: Receiver<Vec<u8>>,
    written: Sender<io::Result<()>>,
    effects: Receiver<String>,
    running: tokio::task::JoinHandle<(i32, Seconds, u32)>,
}

impl Bench {
    fn start() -> Bench {
        let clock = TestClock::default();
        let (incoming, mut incoming_end) = channel(16);
        let (news, mut news_end) = channel(16);
        let (frames, frames_end) = channel(64);
        let (written, written_end) = channel(64);
        let (effects, effects_end) = channel(64);
        let shared: SharedClock = Arc::new(clock.clone());
        let running = tokio::spawn(async move {
            let (mut screen, mut door) = (
                Seconds::default(),
                Shelf {
                    frames,
                    written: written_end,
                    frame: Vec::new(),
                    suspended: 0,
                },
            );
            let setup = Setup {
                w: 60,
                h: 4,
                depth: Depth::True,
            };
            let code = run(
                &mut screen,
                &mut door,
                &mut incoming_end,
                &mut news_end,
                &shared,
                setup,
                |e| effects.try_send(e).unwrap(),
            )
            .await;
            (code, screen, door.suspended)
        });
        Bench {
            clock,
            incoming,
            news,
            frames: frames_end,
            written,
            effects: effects_end,
            running,
        }
    }

    /// Lets the loop run until it waits.
    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn bytes(&self, bytes: &[u8]) {
        self.incoming
            .send(Incoming::Bytes(bytes.to_vec()))
            .await
            .unwrap();
        Bench::settle().await;
    }

    async fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        Bench::settle().await;
    }

    /// Frames since the last call, each one written at once.
    async fn frames(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        Bench::settle().await;
        while let Ok(frame) = self.frames.try_recv() {
            frames.push(frame);
            self.written.send(Ok(())).await.unwrap();
            Bench::settle().await;
        }
        frames
    }
}

#[tokio::test]
async fn a_tick_is_one_short_frame_and_nothing_else_wakes() {
    let mut bench = Bench::start();
    let first = bench.frames().await;
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with(QUESTION) || first[0].windows(3).any(|w| w == QUESTION));
    let start = bench.clock.mono();
    assert_eq!(bench.clock.next_sleeper_at(), Some(start + 1_000));
    bench.advance(999).await;
    assert_eq!(bench.frames().await.len(), 0);
    bench.advance(1).await;
    let tick = bench.frames().await;
    assert_eq!(tick.len(), 1);
    assert!(
        tick[0].len() <= 8 && tick[0].ends_with(b"1"),
        "{:?}",
        String::from_utf8_lossy(&tick[0])
    );
    assert!(!tick[0].windows(5).any(|w| w == b"?2026"));
}

#[tokio::test]
async fn one_frame_is_in_flight_and_what_happens_meanwhile_makes_one_more() {
    let mut bench = Bench::start();
    Bench::settle().await;
    for key in ["1", "2", "3"] {
        bench.bytes(key.as_bytes()).await;
        bench.advance(1_500).await;
    }
    assert_eq!(
        bench.frames.len(),
        1,
        "nothing is sent while one is in flight"
    );
    let frames = bench.frames().await;
    assert_eq!(frames.len(), 2);
    let second = String::from_utf8_lossy(&frames[1]).into_owned();
    assert!(
        second.contains("'3'") && second.contains('4') && !second.contains("'2'"),
        "{second}"
    );
}

#[tokio::test]
async fn a_terminal_that_answers_is_waited_for() {
    let mut bench = Bench::start();
    bench.frames().await;
    bench.bytes(b"\x1b[?62c").await;
    // Two frames over the window: the text is redrawn as a whole after each clear.
    bench.bytes("\x1b[200~".as_bytes()).await;
    bench.bytes(&[b'x'; 3_000]).await;
    bench
        .incoming
        .send(Incoming::Size { w: 500, h: 20 })
        .await
        .unwrap();
    bench.bytes(b"\x1b[201~").await;
    let mut sent = 0;
    for n in 0..40 {
        bench.incoming.send(Incoming::Continued).await.unwrap();
        bench.bytes(if n % 2 == 0 { b"1" } else { b"2" }).await;
        sent += bench.frames().await.iter().map(Vec::len).sum::<usize>();
    }
    assert!(sent > 1_000 && sent < 4_000, "{sent}");
    bench.bytes(b"\x1b[?62c\x1b[?62c\x1b[?62c").await;
    assert_eq!(
        bench.frames().await.len(),
        1,
        "the answer lets the next frame out"
    );
}

#[tokio::test]
async fn an_escape_is_one_after_a_moment() {
    let mut bench = Bench::start();
    bench.frames().await;
    bench.bytes(b"\x1b").await;
    assert_eq!(bench.frames().await.len(), 0);
    bench.advance(50).await;
    let frames = bench.frames().await;
    assert!(String::from_utf8_lossy(&frames[0]).contains("Esc"));
}

#[tokio::test]
async fn wishes_and_effects_go_where_they_belong() {
    let mut bench = Bench::start();
    bench.frames().await;
    bench.bytes(b"b").await;
    assert_eq!(bench.frames().await, [b"\x07"]);
    bench.bytes(b"y").await;
    assert_eq!(bench.frames().await, [b"\x1b]52;c;QVotMTQy\x07"]);
    bench.bytes(b"z1").await;
    bench.advance(1_000).await;
    assert_eq!(
        bench.frames().await.len(),
        0,
        "nothing is written to a terminal that is not ours"
    );
    bench.incoming.send(Incoming::Continued).await.unwrap();
    let repainted = bench.frames().await;
    assert!(repainted[0].windows(4).any(|w| w == b"\x1b[2J"));
    bench.advance(1_000).await;
    bench.frames().await;
    let mut effects = Vec::new();
    while let Ok(effect) = bench.effects.try_recv() {
        effects.push(effect);
    }
    assert_eq!(effects, ["input", "input", "tick"]);
    bench.bytes(b"q").await;
    let (code, screen, suspended) = bench.running.await.unwrap();
    assert_eq!((code, suspended), (0, 1));
    assert_eq!(
        screen.inputs,
        [Input::Resize { w: 60, h: 4 }, Input::Key(Key::char('1'))]
    );
}

#[tokio::test]
async fn every_end_has_its_code() {
    let bench = Bench::start();
    Bench::settle().await;
    bench.incoming.send(Incoming::End(143)).await.unwrap();
    Bench::settle().await;
    assert!(
        !bench.running.is_finished(),
        "a frame in flight is waited for"
    );
    bench.clock.advance(LAST_FRAME_MS);
    assert_eq!(bench.running.await.unwrap().0, 143);
    let bench = Bench::start();
    bench.news.send(7).await.unwrap();
    bench.written.send(Ok(())).await.unwrap();
    assert_eq!(bench.running.await.unwrap().0, 7);
    let bench = Bench::start();
    bench
        .written
        .send(Err(io::ErrorKind::BrokenPipe.into()))
        .await
        .unwrap();
    assert_eq!(bench.running.await.unwrap().0, 129);
    let bench = Bench::start();
    drop(bench.incoming);
    bench.written.send(Ok(())).await.unwrap();
    assert_eq!(bench.running.await.unwrap().0, 129);
}
