//! Words that several screens use: what an incident's state is called, in which role it is drawn, and the sentences that
//! tell what became of a command.

use ratatui::layout::Rect;

use crate::domain::alarm;
use crate::domain::board::Freshness;
use crate::domain::command::Command;
use crate::domain::command::undo::UNDO_MINUTES;
use crate::domain::duty::{changes_at, status_at};
use crate::domain::instant::{Instant, Mono};
use crate::domain::say::{alarm_words, phase_words};
use crate::domain::text::width;
use crate::domain::view::{AlarmView, DutyView, IncidentView};
use crate::domain::view_of::RESTRICTED_DUTY;
use crate::domain::word::{AlarmState, DutyStatus, Seat, Severity, Tlp};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::DutyRow;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::message::{Effect, Reply};
use crate::ui::phrase::{Form, ZoneChoice};
use crate::ui::shared::{Pending, Shared, Target, asks_for};
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
        (DutyStatus::NoFixedLimit, _) => since("not recorded as sent"),
        (DutyStatus::Embargo, _) => words("not yet".to_owned()),
        (DutyStatus::Held, _) => words("held".to_owned()),
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

/// Whether a duty is named only as restricted: on shared screens, and where names of customers are left out.
pub fn is_hidden(shared: &Shared, duty: &DutyView) -> bool {
    duty.restricted || is_masked(shared, duty)
}

/// To whom a duty is, in the screen's words: the catalogue's `supervisory-authority` is an `authority`, its
/// `data-subjects` are `individuals`. The rule beside it tells which.
pub fn recipient(duty: &DutyView) -> String {
    let words = duty.to.split(", ").map(|to| match to {
        "data-subjects" | "data-principals" => "individuals".to_owned(),
        "customer" => "customers".to_owned(),
        to if to.ends_with("-authority") => "authority".to_owned(),
        to => to.replace('-', " "),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Whether the room is not told what a duty is, in its incident and in dialogs too: it is restricted, or names a customer.
pub fn is_masked(shared: &Shared, duty: &DutyView) -> bool {
    shared.options.mask && (duty.restricted || duty.names_a_customer())
}

/// What stands for a duty of which the room is not told what it is, in its incident and in dialogs: numbered where there
/// are several, for it must not be in doubt on which one somebody acts.
pub fn masked_name(shared: &Shared, incident: &IncidentView, duty: &DutyView) -> Option<String> {
    if !is_masked(shared, duty) {
        return None;
    }
    let all = incident.duties.iter();
    let masked: Vec<_> = all
        .filter(|of| of.enabled && is_masked(shared, of))
        .collect();
    let place = masked.iter().position(|of| of.id == duty.id);
    Some(match place.filter(|_| masked.len() > 1) {
        Some(place) => format!("{RESTRICTED_DUTY} {}", place + 1),
        None => RESTRICTED_DUTY.to_owned(),
    })
}

/// A duty's name in its incident and in dialogs, its subject too: `customers @wave-2, MS 72 h`.
pub fn full_name(shared: &Shared, incident: &IncidentView, duty: &DutyView) -> String {
    masked_name(shared, incident, duty).unwrap_or_else(|| {
        let subject = match duty.subject.as_str() {
            "all" => String::new(),
            subject => format!(" @{subject}"),
        };
        let rule = match duty.rule.is_empty() {
            true => duty.id.as_str(),
            false => rule(duty),
        };
        format!("{}{subject}, {rule}", recipient(duty))
    })
}

/// A regime's id; none where the room is not told it, for it may be a customer's contract.
pub fn regime<'a>(shared: &Shared, incident: &IncidentView, id: &'a str) -> Option<&'a str> {
    let mut duties = incident.duties.iter().filter(|duty| duty.regime == id);
    let known = duties.next();
    let told = known.is_some_and(|duty| !duty.restricted && !duty.is_of_a_contract());
    (told || !shared.options.mask).then_some(id)
}

/// A person's name, or the sign of what is hidden: from the room, or by the reader's clearance, which leaves it empty.
pub fn who(shared: &Shared, incident: &IncidentView, name: &str) -> (String, Role) {
    let hidden = name.is_empty() && incident.is_masked("by");
    match hidden || shared.options.mask {
        true => (shared.glyphs.masked().to_owned(), Role::Masked),
        false => (name.to_owned(), Role::Text),
    }
}

/// A duty's name in passing: whom it is to and by which rule, `customers MS 72 h`.
pub fn duty_name(shared: &Shared, duty: &DutyView, between: &str) -> String {
    if is_hidden(shared, duty) {
        return RESTRICTED_DUTY.to_owned();
    }
    let rule = rule(duty);
    match rule.starts_with(&duty.to) {
        true => rule.to_owned(),
        false => format!("{}{between}{rule}", recipient(duty)),
    }
}

/// The same for a row of duties: what stands with the first is counted, `customers MS DPA +2`.
pub fn row_name(shared: &Shared, row: &DutyRow, between: &str) -> String {
    match row.view() {
        None => "reportable?".to_owned(),
        Some(duty) => format!("{}{}", duty_name(shared, duty, between), more(row)),
    }
}

/// The same in so many cells: the rule stands alone before it is cut.
pub fn row_name_within(shared: &Shared, row: &DutyRow, between: &str, room: u16) -> String {
    let whole = row_name(shared, row, between);
    match row.view() {
        Some(duty) if !is_hidden(shared, duty) && width(&whole) > usize::from(room) => {
            format!("{}{}", rule(duty), more(row))
        }
        _ => whole,
    }
}

fn more(row: &DutyRow) -> String {
    match row.with.len() {
        0 => String::new(),
        n => format!(" +{n}"),
    }
}

/// The rule's name without what stands in brackets after it.
pub fn rule(duty: &DutyView) -> &str {
    duty.rule.split(" (").next().unwrap_or_default()
}

/// A trigger's name without the ending that every instant has: `declared` for `declared_at`.
pub fn trigger(name: &str) -> String {
    name.strip_suffix("_at").unwrap_or(name).replace('_', " ")
}

/// The word that marks a drill: written out from 100 columns on.
pub fn drill(shared: &Shared) -> Part<'static> {
    drill_word(shared.size.0 >= super::head::WIDE)
}

