//! A real pseudo-terminal with the program in it: what a person sees, every byte that came, and what is left behind.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::termios::LocalFlags;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::http::PATIENCE;

/// The program under test in a terminal of its own.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// Every byte that came.
    pub bytes: Vec<u8>,
}

impl Terminal {
    /// Starts the program. `home` holds its settings and data, nothing of the machine's own is seen.
    pub fn start(home: &Path, size: (u16, u16), args: &[&str], env: &[(&str, &str)]) -> Terminal {
        Terminal::running(env!("CARGO_BIN_EXE_warboard"), home, size, args, env)
    }

    /// The same for any program.
    pub fn running(
        program: &str,
        home: &Path,
        (w, h): (u16, u16),
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Terminal {
        let size = PtySize {
            rows: h,
            cols: w,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(home);
        for (name, value) in [
            ("HOME", home.to_str().unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("USER", "tester"),
        ]
        .iter()
        .chain(env)
        {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut chunk) {
                if send.send(chunk[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            output,
            parser: vt100::Parser::new(cells(h), cells(w), 0),
            bytes: Vec::new(),
        }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Makes the window another size.
    pub fn resize(&mut self, w: u16, h: u16) {
        let size = PtySize {
            rows: h,
            cols: w,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.parser.screen_mut().set_size(cells(h), cells(w));
        self.master.resize(size).unwrap();
    }

    fn take(&mut self, within: Duration) -> Result<(), RecvTimeoutError> {
        let chunk = self.output.recv_timeout(within)?;
        // A terminal answers the question "what are you", which paces the frames.
        let asked = chunk.windows(3).filter(|bytes| *bytes == b"\x1b[c").count();
        for _ in 0..asked {
            let _ = self.writer.write_all(b"\x1b[?62;c");
        }
        self.parser.process(&chunk);
        self.bytes.extend(chunk);
        Ok(())
    }

    /// What is seen now, as text.
    pub fn picture(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Waits until the picture is as asked; gives how long it took. Fails with the picture.
    pub fn until(&mut self, what: &str, seen: impl Fn(&str) -> bool) -> Duration {
        let begun = Instant::now();
        while !seen(&self.picture()) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() || matches!(self.take(left), Err(RecvTimeoutError::Disconnected)) {
                panic!("never seen: {what}\n{}", self.picture());
            }
        }
        begun.elapsed()
    }

    /// Presses a key as a person does who sees nothing happen, until this is seen: one that comes too soon after another is not
    /// taken.
    pub fn presses(&mut self, key: &str, seen: &str) {
        let again = Duration::from_secs(2);
        let begun = Instant::now();
        let mut pressed: Option<Instant> = None;
        while !self.picture().contains(seen) {
            assert!(
                begun.elapsed() < PATIENCE,
                "never seen: {seen}\n{}",
                self.picture()
            );
            if pressed.is_none_or(|at| at.elapsed() >= again) {
                self.keys(key);
                pressed = Some(Instant::now());
            }
            if matches!(self.take(again), Err(RecvTimeoutError::Disconnected)) {
                panic!("it ended: {seen}\n{}", self.picture());
            }
        }
    }

    /// Waits for a text.
    pub fn sees(&mut self, text: &str) -> Duration {
        self.until(text, |picture| picture.contains(text))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
    }

    /// Waits for the end; gives the exit status.
    pub fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        while !matches!(
            self.take(Duration::from_millis(100)),
            Err(RecvTimeoutError::Disconnected)
        ) {
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end\n{}",
                self.picture()
            );
        }
        self.child.wait().unwrap()
    }

    /// Whether lines are edited and echoed again, as a shell expects.
    pub fn is_cooked(&self) -> bool {
        let modes = self.master.get_termios().unwrap();
        modes
            .local_flags
            .contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Already gone, in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}
