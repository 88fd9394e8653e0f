//! Words that several screens use: what an incident's state is called, and in which role it is drawn. The sentences that
//! tell what became of a command are `outcome`'s, what a duty is called is `duty`'s.

mod duty;
mod mark;
mod outcome;

use ratatui::layout::Rect;

pub use duty::{
    duty_name, full_name, is_hidden, is_masked, masked_name, recipient, regime, row_name,
    row_name_within, rule,
};
pub use mark::{codename_width, drill_word, marks, restricted};
pub use outcome::{no_way_back, not_undoable, tell_reply, why_not};

use crate::domain::alarm;
use crate::domain::board::Freshness;
use crate::domain::duty::{changes_at, status_at};
use crate::domain::instant::{Instant, Mono};
use crate::domain::say::alarm_words;
use crate::domain::text::width;
use crate::domain::view::{AlarmView, DutyView, IncidentView};
use crate::domain::word::{AlarmState, DutyStatus, Seat, Severity, Tlp};
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::DutyRow;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::phrase::{Form, ZoneChoice};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Says in plain words that the window is too small.
pub fn too_small(canvas: &mut Canvas<'_>, area: Rect, least: (u16, u16)) {
    canvas.clear(area, Role::Text);
    let lines = [
        "warboard needs more room:".to_owned(),
        format!("{} x {} here,", area.width, area.height),
        format!("{} x {} at least.", least.0, least.1),
    ];
    let rows = area.y..area.bottom();
    for (y, line) in rows.zip(lines) {
        canvas.text(area.x, y, area.width, &line, Role::Text);
    }
}

/// Says in one row that what was opened has no room here, and how to get back.
pub fn no_room(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, least: (u16, u16)) {
    let leave = shared.keymap.label(Action::Leave);
    let text = format!("this dialog needs {}x{} · {leave} back", least.0, least.1);
    canvas.text(
        row.x + 1,
        row.y,
        row.width.saturating_sub(2),
        &text,
        Role::Notice,
    );
}

/// A seat in words: `service lead`.
pub fn seat(seat: Seat) -> String {
    seat.as_str().replace('_', " ")
}

/// How a severity is written: `sev1`, `sev?` when nobody assessed it.
pub fn severity(severity: Option<Severity>) -> (&'static str, Role) {
    match severity {
        Some(Severity::Sev1) => ("sev1", Role::Sev1),
        Some(Severity::Sev2) => ("sev2", Role::Sev2),
        Some(Severity::Sev3) => ("sev3", Role::Sev3),
        Some(Severity::Sev4) => ("sev4", Role::Sev4),
        Some(Severity::Sev5) => ("sev5", Role::Sev5),
        None => ("sev?", Role::SevUnknown),
    }
}

/// How a mark is written: `TLP:AMBER+STRICT`.
pub fn tlp(tlp: Tlp) -> (String, Role) {
    let role = match tlp {
        Tlp::Clear => Role::TlpClear,
        Tlp::Green => Role::TlpGreen,
        Tlp::Amber => Role::TlpAmber,
        Tlp::AmberStrict => Role::TlpAmberStrict,
        Tlp::Red => Role::TlpRed,
    };
    (format!("TLP:{}", tlp.as_str().to_uppercase()), role)
}

/// The role of a source's freshness.
pub const fn freshness(freshness: Freshness) -> Role {
    match freshness {
        Freshness::Live => Role::Live,
        Freshness::Lagging => Role::Lagging,
        Freshness::Stale => Role::Stale,
        Freshness::Down => Role::Down,
    }
}

/// What the clock of a duty shows now.
#[derive(Debug, Clone, PartialEq)]
pub enum DutyClock {
    /// A countdown to `due`.
    Counts { to: Mono, role: Role },
    /// No number; words instead.
    Words { text: String, role: Role },
    /// Since when a decision or an answer is awaited.
    Waits {
        words: String,
        from: Mono,
        role: Role,
    },
}

