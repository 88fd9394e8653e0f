//! A process of its own in a pseudo-terminal: signals, a stop as a job, a panic. The process is this test binary again, running
//! `child` alone, which does nothing unless it is asked to by the environment.

use super::*;
use crate::domain::instant::Mono;
use crate::session::{Depth, Event, Handled, Screen, Setup, Tick, Wish, run};
use crate::time::{SharedClock, SystemClock};
use crate::ui::input::{Input, Key, KeyCode};
use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use std::sync::Arc;

const ASKED: &str = "WARBOARD_TEST_CHILD";

/// Shows its size and the last key; `z` suspends, `p` panics, `q` leaves.
#[derive(Default)]
struct Keys {
    text: String,
    code: Option<i32>,
}

impl Screen for Keys {
    type News = ();
    type Effect = ();
    type Live = ();

    fn handle(&mut self, event: Event<()>, _: Mono) -> Handled<()> {
        let Event::Input(input) = event else {
            return Handled::nothing();
        };
        match input {
            Input::Key(key) if key == Key::char('q') => self.code = Some(0),
            Input::Key(key) if key == Key::char('p') => panic!("asked to"),
            Input::Key(key) if key == Key::char('z') => {
                return Handled {
                    wishes: vec![Wish::Suspend],
                    ..Handled::nothing()
                };
            }
            Input::Key(Key {
                code: KeyCode::Char(c),
                ..
            }) => self.text = format!("key {c}"),
            Input::Resize { w, h } => self.text = format!("size {w}x{h}"),
            _ => {}
        }
        Handled::redraw()
    }
    fn draw(&mut self, buffer: &mut Buffer, _: Mono) {
        buffer.set_string(0, 0, &self.text, Style::new());
    }
    fn tick(&self, (): &(), _: Mono) -> Tick {
        Tick::default()
    }
    fn next_tick_at(&self, (): &(), _: Mono) -> Option<Mono> {
        None
    }
    fn quit(&self) -> Option<i32> {
        self.code
    }
}

#[test]
fn child() {
    if std::env::var_os(ASKED).is_none() {
        return;
    }
    let restorer = Restorer::default();
    let in_hook = restorer.clone();
    std::panic::set_hook(Box::new(move |_| in_hook.restore()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            let (mut door, mut incoming) = LocalDoor::open(&restorer).unwrap();
            let ((w, h), clock): (_, SharedClock) = (door.size(), Arc::new(SystemClock::new()));
            let (_news, mut news) = mpsc::channel(1);
            run(
                &mut Keys::default(),
                &mut door,
                &mut incoming,
                &mut news,
                &clock,
                Setup {
                    w,
                    h,
                    depth: Depth::True,
                },
                |()| {},
            )
            .await
        })
    }));
    std::process::exit(code.unwrap_or(101));
}

struct Process {
    pty: PtyPair,
    child: Box<dyn Child + Send + Sync>,
    output: Box<dyn Read + Send>,
    input: Box<dyn Write + Send>,
    real: vt100::Parser,
}

impl Process {
    /// Starts the child below a shell with job control, so that a stop has somebody to come back to.
    fn start() -> Process {
        let pty = native_pty_system()
            .openpty(PtySize {
                rows: 10,
                cols: 60,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let binary = std::env::current_exe().unwrap();
        let script = format!(
            "set -m; '{}' --exact session::local::process_tests::child --nocapture; code=$?; while [ $code -gt 128 ] && jobs %% >/dev/null 2>&1; do echo STOPPED; read line; fg >/dev/null; code=$?; done; echo CODE $code",
            binary.display()
        );
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "-c", &script]);
        command.env(ASKED, "1");
        command.cwd("/");
        let child = pty.slave.spawn_command(command).unwrap();
        let (output, input) = (
            pty.master.try_clone_reader().unwrap(),
            pty.master.take_writer().unwrap(),
        );
        let real = vt100::Parser::new(10.try_into().unwrap(), 60.try_into().unwrap(), 0);
        Process {
            pty,
            child,
            output,
            input,
            real,
        }
    }

    fn until(&mut self, wished: impl Fn(&vt100::Screen) -> bool) {
        let mut buffer = [0; 4096];
        while !wished(self.real.screen()) {
            let n = self.output.read(&mut buffer).unwrap_or(0);
            assert!(n > 0, "it ended with {:?}", self.real.screen().contents());
            self.real.process(&buffer[..n]);
        }
    }

    fn shows(&mut self, text: &str) {
        self.until(|screen| screen.contents().contains(text));
    }

    fn types(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
        self.input.flush().unwrap();
    }

    /// The process that has the terminal.
    fn signal(&self, signal: nix::sys::signal::Signal) {
        let group = self.pty.master.process_group_leader().unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(-group), signal).unwrap();
    }

    fn ends_with(mut self, code: i32) {
        self.shows(&format!("CODE {code}"));
        let screen = self.real.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        self.child.wait().unwrap();
    }
}

#[test]
fn keys_resizes_and_leaving() {
    let mut process = Process::start();
    process.shows("size 60x10");
    assert!(process.real.screen().alternate_screen());
    process.types(b"k");
    process.shows("key k");
    process
        .pty
        .master
        .resize(PtySize {
            rows: 8,
            cols: 40,
            pixel_width: 0,
            pixel_height: 0,
        })
        .unwrap();
    process.shows("size 40x8");
    process.types(b"q");
    process.ends_with(0);
}

#[test]
fn signals_end_it_with_their_codes() {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};
    for (signal, code) in [(SIGTERM, 143), (SIGHUP, 129), (SIGINT, 130)] {
        let mut process = Process::start();
        process.shows("size 60x10");
        process.signal(signal);
        process.ends_with(code);
    }
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was() {
    let mut process = Process::start();
    process.shows("size 60x10");
    process.types(b"p");
    process.ends_with(101);
}

#[test]
fn a_stopped_job_goes_on_where_it_was() {
    let mut process = Process::start();
    process.shows("size 60x10");
    for key in [true, false] {
        if key {
            process.types(b"z");
        } else {
            process.signal(nix::sys::signal::Signal::SIGTSTP);
        }
        process.until(|screen| screen.contents().contains("STOPPED") && !screen.alternate_screen());
        assert!(!process.real.screen().hide_cursor() && !process.real.screen().bracketed_paste());
        process.types(b"\n");
        process
            .until(|screen| screen.alternate_screen() && screen.contents().contains("size 60x10"));
        process.real.process(b"\x1b[?1049l\x1b[2J\x1b[?1049h");
    }
    process.types(b"k");
    process.shows("key k");
    process.types(b"q");
    process.ends_with(0);
}