/// The same, written out or short, for rows that have no room for it whole: it is never cut.
pub fn drill_word(whole: bool) -> Part<'static> {
    Part::text(if whole { "EXERCISE " } else { "EX " }, Role::Exercise)
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

/// The words that stand before a codename in lists: a drill, and what exists for some people only. They are written out
/// where there is room, and never cut.
pub fn marks(incident: &IncidentView, whole: bool) -> Vec<Part<'static>> {
    let drill = incident.exercise.then(|| drill_word(whole));
    let restricted = incident.restriction.is_some().then(|| {
        let word = if whole { "RESTRICTED " } else { "RESTR " };
        Part::text(word, Role::Notice)
    });
    drill.into_iter().chain(restricted).collect()
}

/// A codename with its marks before it, in cells.
pub fn codename_width(incident: &IncidentView, whole: bool) -> u16 {
    let drill = width_of(&marks(incident, whole), Mono(0));
    drill + u16::try_from(width(&incident.codename)).unwrap_or(u16::MAX)
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

/// Why an action on the selected incident is not offered.
pub fn why_not(shared: &Shared, action: Action) -> String {
    let Some(target) = shared.selected.as_ref() else {
        return "No incident is selected.".to_owned();
    };
    let answers: Vec<_> = asks_for(action)
        .iter()
        .map(|kind| shared.may(*kind, target))
        .collect();
    if !answers.iter().any(Result::is_ok)
        && let Some(why) = answers.into_iter().find_map(Result::err)
    {
        return why;
    }
    let id = &target.id;
    match action {
        Action::Acknowledge | Action::StandDown => {
            format!("No page of {id} waits for an answer.")
        }
        Action::Undo => not_undoable(shared, target),
        Action::Shelve => {
            format!("{id} has no alarm that could be shelved or taken off the shelf.")
        }
        Action::LoopBack => shared
            .incident(target)
            .map_or_else(String::new, |incident| no_way_back(incident)),
        _ => format!(
            "'{}' is not to be had for {id} as it stands.",
            action.long()
        ),
    }
}

/// Why an incident does not loop back.
pub fn no_way_back(incident: &IncidentView) -> String {
    format!(
        "{} is in {}; it loops back from containment or post-incident activity.",
        incident.id,
        phase_words(incident.phase)
    )
}

/// Why the last move of an incident is not taken back by this viewer, for whatever reason it is not.
pub fn not_undoable(shared: &Shared, target: &Target) -> String {
    let id = &target.id;
    let Some(incident) = shared.incident(target) else {
        return "The incident is no longer on the board.".to_owned();
    };
    let Some(last) = &incident.last_move else {
        // Whatever a person does later ends it: then only the time in phase tells that there was a move.
        return match incident.phase_since > incident.opened_at {
            true => done_since(id),
            false => format!("{id} has no phase move to take back."),
        };
    };
    match shared.undo_until() {
        None => format!(
            "The last move of {id} is {}'s; only the person who made it takes it back.",
            who(shared, incident, &last.by).0
        ),
        Some(until) if shared.now > until => format!(
            "The move of {id} is over {UNDO_MINUTES} minutes old and stays; move the incident instead."
        ),
        Some(_) => done_since(id),
    }
}

fn done_since(id: &str) -> String {
    format!(
        "Something else was done to {id} since the move, so it stays; move the incident instead."
    )
}

fn command(sent: &Pending) -> Option<&Command> {
    match &sent.effect {
        Effect::Send { command, .. } => Some(command),
        _ => None,
    }
}

/// Tells in a toast what became of something sent.
pub fn tell_reply(shared: &mut Shared, sent: &Pending, reply: &Reply) {
    let what = &sent.what;
    match reply {
        Reply::Done { unmet, .. } if unmet.is_empty() => match command(sent) {
            // Only a person's answer may look good: here nobody has it yet.
            Some(Command::Page(_)) => shared.note(format!("{what}: on record, being sent.")),
            Some(Command::Dismiss(_) | Command::Close(_)) => {
                let id = what.split(':').next().unwrap_or_default();
                shared.note(format!(
                    "{what}: done. warboard reopen {id} brings it back to the board."
                ));
            }
            _ => shared.tell(format!("{what}: done.")),
        },
        Reply::Done { unmet, .. } => {
            let unmet: Vec<&str> = unmet.iter().map(|word| word.as_str()).collect();
            shared.warn(format!("{what}: done, unmet: {}.", unmet.join(", ")));
        }
        Reply::Refused { sentence, .. } => shared.warn(format!("{what}: refused. {sentence}")),
        Reply::Conflict { sentence, .. } => shared.warn(format!("{what}: not done. {sentence}")),
        Reply::NotAllowed { sentence } => shared.warn(format!("{what}: not allowed. {sentence}")),
        Reply::Unreachable { sentence } => {
            shared.warn(format!(
                "{what}: no answer. {sentence} Send it again; it is never done twice."
            ));
        }
    }
}