/// The clock of a duty as of now, and when time alone changes it.
pub fn duty_clock(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    duty: &DutyView,
) -> (DutyClock, Option<Mono>) {
    let now = shared.time(source);
    // Some things hold until an instant, some through it: both sides of it are a change.
    let next = changes_at(duty).filter(|at| *at >= now).min();
    let next = next.map(|at| shared.mono(source, at) + i64::from(at == now));
    let status = status_at(duty, now);
    let role = duty_role(duty, status, now);
    let words = |text: String| DutyClock::Words { text, role };
    let since = |words: &str| DutyClock::Waits {
        words: words.to_owned(),
        from: shared.mono(source, crate::ui::index::known_since(incident)),
        role,
    };
    let clock = match (status, duty.due_at) {
        (
            DutyStatus::Running
            | DutyStatus::Provisional
            | DutyStatus::PastDue
            | DutyStatus::Overdue,
            Some(due),
        ) => DutyClock::Counts {
            to: shared.mono(source, due),
            role,
        },
        (DutyStatus::Waiting, _) => words(format!(
            "{} not set",
            trigger(duty.trigger.as_deref().unwrap_or("trigger"))
        )),
        (DutyStatus::Undecided, _) => since("not decided"),
        (DutyStatus::CalendarUnknown, _) => since("calendar unknown"),
        (DutyStatus::NoFixedLimit, _) if !duty.met_by.is_empty() => since("not met"),
        (DutyStatus::NoFixedLimit, _) => since("not recorded as sent"),
        (DutyStatus::Embargo, _) => words("not yet".to_owned()),
        (DutyStatus::Held, _) => words("held".to_owned()),
        (DutyStatus::Met, _) if duty.met_at.is_some() => words("met".to_owned()),
        (DutyStatus::Met, _) => words("sent".to_owned()),
        (DutyStatus::NotRequired, _) => words("does not apply".to_owned()),
        (DutyStatus::Decided, _) => words("decided: no notice".to_owned()),
        (DutyStatus::NotInForce, _) => words("not in force".to_owned()),
        _ => words("no clock".to_owned()),
    };
    (clock, next)
}

/// The role of a duty's clock.
pub fn duty_role(duty: &DutyView, status: DutyStatus, now: Instant) -> Role {
    let start_passed = duty.latest_start_at.is_some_and(|start| now > start);
    match status {
        DutyStatus::Overdue => Role::Overdue,
        DutyStatus::PastDue => Role::PastDue,
        DutyStatus::Running | DutyStatus::Provisional if start_passed => Role::StartPassed,
        DutyStatus::Running => Role::Running,
        DutyStatus::Provisional => Role::Provisional,
        DutyStatus::Embargo => Role::Embargo,
        DutyStatus::Held => Role::Held,
        DutyStatus::Waiting => Role::Waiting,
        DutyStatus::Undecided | DutyStatus::CalendarUnknown => Role::Undecided,
        DutyStatus::NoFixedLimit => Role::NoClock,
        DutyStatus::Met => Role::Met,
        DutyStatus::NotRequired | DutyStatus::Decided | DutyStatus::NotInForce => Role::NotRequired,
    }
}

impl DutyClock {
    /// The clock as parts of a line.
    pub fn parts(&self) -> Vec<Part<'static>> {
        match self {
            DutyClock::Counts { to, role } => {
                vec![Part::Live(LiveText::Countdown { to: *to }, *role)]
            }
            DutyClock::Words { text, role } => vec![Part::text(text.clone(), *role)],
            DutyClock::Waits { words, from, role } => vec![
                Part::text(format!("{words} "), *role),
                Part::Live(LiveText::Age { from: *from }, *role),
            ],
        }
    }
}

/// A person's name, or the sign of what is hidden: from the room, or by the reader's clearance, which leaves it empty.
pub fn who(shared: &Shared, incident: &IncidentView, name: &str) -> (String, Role) {
    let hidden = name.is_empty() && incident.is_masked("by");
    match hidden || shared.options.mask {
        true => (shared.glyphs.masked().to_owned(), Role::Masked),
        false => (name.to_owned(), Role::Text),
    }
}

/// A trigger's name without the ending that every instant has: `declared` for `declared_at`.
pub fn trigger(name: &str) -> String {
    name.strip_suffix("_at").unwrap_or(name).replace('_', " ")
}

/// The word that marks a drill: written out from 100 columns on.
pub fn drill(shared: &Shared) -> Part<'static> {
    drill_word(shared.size.0 >= super::head::WIDE)
}

/// What an incident is called in a line that is not its own: by its id, as keys and commands name it; on a wall, where no
/// row has an id, by its codename. It is marked where its source is not live.
pub fn called(shared: &Shared, source: usize, incident: &IncidentView) -> String {
    let name = match shared.options.wall {
        true => &incident.codename,
        false => &incident.id,
    };
    let mark = if shared.is_live(source) {
        ""
    } else {
        shared.glyphs.not_live()
    };
    format!("{name}{mark}")
}

