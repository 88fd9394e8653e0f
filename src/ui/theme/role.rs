//! Roles: what a piece of text means on the screen. Drawing asks for a role, never for a colour; a theme need name
//! only few, the others fall back along the chain written here. No role tells anything that words do not tell too.

macro_rules! roles {
    ($($(#[$meta:meta])* $variant:ident = $name:literal $(> $parent:ident)?),+ $(,)?) => {
        /// What a piece of text means on the screen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$meta])* $variant),+ }

        impl Role {
            /// Every role, in the order of this file.
            pub const ALL: &'static [Role] = &[$(Role::$variant),+];

            /// The name as themes spell it.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$variant => $name),+ }
            }

            /// The role that stands in when a theme does not name this one; only `Text` has none.
            pub const fn fallback(self) -> Option<Role> {
                match self { $(Role::$variant => roles!(@parent $($parent)?)),+ }
            }
        }
    };
    (@parent $parent:ident) => { Some(Role::$parent) };
    (@parent) => { None };
}

roles! {
    /// Plain text: most of the screen. Its background is the theme's ground.
    Text = "text",
    /// What is there for completeness.
    Dim = "dim" > Text,
    /// Headings and names that the eye looks for.
    Title = "title" > Text,
    /// Lines between parts; the one role that is not text.
    Rule = "rule" > Dim,
    /// What shouts: capitals, and only for what is abnormal and asks for a person.
    Alarm = "alarm" > Text,
    /// Something that waits for an answer, not yet late.
    Notice = "notice" > Text,

    /// The ground of the selected row, under the roles that stand there.
    Selected = "selected" > Text,
    /// The mark and leading text of the selected row.
    SelectedText = "selected-text" > Title,
    /// Text that a filter or search found.
    Match = "match" > Title,
    /// A value that the caller's clearance hides.
    Masked = "masked" > Dim,
    /// Rows of a source that is not live.
    StaleRow = "stale-row" > Dim,
    /// What changed a moment ago.
    Changed = "changed" > Title,

    /// The time now.
    Now = "now" > Clock,
    /// A countdown that has time left.
    Clock = "clock" > Text,
    /// A duty that runs.
    Running = "running" > Clock,
    /// A duty whose trigger is only assumed.
    Provisional = "provisional" > Running,
    /// Near its latest start.
    DueSoon = "due-soon" > Clock,
    /// The latest start has gone by, the deadline not.
    StartPassed = "start-passed" > Alarm,
    /// After the earliest reading of the deadline, before the latest.
    PastDue = "past-due" > Overdue,
    /// After the deadline.
    Overdue = "overdue" > Alarm,
    /// The duty must not be done yet.
    Embargo = "embargo" > Clock,
    /// Held by an authority.
    Held = "held" > Clock,
    /// Its trigger is not set.
    Waiting = "waiting" > Dim,
    /// Somebody must decide whether it applies.
    Undecided = "undecided" > Missing,
    /// The text gives no number.
    NoClock = "no-clock" > Dim,
    /// Done and recorded as sent.
    Met = "met" > Dim,
    /// Does not apply, or decided against.
    NotRequired = "not-required" > Dim,
    /// Big digits of the wall.
    BigDigit = "big-digit" > Clock,
    /// Big digits after the latest start or the deadline. On the plain ground: a block of digits on a ground of its own
    /// is a blob from afar, for the gaps between them are all that is seen of it.
    BigLate = "big-late" > BigDigit,

    /// What should be there and is not: a decision, an answer.
    Missing = "missing" > Alarm,
    /// A seat that nobody holds.
    Vacant = "vacant" > Missing,
    /// A source that answers.
    Live = "live" > Text,
    /// No good answer for 10 s.
    Lagging = "lagging" > Notice,
    /// No good answer for 30 s.
    Stale = "stale" > Alarm,
    /// Refused, unresolved or not allowed in.
    Down = "down" > Stale,

    /// The worst severity.
    Sev1 = "sev1" > Title,
    /// Severity 2.
    Sev2 = "sev2" > Text,
    /// Severity 3.
    Sev3 = "sev3" > Text,
    /// Severity 4.
    Sev4 = "sev4" > Dim,
    /// Severity 5.
    Sev5 = "sev5" > Sev4,
    /// Not assessed.
    SevUnknown = "sev-unknown" > Notice,

    /// The word that marks a drill.
    Exercise = "exercise" > Notice,
    /// TLP:CLEAR.
    TlpClear = "tlp-clear" > Text,
    /// TLP:GREEN.
    TlpGreen = "tlp-green" > Text,
    /// TLP:AMBER.
    TlpAmber = "tlp-amber" > Text,
    /// TLP:AMBER+STRICT.
    TlpAmberStrict = "tlp-amber-strict" > TlpAmber,
    /// TLP:RED.
    TlpRed = "tlp-red" > Title,

    /// A page on its way or with the paging system.
    PageOpen = "page-open" > Text,
    /// A page nobody answered in time.
    PageUnanswered = "page-unanswered" > Missing,
    /// A person has it: the only state of a page that may look good.
    PageAcknowledged = "page-acknowledged" > Text,
    /// A page that reached nobody.
    PageFailed = "page-failed" > Alarm,
    /// A gate that is not met.
    GateUnmet = "gate-unmet" > Missing,

    /// An alarm nobody acknowledged.
    Ringing = "ringing" > Alarm,
    /// An alarm that somebody acknowledged.
    Acknowledged = "acknowledged" > Text,
    /// Something failed, or was refused.
    Error = "error" > Alarm,
    /// A short message that goes away by itself.
    Toast = "toast" > Text,

    /// A key in the footer or in help.
    Key = "key" > Title,
    /// The words beside a key.
    KeyText = "key-text" > Dim,
    /// A phase's name over its lane.
    Lane = "lane" > Title,
    /// An incident's codename.
    Codename = "codename" > Title,
    /// The frame of a dialog.
    DialogBorder = "dialog-border" > Rule,
    /// What a dialog is about.
    DialogTitle = "dialog-title" > Title,
    /// What a dialog warns of: who is woken, what becomes legal record.
    DialogWarning = "dialog-warning" > Alarm,
    /// A field for text.
    Input = "input" > Text,
    /// The field that takes keys now.
    InputFocused = "input-focused" > Selected,
    /// The cell where the next character goes.
    Cursor = "cursor" > InputFocused,
    /// What an empty field says.
    Placeholder = "placeholder" > Dim,
    /// A value before a change.
    Before = "before" > Dim,
    /// A value after a change.
    After = "after" > Title,
}

impl Role {
    /// The role of this name in a theme file.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// Whether a countdown or the time may be shown in it, which asks for a contrast of 7:1.
    pub fn is_clock(self) -> bool {
        self.falls_to(Role::Clock)
            || matches!(
                self,
                Role::StartPassed | Role::PastDue | Role::Overdue | Role::Ringing
            )
    }

    /// Whether it draws lines, not letters, for which 3:1 is enough.
    pub fn is_line(self) -> bool {
        self.falls_to(Role::Rule)
    }

    fn falls_to(self, other: Role) -> bool {
        std::iter::successors(Some(self), |role| role.fallback()).any(|role| role == other)
    }
}
