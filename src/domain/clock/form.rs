//! The form of a regime in a file: `[[regime]]` with its `[[regime.stage]]`. The clock of a stage is read by `clock_form`.
//! An unreadable regime is refused, never guessed.

use super::clock_form::{asked, clock, hold_kinds, limit};
use super::keyed::{Faults, Keys};
use super::regime::{Confidence, Force, Regime, Source, Stage, Variant};
use crate::domain::word::Direction;
use toml::de::DeValue;

const FORCES: &[(&str, Force)] = &[
    ("in_force", Force::InForce),
    ("deferred", Force::Deferred),
    ("proposed", Force::Proposed),
    ("repealed", Force::Repealed),
];

const CONFIDENCES: &[(&str, Confidence)] = &[
    ("located", Confidence::Located),
    ("partly-located", Confidence::PartlyLocated),
    ("general", Confidence::General),
];

const DIRECTIONS: &[(&str, Direction)] = &[
    ("deadline", Direction::Deadline),
    ("not-before", Direction::NotBefore),
];

/// To whom a notice goes whose very existence is not for every reader.
const RESTRICTED: &[&str] = &[
    "attorney-general",
    "law-enforcement",
    "securities-regulator",
    "sec",
    "investors",
    "usss",
    "fbi",
];

/// A regime as read, with where it began: for faults that show only beside the others.
pub struct Read {
    pub regime: Regime,
    pub at: usize,
    pub supersedes_at: usize,
}

/// Reads one `[[regime]]`. What is wrong goes to `faults`; a regime with a fault is not used.
pub fn regime(mut keys: Keys<'_, '_>, faults: &mut Faults<'_>) -> Option<Read> {
    let id = keys.need_text(faults, "id");
    let id = id.filter(|id| is_id(id.at, &id.key, &id.value, faults));
    let name = keys.need_text(faults, "name");
    let jurisdiction = keys.need_text(faults, "jurisdiction");
    let citation = keys.need_text(faults, "citation");
    keys.need(faults, "status");
    let force = keys.word(faults, "status", FORCES);
    keys.need(faults, "verified");
    let verified = keys.date(faults, "verified");
    let confidence = keys
        .word(faults, "confidence", CONFIDENCES)
        .unwrap_or(Confidence::Located);
    let enabled = keys.flag(faults, "enabled");
    let supersedes = keys.text(faults, "supersedes");
    let short = keys.text(faults, "short").map(|short| short.value);
    let applies_from = keys.date(faults, "applies_from");
    let applies_until = keys.date(faults, "applies_until");
    if applies_from
        .zip(applies_until)
        .is_some_and(|(from, until)| until < from)
    {
        faults.add(
            keys.at,
            keys.key("applies_until"),
            "lies before applies_from",
        );
    }
    let sources = sources(&mut keys, faults);
    let proposed_when = asked(&mut keys, faults, "proposed_when");
    let mut stages: Vec<Stage> = Vec::new();
    let tables = keys.tables(faults, "stage");
    if tables.is_empty() {
        faults.add(
            keys.at,
            keys.key("stage"),
            "is missing; a regime has at least one stage",
        );
    }
    for table in tables {
        let at = table.at;
        let Some(stage) = self::stage(table, faults) else {
            continue;
        };
        if stages.iter().any(|other| other.id == stage.id) {
            let what = format!("'{}' is the id of another stage of this regime", stage.id);
            faults.add(at, "regime.stage.id", what);
        }
        stages.push(stage);
    }
    let at = keys.at;
    let family = keys.text_or_empty(faults, "family");
    let status_note = keys.text_or_empty(faults, "status_note");
    let counting = keys.text_or_empty(faults, "counting");
    let exceptions = keys.texts(faults, "exceptions");
    let owner = keys.text(faults, "owner").map(|owner| owner.value);
    keys.done(faults);
    let id = id?.value;
    Some(Read {
        at,
        supersedes_at: supersedes.as_ref().map_or(at, |text| text.at),
        regime: Regime {
            short: short.unwrap_or_else(|| id.clone()),
            id,
            name: name?.value,
            jurisdiction: jurisdiction?.value,
            family,
            citation: citation?.value,
            force: force?,
            status_note,
            applies_from,
            applies_until,
            verified: verified?,
            confidence,
            enabled: enabled.unwrap_or(confidence != Confidence::General),
            sources,
            counting,
            exceptions,
            owner,
            supersedes: supersedes.map(|text| text.value),
            proposed_when,
            stages,
            file: faults.file().to_owned(),
        },
    })
}