/// A number in groups of three figures: `1,200`.
pub fn number(n: u64) -> String {
    let figures = n.to_string();
    let mut text = String::new();
    for (i, figure) in figures.chars().enumerate() {
        if i > 0 && (figures.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(figure);
    }
    text
}

/// Who decides, in words: a person, else that nobody does, and of which team somebody should. Whom the reader's clearance
/// hides is not nobody.
pub fn decider(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    duty: &DutyView,
) -> (String, Role) {
    let masked = shared.glyphs.masked();
    match (&duty.decider.person, &duty.decider.team) {
        (Some(_), _) if shared.options.mask => ("decider named".to_owned(), Role::Text),
        (Some(person), _) => (person.clone(), Role::Text),
        (None, Some(team)) if incident.is_masked("decider") => {
            let team = shared.team(source, team);
            (format!("{masked}, {team}"), Role::Masked)
        }
        (None, None) if incident.is_masked("decider") => (masked.to_owned(), Role::Masked),
        (None, Some(team)) => {
            let team = shared.team(source, team);
            (format!("NOBODY, {team}"), Role::Vacant)
        }
        (None, None) => ("NOBODY DECIDES".to_owned(), Role::Vacant),
    }
}

/// Who decides, in so many cells: where team and all have no room, that nobody does has.
pub fn decider_within(shared: &Shared, row: &DutyRow, room: u16) -> (String, Role) {
    let nobody = "NOBODY DECIDES";
    let (who, role) = match row.view() {
        Some(duty) => decider(shared, row.source, &row.incident, duty),
        None => (nobody.to_owned(), Role::Vacant),
    };
    let room = usize::from(room);
    let who = match role {
        Role::Vacant if nobody.len() > room => "NOBODY".to_owned(),
        Role::Vacant if width(&who) > room => nobody.to_owned(),
        Role::Masked if width(&who) > room => shared.glyphs.masked().to_owned(),
        _ => who,
    };
    (who, role)
}

/// What people did about an alarm, in words: `acknowledged by d.okafor 14:02`.
pub fn alarm_state(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    alarm: &AlarmView,
) -> (String, Role) {
    let short = |at: Option<Instant>| {
        at.map_or(String::new(), |at| {
            format!(" {}", shared.instant(source, incident, at, Form::Short))
        })
    };
    let by = match &alarm.by {
        Some(by) if !shared.options.mask => format!(" by {by}"),
        _ => String::new(),
    };
    match alarm.state {
        AlarmState::Unacknowledged => ("not acknowledged".to_owned(), Role::Alarm),
        AlarmState::Returned => ("over, not acknowledged".to_owned(), Role::Notice),
        AlarmState::Acknowledged => (
            format!("acknowledged{by}{}", short(alarm.at)),
            Role::Acknowledged,
        ),
        AlarmState::Shelved => {
            let why = match &alarm.reason {
                Some(reason) if !shared.options.mask => format!(": {reason}"),
                _ => String::new(),
            };
            let text = format!("shelved until{}{by}{why}", short(alarm.until));
            (text, Role::Notice)
        }
    }
}

/// The alarms of one duty of an incident, or of its seat, each in words: `alarm START PASSED: not acknowledged`.
pub fn alarms(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    duty: Option<&str>,
) -> Vec<(String, Role)> {
    let alarms = alarm::of_view(incident, shared.time(source)).into_iter();
    // What is about a page stands with the pages.
    let alarms = alarms.filter(|alarm| alarm.page.is_none() && alarm.duty.as_deref() == duty);
    let told = alarms.map(|alarm| {
        let (state, role) = alarm_state(shared, source, incident, &alarm);
        (format!("{}: {state}", alarm_words(alarm.kind)), role)
    });
    told.collect()
}

/// What an empty list says where a filter hides everything, and the key that shows all.
pub fn nothing_passes(shared: &Shared) -> String {
    let (what, action) = match shared.filter.person() {
        Some(_) => ("nothing of yours", Action::Mine),
        None => ("nothing passes the filter", Action::Filter),
    };
    match (shared.keymap.label(action), action) {
        (key, _) if key.is_empty() => what.to_owned(),
        (key, Action::Mine) => format!("{what}; {key} shows all"),
        (key, _) => format!("{what}; {key} changes it"),
    }
}

/// The zone instants are written in, in words.
pub fn zone(shared: &Shared) -> String {
    match shared.zone {
        ZoneChoice::Utc => "UTC".to_owned(),
        ZoneChoice::Entity => "each incident's own zone".to_owned(),
        ZoneChoice::Mine => format!("your zone, {}", shared.options.mine),
    }
}

/// When a day may next begin in some zone: written instants tell today from other days. Offsets are whole quarters of
/// an hour.
pub fn next_day(shared: &Shared) -> Option<Mono> {
    const QUARTER: i64 = 15 * 60 * 1000;
    let sources = (0..shared.board.sources.len()).map(|source| shared.offset_ms(source));
    let next = sources.map(|offset| {
        shared.now + (QUARTER - (shared.now.0.saturating_add(offset)).rem_euclid(QUARTER))
    });
    next.min()
}
