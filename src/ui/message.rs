//! What happened (`Message`) and what is to be done outside the pure part (`Effect`).
//! Nothing here does anything.

use std::sync::Arc;

use crate::domain::board::Board;
use crate::domain::command::Command;
use crate::domain::command::open::Open;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::IncidentView;
use crate::domain::word::GateWord;
use crate::wire::{EntryBody, ExplainBody, PreviewBody, RegimesBody, WhoBody};

/// What happened. `update` makes of it a new state and a list of effects.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key, a paste, a new size, focus.
    Input(super::input::Input),
    /// Time went on: the monotonic clock, and the machine's own wall clock.
    Tick { mono: Mono, wall: Instant },
    /// A newer board.
    Board(Arc<Board>),
    /// What came of a command or an opening.
    Replied { ticket: u64, reply: Reply },
    /// The timeline that was asked for.
    Timeline {
        source: usize,
        id: String,
        entries: Vec<EntryBody>,
        complete: bool,
    },
    /// The timeline could not be had; a sentence.
    TimelineFailed {
        source: usize,
        id: String,
        sentence: String,
    },
    /// A fresh read of one incident before the last key of a dialog.
    Reread {
        source: usize,
        id: String,
        incident: Result<Arc<IncidentView>, String>,
    },
    /// The arithmetic of a duty that was asked for while the incident had this version; a sentence if there is none.
    Explained {
        source: usize,
        id: String,
        duty: String,
        version: u64,
        body: Result<Arc<ExplainBody>, String>,
    },
    /// What a command would do to the clocks, asked for while the incident had this version; a sentence if it is not known.
    Previewed {
        source: usize,
        id: String,
        version: u64,
        command: Box<Command>,
        body: Result<Arc<PreviewBody>, String>,
    },
    /// A source's catalogue of regimes, with what the profile it was asked with calls for; a sentence if there is none.
    Regimes {
        source: usize,
        profile: Option<String>,
        body: Result<Arc<RegimesBody>, String>,
    },
    /// Who is connected through doors at a source; a sentence if it is not known.
    Who {
        source: usize,
        body: Result<Arc<WhoBody>, String>,
    },
    /// Something of the session's own to tell, such as `copied`.
    Told(String),
    /// The session was asked to end from outside: exit code.
    End(i32),
}

/// What a backend said to a command, or why nothing was heard.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Carried out; the incident as it is now, with the soft gates passed unmet.
    Done {
        incident: Arc<IncidentView>,
        unmet: Vec<GateWord>,
    },
    /// Refused (422): nothing changed.
    Refused {
        sentence: String,
        unmet: Vec<GateWord>,
    },
    /// Somebody changed the incident since it was looked at (412): what it is now.
    Conflict {
        incident: Option<Arc<IncidentView>>,
        sentence: String,
    },
    /// The token does not reach (401, 403, 404).
    NotAllowed { sentence: String },
    /// No answer came: whether it was carried out is unknown, the same ticket may be sent again safely.
    Unreachable { sentence: String },
}

/// Work for the session. A command carries its ticket, from which the idempotency key is made: repeating a
/// ticket never does a thing twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a command bound to a version (`If-Match`).
    Send {
        ticket: u64,
        source: usize,
        id: String,
        version: u64,
        command: Box<Command>,
    },
    /// Break the glass of an incident that this viewer has not seen, so that it is bound to no version.
    BreakGlass {
        ticket: u64,
        source: usize,
        id: String,
        reason: String,
    },
    /// Open an incident.
    Open {
        ticket: u64,
        source: usize,
        open: Box<Open>,
    },
    /// Read a timeline from the start.
    Timeline { source: usize, id: String },
    /// Read one incident anew.
    Reread { source: usize, id: String },
    /// Read the arithmetic of one duty; `version` comes back with the answer.
    Explain {
        source: usize,
        id: String,
        duty: String,
        version: u64,
    },
    /// Ask what a command would do to the clocks; it is not done. `version` comes back with the answer.
    Preview {
        source: usize,
        id: String,
        version: u64,
        command: Box<Command>,
    },
    /// Read a source's catalogue of regimes; with a profile as JSON also what it calls for.
    Regimes {
        source: usize,
        profile: Option<String>,
    },
    /// Read who is connected through doors.
    Who { source: usize },
    /// Ask every source now.
    AskNow,
    /// Put text on the clipboard (OSC 52).
    Copy(String),
    /// Ring the terminal's bell once.
    Bell,
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Suspend the process (SIGTSTP).
    Suspend,
}