fn stage(mut keys: Keys<'_, '_>, faults: &mut Faults<'_>) -> Option<Stage> {
    let id = keys.need_text(faults, "id");
    let id = id.filter(|id| is_id(id.at, &id.key, &id.value, faults));
    keys.need(faults, "to");
    let to = keys.texts(faults, "to");
    let trigger = keys.text(faults, "trigger").map(|text| text.value);
    keys.need(faults, "clock");
    let table = keys.table(faults, "clock");
    let read = table.and_then(|table| clock(table, trigger.as_deref(), faults));
    let limit = keys
        .table(faults, "limit")
        .and_then(|table| self::limit(table, faults));
    let holds = hold_kinds(&mut keys, faults);
    let direction = keys
        .word(faults, "direction", DIRECTIONS)
        .unwrap_or(Direction::Deadline);
    let when = asked(&mut keys, faults, "when");
    let mut variants = Vec::new();
    for table in keys.tables(faults, "variant") {
        variants.extend(variant(table, trigger.as_deref(), faults));
    }
    let restricted = keys
        .flag(faults, "restricted")
        .unwrap_or_else(|| to.iter().any(|to| RESTRICTED.contains(&to.as_str())));
    let stage = Stage {
        id: String::new(),
        who: keys.text_or_empty(faults, "who"),
        trigger_text: keys.text_or_empty(faults, "trigger_text"),
        wording: keys.text_or_empty(faults, "wording"),
        note: keys.text_or_empty(faults, "note"),
        exceptions: keys.texts(faults, "exceptions"),
        decider: keys.text(faults, "decider").map(|text| text.value),
        prepare_for: keys.parsed(faults, "prepare_for"),
        page_on_latest_start: keys.flag(faults, "page_on_latest_start").unwrap_or(false),
        met_by: keys.texts(faults, "met_by"),
        to,
        clock: match read {
            Some(clock) => clock,
            None => {
                keys.done(faults);
                return None;
            }
        },
        limit,
        holds,
        direction,
        when,
        variants,
        restricted,
    };
    keys.done(faults);
    Some(Stage {
        id: id?.value,
        ..stage
    })
}

fn variant(
    mut keys: Keys<'_, '_>,
    trigger: Option<&str>,
    faults: &mut Faults<'_>,
) -> Option<Variant> {
    keys.need(faults, "when");
    let when = asked(&mut keys, faults, "when");
    keys.need(faults, "clock");
    let own = keys.text(faults, "trigger").map(|text| text.value);
    let table = keys.table(faults, "clock");
    let read = table.and_then(|table| clock(table, own.as_deref().or(trigger), faults));
    let limit = keys
        .table(faults, "limit")
        .and_then(|table| self::limit(table, faults));
    keys.done(faults);
    Some(Variant {
        when: when?,
        clock: read?,
        limit,
    })
}

/// `source` is a list of addresses, or of tables that also tell what is said there.
fn sources(keys: &mut Keys<'_, '_>, faults: &mut Faults<'_>) -> Vec<Source> {
    let key = keys.key("source");
    let mut found = Vec::new();
    for item in keys.list(faults, "source") {
        match item.get_ref() {
            DeValue::String(address) => found.push(Source {
                address: address.to_string(),
                gist: String::new(),
            }),
            DeValue::Table(table) => {
                let mut keys = Keys::new(table, item.span().start, &key);
                let address = keys.need_text(faults, "address");
                let gist = keys.text_or_empty(faults, "gist");
                keys.done(faults);
                if let Some(address) = address {
                    found.push(Source {
                        address: address.value,
                        gist,
                    });
                }
            }
            other => faults.add(
                item.span().start,
                &key,
                format!(
                    "write an address, or {{ address, gist }}, not a {}",
                    other.type_str()
                ),
            ),
        }
    }
    found
}

/// Ids become parts of a duty's id (`regime/stage@subject`), so those signs are not theirs.
fn is_id(at: usize, key: &str, id: &str, faults: &mut Faults<'_>) -> bool {
    let right = id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !right {
        faults.add(at, key, "write letters, digits, '-', '_' and '.' only");
    }
    right
}
