//! What a duty is called: to whom it is and by which rule; and what stands for it where the room is not told.

use crate::domain::text::width;
use crate::domain::view::{DutyView, IncidentView};
use crate::domain::view_of::RESTRICTED_DUTY;
use crate::ui::index::DutyRow;
use crate::ui::shared::Shared;

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
