//! The terminal's modes: ours, and the way back from every exit: end, error, panic, signal. Going back is done once, however
//! often it is asked for, and does not hang on a terminal that takes nothing.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};

use crate::session::mode::{CANCEL, ENTER, LEAVE};

/// How often, and how long each time, a terminal that takes nothing is tried.
const TRIES: u32 = 20;
const TRY_FOR: Duration = Duration::from_millis(10);

/// Puts the terminal back as it was. Clones are one; make it in `main`, give one to the panic hook, one to the door.
#[derive(Debug, Clone, Default)]
pub struct Restorer {
    entered: Arc<Mutex<Option<Entered>>>,
}

#[derive(Debug)]
struct Entered {
    /// Opened for itself, not to block: other holders of the terminal must not notice.
    terminal: Arc<File>,
    before: Termios,
    /// False while we are stopped as a job.
    ours: bool,
}

impl Restorer {
    /// Opens the device for itself and takes it over; gives the way in that does not block.
    pub(super) fn enter(&self, path: &Path) -> io::Result<Arc<File>> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let terminal = File::options()
            .write(true)
            .read(true)
            .custom_flags(flags)
            .open(path)?;
        let before = tcgetattr(&terminal)?;
        let mut slot = self.entered.lock();
        let entered = slot.insert(Entered {
            terminal: Arc::new(terminal),
            before,
            ours: false,
        });
        entered.take_over()?;
        Ok(entered.terminal.clone())
    }

    /// After having been stopped, by us or from outside.
    pub(super) fn enter_again(&self) -> io::Result<()> {
        match self.entered.lock().as_mut() {
            Some(entered) => entered.take_over(),
            None => Ok(()),
        }
    }

    /// Puts the terminal back; does nothing if it is not ours. Errors have nobody left to tell.
    pub fn restore(&self) {
        if let Some(entered) = self.entered.lock().as_mut()
            && std::mem::replace(&mut entered.ours, false)
        {
            entered.give_back();
        }
    }
}

impl Entered {
    fn take_over(&mut self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(&*self.terminal, OptionalActions::Now, &raw)?;
        self.ours = true;
        insist(&self.terminal, ENTER);
        Ok(())
    }

    fn give_back(&self) {
        if !insist(&self.terminal, LEAVE) {
            // Frames that wait in the kernel go nowhere; without them there is room, after what was cut in the middle.
            let _ = tcflush(&*self.terminal, QueueSelector::OFlush);
            insist(&self.terminal, &[CANCEL, LEAVE].concat());
        }
        // Drops answers and keys that nobody read, so that no shell takes them for commands. Not by `tcsetattr` itself, which
        // would wait until the terminal has taken everything.
        let _ = tcflush(&*self.terminal, QueueSelector::IFlush);
        let _ = tcsetattr(&*self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Writes all of it within a moment, or says that it could not.
fn insist(mut terminal: &File, mut bytes: &[u8]) -> bool {
    for _ in 0..TRIES {
        match terminal.write(bytes) {
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(TRY_FOR),
            Err(_) => return true,
        }
        if bytes.is_empty() {
            return true;
        }
    }
    false
}
