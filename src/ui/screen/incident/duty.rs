//! Duties: what is owed to whom, its clock, its instants and who decides. What is finished is folded to one line.

use super::line::{Line, Lines, Look};
use crate::domain::duty::status_at;
use crate::domain::view::DutyView;
use crate::domain::word::DutyStatus;
use crate::ui::canvas::Part;
use crate::ui::index::{asks_reportable, known_by, known_since};
use crate::ui::keymap::Action;
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::theme::Role;

/// Where the words begin beside the clock.
const CLOCK: u16 = 11;

/// The duties of an incident: running by due, then what has no number, then what is finished.
pub fn lines(look: Look<'_>, width: u16) -> Lines {
    let mut lines = Lines::new(look.shared, width);
    if asks_reportable(look.incident) {
        let from = look.mono(known_since(look.incident));
        let first = vec![Part::text("no clock", Role::NoClock), Part::Tab(CLOCK)];
        let asked = vec![Part::text("reportable?", Role::Missing)];
        let aware = vec![
            Part::text(format!("{} ", known_by(look.incident)), Role::Text),
            Part::Live(LiveText::Age { from }, Role::Missing),
            Part::text(" ago, nobody has answered", Role::Text),
        ];
        lines.flow(first, CLOCK, vec![asked, aware]);
    }
    for (text, role) in words::alarms(look.shared, look.source, look.incident, None) {
        let first = vec![Part::text("alarm", Role::Dim), Part::Tab(CLOCK)];
        lines.flow(first, CLOCK, vec![vec![Part::text(text, role)]]);
    }
    let now = look.now();
    let enabled = || look.incident.duties.iter().filter(|duty| duty.enabled);
    let mut duties: Vec<(DutyStatus, &DutyView)> =
        enabled().map(|duty| (status_at(duty, now), duty)).collect();
    duties.sort_by_key(|(status, duty)| (status.is_finished(), duty.due_at.is_none(), duty.due_at));
    let (finished, open): (Vec<_>, Vec<_>) = duties
        .into_iter()
        .partition(|(status, _)| status.is_finished());
    for (status, duty) in open {
        one(look, &mut lines, status, duty);
    }
    match look.shared.folded && !finished.is_empty() {
        true => folded(look, &mut lines, &finished),
        false => {
            for (status, duty) in finished {
                one(look, &mut lines, status, duty);
            }
        }
    }
    if lines.lines.is_empty() {
        let text = match look.incident.regimes.is_empty() {
            true => "No regime is set: nothing is known to be owed.",
            false => "The regimes set ask for nothing.",
        };
        lines.words(text, Role::Dim);
    }
    lines
}

fn folded(look: Look<'_>, lines: &mut Lines, finished: &[(DutyStatus, &DutyView)]) {
    let kinds = [
        (DutyStatus::Met, "SENT"),
        (DutyStatus::NotRequired, "DOES NOT APPLY"),
        (DutyStatus::Decided, "DECIDED: NO NOTICE"),
        (DutyStatus::NotInForce, "NOT IN FORCE"),
    ];
    let mut items: Vec<Line> = Vec::new();
    for (status, word) in kinds {
        let count = finished.iter().filter(|(is, _)| *is == status).count();
        if count > 0 {
            items.push(vec![Part::text(format!("{word} {count}"), Role::Dim)]);
        }
    }
    let key = look.shared.keymap.label(Action::Fold);
    items.push(vec![Part::text(format!("{key} unfold"), Role::KeyText)]);
    lines.flow(Vec::new(), 0, items);
}

fn one(look: Look<'_>, lines: &mut Lines, status: DutyStatus, duty: &DutyView) {
    let (clock, holds) = words::duty_clock(look.shared, look.source, look.incident, duty);
    lines.hold(holds);
    let role = words::duty_role(duty, status, look.now());
    let mut first = match &clock {
        DutyClock::Counts { to, role } => {
            let to = LiveText::Countdown { to: *to };
            vec![Part::Column(to, CLOCK - 1, Side::Left, *role)]
        }
        _ => vec![Part::text(no_number(status), role)],
    };
    first.push(Part::Tab(CLOCK));
    if let Some(name) = words::masked_name(look.shared, look.incident, duty) {
        lines.flow(first, CLOCK, vec![vec![Part::text(name, Role::Text)]]);
        return;
    }
    let rule = match duty.rule.is_empty() {
        true => duty.id.clone(),
        false => duty.rule.clone(),
    };
    let mut to = vec![Part::text(words::recipient(duty), Role::Title)];
    if duty.subject != "all" {
        to.push(Part::text(format!(" @{}", duty.subject), Role::Text));
    }
    to.push(Part::text(format!(", {rule}"), Role::Text));
    let mut items = vec![to, state(look, status, duty, &clock, role)];
    items.extend(when(look, status, duty, lines));
    let alarms = words::alarms(look.shared, look.source, look.incident, Some(&duty.id));
    items.extend(
        alarms
            .into_iter()
            .map(|(text, role)| vec![Part::text(format!("alarm {text}"), role)]),
    );
    if !status.is_finished() {
        let (who, role) = words::decider(look.shared, look.source, look.incident, duty);
        let who = match (look.shared.options.mask, role) {
            (true, Role::Text) => look.masked(),
            _ => Part::text(who, role),
        };
        items.push(vec![who]);
        if let Some(told) = duty.told {
            let told = format!("told {} of {}", grouped(told.done), grouped(told.of));
            items.push(vec![Part::text(told, Role::Text)]);
        }
        // Where there is little room, the text is cited of the one that is stood on; the arithmetic cites it of each. A
        // contract's text is hidden with the customer whose it is.
        let stood_on = look.shared.selected_duty.as_ref() == Some(&duty.id);
        if (lines.width() >= 60 || stood_on) && !duty.citation.is_empty() {
            items.push(vec![Part::text(duty.citation.clone(), Role::Dim)]);
        }
        if duty.confidence != "located" && duty.confidence != "quoted" {
            items.push(vec![Part::text("check text", Role::Notice)]);
        }
    }
    lines.flow(first, CLOCK, items);
}

