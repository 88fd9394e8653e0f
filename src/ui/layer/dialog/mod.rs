//! What every dialog on one incident has in common: it is bound to (source, id) and to the version that was looked at,
//! keeps what was typed, re-reads a source that is not live, tells what others changed, and sends once. What a dialog
//! asks and which command comes of it is its `Body`, one file a dialog.

mod change;
mod foresight;
mod review;
mod run;

use std::sync::Arc;

pub use change::{changed, changes, duty_words};
pub use foresight::Foresees;
pub use run::gate_words;

use super::form::{Clock, Field, Form, Row};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::command::Command;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::word::GateWord;
use crate::ui::canvas::Canvas;
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::screen::words;
use crate::ui::shared::{Shared, Target};
use foresight::Foresight;
use review::Review;

/// What `layer::open` gives: a layer with its first effects, or a sentence.
pub type Opened = Result<(Box<dyn Layer>, Vec<Effect>), String>;

/// What a dialog sees: the shared things, and its incident as last looked at.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub shared: &'a Shared,
    pub target: &'a Target,
    pub incident: &'a IncidentView,
}

impl Look<'_> {
    /// The backend's time.
    pub fn now(&self) -> Instant {
        self.shared.time(self.target.source)
    }

    /// A backend's instant on the viewer's line, for ages and countdowns.
    pub fn mono(&self, at: Instant) -> Mono {
        self.shared.mono(self.target.source, at)
    }

    /// The time and zone in which instants are read and written.
    pub fn clock(&self) -> Clock {
        Clock {
            now: self.now(),
            zone: self.shared.zone_of(self.incident),
        }
    }

    /// Who this viewer is at the backend.
    pub fn me(&self) -> String {
        let caller = self.shared.caller(self.target.source);
        caller.map(|caller| caller.name).unwrap_or_default()
    }

    /// A person's name as it may be shown here.
    pub fn who(&self, name: &str) -> String {
        words::who(self.shared, self.incident, name).0
    }

    /// A duty by whom it tells and by which rule, as it may be shown here.
    pub fn duty_name(&self, duty: &DutyView) -> String {
        words::full_name(self.shared, self.incident, duty)
    }

    /// The same by its id, which is all that is left of one that is gone.
    pub fn duty_named(&self, id: &str) -> String {
        let duty = self.incident.duties.iter().find(|duty| duty.id == id);
        match (duty, self.texts()) {
            (Some(duty), _) => self.duty_name(duty),
            (None, true) => id.to_owned(),
            (None, false) => self.shared.glyphs.masked().to_owned(),
        }
    }

    /// Whether titles and texts may be shown in this room.
    pub fn texts(&self) -> bool {
        !self.shared.options.mask
    }
}

/// How much a command weighs, and so how it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// `Enter` on the last field does it.
    Reversible,
    /// It reaches people: `Enter` shows the text and who is woken, `y` sends.
    Reaches,
    /// It is legal record: before and after, the id's number, `Enter`.
    Record,
}

/// Why no command can be made of the fields yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field that is to change, if it is one.
    pub key: Option<&'static str>,
    pub sentence: String,
}

impl Fault {
    /// What is wrong with a field.
    pub fn field(key: &'static str, sentence: impl Into<String>) -> Fault {
        Fault {
            key: Some(key),
            sentence: sentence.into(),
        }
    }

    /// What is wrong with the whole.
    pub fn all(sentence: impl Into<String>) -> Fault {
        Fault {
            key: None,
            sentence: sentence.into(),
        }
    }
}

/// What one dialog asks and does.
pub trait Body: std::fmt::Debug + Send {
    /// What stands above the fields: the facts, the gates, the consequences.
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row>;

