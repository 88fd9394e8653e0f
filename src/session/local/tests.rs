//! The door on a real pseudo-terminal, with an emulator at the other end.

use super::*;
use nix::pty::{OpenptyResult, openpty};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::os::fd::OwnedFd;

struct Pty {
    master: File,
    slave: OwnedFd,
    path: PathBuf,
    real: vt100::Parser,
}

impl Pty {
    fn open() -> Pty {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let path = PathBuf::from(ttyname(&slave, Vec::new()).unwrap().into_string().unwrap());
        tcsetwinsize(
            &slave,
            Winsize {
                ws_col: 60,
                ws_row: 10,
                ws_xpixel: 0,
                ws_ypixel: 0,
            },
        )
        .unwrap();
        let real = vt100::Parser::new(10.try_into().unwrap(), 60.try_into().unwrap(), 0);
        Pty {
            master: File::from(master),
            slave,
            path,
            real,
        }
    }

    /// Reads what the program wrote until the emulator's screen is as wished.
    fn until(&mut self, wished: impl Fn(&vt100::Screen) -> bool) {
        let mut buffer = [0; 4096];
        while !wished(self.real.screen()) {
            let n = self.master.read(&mut buffer).unwrap();
            self.real.process(&buffer[..n]);
        }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave)
            .unwrap()
            .local_modes
            .intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }
}

#[tokio::test]
async fn the_terminal_is_ours_and_then_as_it_was() {
    let mut pty = Pty::open();
    let before = format!("{:?}", tcgetattr(&pty.slave).unwrap());
    pty.real.process(b"$ warboard");
    let restorer = Restorer::default();
    let (mut door, _incoming, _) = LocalDoor::open_at(&pty.path, &restorer).unwrap();
    assert_eq!(door.size(), (60, 10));
    assert!(pty.is_raw());
    door.start(b"\x1b[?2026h\x1b[31mboard".to_vec());
    assert_eq!(door.done().await.unwrap(), b"\x1b[?2026h\x1b[31mboard");
    pty.until(|screen| screen.contents() == "board");
    let screen = pty.real.screen();
    assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());

    restorer.restore();
    pty.until(|screen| !screen.alternate_screen() && !screen.hide_cursor());
    assert!(!pty.real.screen().bracketed_paste());
    assert_eq!(pty.real.screen().contents(), "$ warboard");
    assert_eq!(format!("{:?}", tcgetattr(&pty.slave).unwrap()), before);
    restorer.restore();
    drop(door);
    // Nothing was written the second and third time: the next byte is one of ours.
    File::from(pty.slave).write_all(b"!").unwrap();
    let mut rest = [0; 64];
    assert_eq!(pty.master.read(&mut rest).unwrap(), 1);
}

#[tokio::test]
async fn the_terminal_can_be_taken_again_after_a_stop() {
    let mut pty = Pty::open();
    let before = format!("{:?}", tcgetattr(&pty.slave).unwrap());
    let restorer = Restorer::default();
    let (mut door, _incoming, _) = LocalDoor::open_at(&pty.path, &restorer).unwrap();
    restorer.restore();
    assert!(!pty.is_raw());
    door.enter_again().unwrap();
    assert!(pty.is_raw());
    pty.until(|screen| screen.alternate_screen() && screen.bracketed_paste());
    drop(door);
    assert_eq!(format!("{:?}", tcgetattr(&pty.slave).unwrap()), before);
}

#[tokio::test]
async fn a_terminal_that_takes_nothing_holds_up_neither_keys_nor_the_way_back() {
    let mut pty = Pty::open();
    let restorer = Restorer::default();
    let (mut door, mut incoming, _) = LocalDoor::open_at(&pty.path, &restorer).unwrap();
    door.start(vec![b'x'; 1 << 20]);
    pty.master.write_all(b"q").unwrap();
    assert_eq!(incoming.recv().await, Some(Incoming::Bytes(b"q".to_vec())));
    assert!(futures::FutureExt::now_or_never(door.done()).is_none());
    drop(door);
    assert!(!pty.is_raw());
}

#[tokio::test]
async fn a_terminal_that_goes_away_is_the_end() {
    let pty = Pty::open();
    let (mut door, mut incoming, _) = LocalDoor::open_at(&pty.path, &Restorer::default()).unwrap();
    drop(pty);
    assert_eq!(incoming.recv().await, Some(Incoming::End(129)));
    door.start(b"x".to_vec());
    assert!(door.done().await.is_err());
}

#[test]
fn a_device_that_is_no_terminal_is_refused() {
    let error = LocalDoor::open_at(Path::new("/dev/null"), &Restorer::default()).unwrap_err();
    assert!(error.to_string().contains("/dev/null"));
}