/// What stands where the clock would.
fn no_number(status: DutyStatus) -> &'static str {
    use DutyStatus as D;
    match status {
        D::Met => "sent",
        D::Held => "HELD",
        D::Embargo => "not yet",
        D::Decided => "decided",
        D::NotRequired | D::NotInForce => "not due",
        _ => "no clock",
    }
}

/// What is recorded, in words; never guilt.
fn state(
    look: Look<'_>,
    status: DutyStatus,
    duty: &DutyView,
    clock: &DutyClock,
    role: Role,
) -> Line {
    use DutyStatus as D;
    let because = |words: &str| match &duty.because {
        Some(because) if !look.shared.options.mask => format!("{words}: {because}"),
        _ => words.to_owned(),
    };
    let text = match status {
        D::Running => "RUNNING".to_owned(),
        D::Provisional => "PROVISIONAL".to_owned(),
        D::PastDue => "not recorded as sent, first reading passed".to_owned(),
        D::Overdue => "not recorded as sent".to_owned(),
        D::Held => held(look, duty),
        D::Embargo => match duty.due_at {
            Some(at) => {
                return vec![
                    Part::text(
                        format!("NOT BEFORE {}, ", look.instant(at, Form::Dated)),
                        role,
                    ),
                    Part::Live(LiveText::Until { to: look.mono(at) }, role),
                ];
            }
            None => "NOT BEFORE, instant not known".to_owned(),
        },
        D::Met => match duty.submitted_at {
            Some(at) => {
                let late = match duty.outcome.as_deref() {
                    Some("between_due_and_limit") => ", after first reading",
                    Some("late") => ", after the limit",
                    _ => "",
                };
                format!("sent {}{late}", look.instant(at, Form::Weekday))
            }
            None => match duty.reached_words() {
                Some(reached) => format!("met: {reached}"),
                None => "sent".to_owned(),
            },
        },
        D::NotRequired => because("does not apply"),
        D::Decided => because("decided: no notice"),
        D::NotInForce => "not in force".to_owned(),
        D::Waiting | D::Undecided | D::CalendarUnknown | D::NoFixedLimit => return clock.parts(),
    };
    vec![Part::text(text, role)]
}

fn held(look: Look<'_>, duty: &DutyView) -> String {
    let Some(hold) = &duty.hold else {
        return "HELD".to_owned();
    };
    let until = match hold.until {
        Some(at) => format!("HELD to {}", look.instant(at, Form::Dated)),
        None => "HELD, no end set".to_owned(),
    };
    match look.hides("hold") {
        true => until,
        false => format!(
            "{until}, {}, {}",
            hold.kind.replace('_', " "),
            hold.authority
        ),
    }
}

/// Due with its instant, the outer reading, the latest start.
fn when(look: Look<'_>, status: DutyStatus, duty: &DutyView, lines: &mut Lines) -> Vec<Line> {
    let mut items: Vec<Line> = Vec::new();
    if !status.counts_down() {
        return items;
    }
    if let Some(due) = duty.due_at {
        let text = format!("by {}", look.instant(due, Form::Weekday));
        items.push(vec![Part::text(text, Role::Text)]);
    }
    if let Some(limit) = duty.limit_at {
        let text = format!("at the latest {}", look.instant(limit, Form::Weekday));
        items.push(vec![Part::text(text, Role::Text)]);
    }
    let Some(start) = duty.latest_start_at else {
        items.push(vec![Part::text("start not set", Role::Dim)]);
        return items;
    };
    let to = look.mono(start);
    if to < look.shared.now {
        let mut item = vec![Part::text("START PASSED ", Role::StartPassed)];
        item.extend(look.ago(start, Role::StartPassed));
        items.push(item);
    } else {
        lines.hold(Some(to + 1));
        items.push(vec![
            Part::text(
                format!("start by {}, ", look.instant(start, Form::Short)),
                Role::Text,
            ),
            Part::Live(LiveText::Until { to }, Role::DueSoon),
        ]);
    }
    items
}

/// `1,200`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1_200, 1_234_567].map(grouped),
            ["0", "999", "1,200", "1,234,567"]
        );
    }
}