    /// Puts the fields in order after each input and each newer board: which are shown, what their notes say.
    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let _ = (form, look);
    }

    /// How it is confirmed as the fields stand.
    fn weight(&self, form: &Form, look: &Look<'_>) -> Weight;

    /// What it does, as it is told after "Enter: " and in a toast: `move to containment`.
    fn does(&self, form: &Form, look: &Look<'_>) -> String;

    /// The command.
    ///
    /// # Errors
    /// A sentence, and the field it is about, where the fields make no command.
    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault>;

    /// What stands in the last step, before `y` or the number: before and after, or the exact text and who is woken.
    fn review(&self, command: &Command, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let _ = (command, form, look);
        Vec::new()
    }

    /// What is read when it opens, besides the incident.
    fn reads(&self, look: &Look<'_>) -> Vec<Effect> {
        let _ = look;
        Vec::new()
    }

    /// When the backend is asked what would follow for the clocks.
    fn foresees(&self) -> Foresees {
        Foresees::Never
    }

    /// The command as it is asked about: without what changes no clock, so that typing it asks nothing anew.
    fn foreseen(&self, command: Command, form: &Form, look: &Look<'_>) -> Command {
        let _ = (form, look);
        command
    }

    /// What the dialog itself can say of what follows, where the backend has not told it: no instant that it would have to
    /// count.
    fn unforeseen(&self, command: &Command, look: &Look<'_>) -> Vec<Row> {
        let _ = (command, look);
        Vec::new()
    }

    /// The backend refused at these gates: a dialog that can override offers it here.
    fn refused(&mut self, unmet: &[GateWord], form: &mut Form, look: &Look<'_>) {
        let _ = (unmet, form, look);
    }
}

/// Where a dialog stands.
#[derive(Debug)]
enum Stage {
    Filling,
    /// The last step of what is not reversible.
    Review(Box<Review>),
    /// It waits for an answer.
    Sent {
        ticket: u64,
    },
    /// No answer came; the same may be sent again.
    Unheard {
        ticket: u64,
    },
}

/// What others changed while the dialog was open.
#[derive(Debug)]
struct News {
    told: Vec<Row>,
    /// The incident as it is now; none where it is no longer to be seen.
    now: Option<Arc<IncidentView>>,
}

/// A dialog on one incident.
#[derive(Debug)]
pub struct Dialog<B> {
    action: Action,
    target: Target,
    /// The version that was looked at: what is sent is bound to it.
    version: u64,
    /// The incident as last looked at.
    seen: Arc<IncidentView>,
    form: Form,
    body: B,
    stage: Stage,
    news: Option<News>,
    foresight: Foresight,
    /// What the backend, or we, have to say; goes away with the next change.
    said: Vec<Row>,
    /// A fresh read was asked for.
    rereading: bool,
    /// When the last fresh read came.
    reread_at: Option<Mono>,
    /// A draft was put back.
    restored: bool,
    scroll: usize,
    free: bool,
}

/// Opens a dialog on the selected incident: `make` gives its body and fields, or says why there is nothing to do.
///
/// # Errors
/// A sentence: no incident is selected, it has left the board, or what `make` says.
pub fn open<B: Body + 'static>(
    action: Action,
    shared: &mut Shared,
    make: impl FnOnce(&Look<'_>) -> Result<(B, Form), String>,
) -> Opened {
    let target = shared
        .selected
        .clone()
        .ok_or_else(|| "No incident is selected.".to_owned())?;
    let seen = shared
        .incident(&target)
        .cloned()
        .ok_or_else(|| "The incident is no longer on the board.".to_owned())?;
    let look = Look {
        shared,
        target: &target,
        incident: &seen,
    };
    let clock = look.clock();
    let (mut body, mut form) = make(&look)?;
    form.read(clock);
    // Which fields there are may depend on what the draft says.
    body.settle(&mut form, &look);
    let draft = shared.drafts.get(&target, action);
    let restored = draft.is_some_and(|draft| form.restore(draft, clock));
    body.settle(&mut form, &look);
    let mut dialog = Dialog {
        action,
        version: seen.version,
        target,
        seen,
        form,
        body,
        stage: Stage::Filling,
        news: None,
        foresight: Foresight::default(),
        said: Vec::new(),
        rereading: false,
        reread_at: None,
        restored,
        scroll: 0,
        free: false,
    };
    let mut effects = dialog.body.reads(&dialog.look(shared));
    effects.extend(dialog.foresee(shared));
    Ok((Box::new(dialog), effects))
}

impl<B: Body + 'static> Layer for Dialog<B> {
    fn takes_text(&self) -> bool {
        match &self.stage {
            Stage::Filling => self.form.takes_text(),
            Stage::Review(review) => review.number.takes_text(),
            Stage::Sent { .. } | Stage::Unheard { .. } => false,
        }
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        self.take(input, shared)
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: ratatui::layout::Rect) {
        let framed = self.framed(shared, (area.width, area.height));
        super::frame::draw(shared, canvas, area, &framed, self.scroll, self.free);
    }

    fn awaits(&self, ticket: u64) -> bool {
        matches!(self.stage, Stage::Sent { ticket: sent } if sent == ticket)
    }
}

/// The field for a reason, with ready phrases.
pub fn reason(label: &str, phrases: &[&str]) -> Field {
    Field::text("reason", label, crate::domain::command::text::REASON).phrases(phrases)
}
