//! Edit: the fields of an incident. Only what was changed is sent. A lower mark lets more people in, so it is confirmed
//! as legal record.

use serde_json::{Map, Value};

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, row};
use super::pick::before_after;
use super::regime;
use crate::domain::command::Command;
use crate::domain::command::set::Set;
use crate::domain::command::text::{LONG, TITLE};
use crate::domain::view::IncidentView;
use crate::domain::word::{Classification, Comms, Responsibility, Severity, Tlp};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::phrase::Zone;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// The id of the choice that says nothing is known.
const NONE: &str = "none";
/// Longest profile that is sent in a query, in bytes.
const PROFILE: usize = 2_000;

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Edit, shared, |look| Ok((Edit, form(look))))
}

#[derive(Debug)]
struct Edit;

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

fn item(word: &str, more: &str) -> Item {
    let item = Item::new(word, spaced(word));
    match more {
        "" => item,
        more => item.with(row(more.to_owned(), Role::Dim)),
    }
}

fn form(look: &Look<'_>) -> Form {
    let incident = look.incident;
    let mut fields = vec![
        severity(look),
        classification(incident),
        Field::choice(
            "tlp",
            "TLP",
            Tlp::ALL.iter().map(|tlp| item(tlp.as_str(), "")).collect(),
        )
        .value(incident.tlp.as_str()),
        Field::choice(
            "responsibility",
            "responsibility",
            Responsibility::ALL
                .iter()
                .map(|whose| item(whose.as_str(), ""))
                .collect(),
        )
        .value(incident.responsibility.as_str()),
    ];
    let texts = [
        ("title", "title", incident.title.as_deref()),
        ("bridge", "bridge", incident.bridge.as_deref()),
        ("channel", "channel", incident.channel.as_deref()),
        (
            "out_of_band",
            "out of band",
            incident.out_of_band.as_deref(),
        ),
    ];
    for (key, label, value) in texts.into_iter().filter(|(key, ..)| !hides(look, key)) {
        fields.push(Field::text(key, label, TITLE).value(value.unwrap_or_default()));
    }
    fields.push(
        Field::choice(
            "comms",
            "our channels",
            vec![
                item("trusted", ""),
                item(
                    "suspect",
                    "pages go out of band only; bridge and channel are marked",
                ),
            ],
        )
        .value(incident.comms.as_str()),
    );
    // Places stand for contracts that are hidden from the reader: they cannot be sent back.
    if !incident.is_masked("regimes") {
        let had = incident.regimes.join("\n");
        fields.push(Field::ticks("regimes", "regimes", regimes(look)).value(&had));
    }
    if !hides(look, "profile") {
        let zone = Field::text("zone", "entity's zone", 60).hint("Europe/Berlin");
        fields.push(zone.value(zone_of(incident).unwrap_or_default()));
    }
    if !hides(look, "summary") {
        let summary = incident.summary.as_deref().unwrap_or_default();
        fields.push(Field::long("summary", "summary", LONG).value(summary));
    }
    Form::new(fields)
}

/// What is hidden from the reader, or from the room, is not edited: what is not seen cannot be changed knowingly.
fn hides(look: &Look<'_>, field: &str) -> bool {
    look.incident.is_masked(field) || !look.texts()
}

fn severity(look: &Look<'_>) -> Field {
    let source = look.shared.source(look.target.source);
    let meanings = source.and_then(|source| source.about.as_ref());
    let means = |severity: Severity| {
        let known = meanings?.severities.iter();
        let found = known.into_iter().find(|known| known.id == severity);
        found.map(|known| known.means.as_str())
    };
    let known = Severity::ALL
        .iter()
        .map(|severity| item(severity.as_str(), means(*severity).unwrap_or_default()));
    let items = known.chain([item(NONE, "not assessed")]).collect();
    let now = look.incident.severity.map_or(NONE, Severity::as_str);
    Field::choice("severity", "severity", items).value(now)
}

fn classification(incident: &IncidentView) -> Field {
    let known = Classification::ALL
        .iter()
        .map(|class| item(class.as_str(), ""));
    let items = known.chain([item(NONE, "not assessed")]).collect();
    let now = incident.classification.map_or(NONE, Classification::as_str);
    Field::choice("classification", "classification", items).value(now)
}

/// The profile as the catalogue is asked with it: without customers' names, which call for nothing.
fn profile_of(look: &Look<'_>) -> Option<String> {
    if hides(look, "profile") {
        return None;
    }
    let mut profile = look.incident.profile.clone();
    profile.remove("subjects");
    let text = serde_json::to_string(&profile).ok()?;
    (!profile.is_empty() && text.len() <= PROFILE).then_some(text)
}

fn regimes(look: &Look<'_>) -> Vec<Item> {
    regime::items(
        look.shared,
        look.target.source,
        profile_of(look).as_deref(),
        &look.incident.regimes,
    )
}

fn zone_of(incident: &IncidentView) -> Option<&str> {
    incident.profile.get("zone")?.as_str()
}

fn lowered(form: &Form, look: &Look<'_>) -> Option<Tlp> {
    let tlp = form.choice("tlp")?.parse::<Tlp>().ok()?;
    (tlp < look.incident.tlp).then_some(tlp)
}

/// What `set` would touch: what a person changed and what is now another value.
fn set(form: &Form, look: &Look<'_>) -> Result<Set, Fault> {
    let incident = look.incident;
    let mut set = Set::default();
    let chosen = |key: &str| form.choice(key).filter(|_| form.is_touched(key));
    if let Some(id) = chosen("severity") {
        set.severity = Some(id.parse::<Severity>().ok()).filter(|new| *new != incident.severity);
    }
    if let Some(id) = chosen("classification") {
        let new = id.parse::<Classification>().ok();
        set.classification = Some(new).filter(|new| *new != incident.classification);
    }
    let parsed = chosen("tlp").and_then(|id| id.parse::<Tlp>().ok());
    set.tlp = parsed.filter(|new| *new != incident.tlp);
    let parsed = chosen("responsibility").and_then(|id| id.parse::<Responsibility>().ok());
    set.responsibility = parsed.filter(|new| *new != incident.responsibility);
    let parsed = chosen("comms").and_then(|id| id.parse::<Comms>().ok());
    set.comms = parsed.filter(|new| *new != incident.comms);
    if form.is_touched("title") {
        let title = form.given("title");
        let title = title.ok_or_else(|| Fault::field("title", "A title cannot be empty."))?;
        set.title = Some(title).filter(|new| Some(new) != incident.title.as_ref());
    }
    let text = |key: &str, before: &Option<String>| {
        let new = form.is_touched(key).then(|| form.given(key));
        new.filter(|new| new != before)
    };
    set.bridge = text("bridge", &incident.bridge);
    set.channel = text("channel", &incident.channel);
    set.out_of_band = text("out_of_band", &incident.out_of_band);
    set.summary = text("summary", &incident.summary);
    if form.is_touched("regimes") {
        let ticked: Vec<String> = form
            .ticked("regimes")
            .into_iter()
            .map(str::to_owned)
            .collect();
        let same = ticked.len() == incident.regimes.len()
            && ticked.iter().all(|id| incident.regimes.contains(id));
        set.regimes = (!same).then_some(ticked);
    }
    set.profile = profile(form, incident)?;
    Ok(set)
}

fn profile(form: &Form, incident: &IncidentView) -> Result<Option<Map<String, Value>>, Fault> {
    let zone = form.given("zone").map(|zone| zone.trim().to_owned());
    if !form.is_touched("zone") || zone.as_deref() == zone_of(incident) {
        return Ok(None);
    }
    let value = match zone {
        None => Value::Null,
        Some(name) => match Zone::named(&name) {
            Ok(_) => Value::String(name),
            Err(why) => return Err(Fault::field("zone", format!("{why}."))),
        },
    };
    Ok(Some(Map::from_iter([("zone".to_owned(), value)])))
}

/// Each change on a line, before and after.
fn rows(set: &Set, look: &Look<'_>) -> Vec<Row> {
    let incident = look.incident;
    let mut rows = Vec::new();
    let mut tell = |what: &str, before: Option<String>, after: Option<String>| {
        let none = || "none".to_owned();
        let (before, after) = (before.unwrap_or_else(none), after.unwrap_or_else(none));
        rows.push(before_after(look.shared, what, &before, &after));
    };
    fn word<W: std::fmt::Display>(word: Option<W>) -> Option<String> {
        word.map(|word| spaced(&word.to_string()))
    }
    if let Some(new) = set.severity {
        tell("severity", word(incident.severity), word(new));
    }
    if let Some(new) = set.classification {
        tell("classification", word(incident.classification), word(new));
    }
    if let Some(new) = set.tlp {
        tell(
            "TLP",
            Some(words::tlp(incident.tlp).0),
            Some(words::tlp(new).0),
        );
    }
    if let Some(new) = set.responsibility {
        tell(
            "responsibility",
            word(Some(incident.responsibility)),
            word(Some(new)),
        );
    }
    if let Some(new) = set.comms {
        tell("our channels", word(Some(incident.comms)), word(Some(new)));
    }
    if let Some(new) = &set.title {
        tell("title", incident.title.clone(), Some(new.clone()));
    }
    let texts = [
        ("bridge", &incident.bridge, &set.bridge),
        ("channel", &incident.channel, &set.channel),
        ("out of band", &incident.out_of_band, &set.out_of_band),
    ];
    for (what, before, new) in texts {
        if let Some(new) = new {
            tell(what, before.clone(), new.clone());
        }
    }
    if let Some(new) = &set.regimes {
        let source = look.target.source;
        let name = |id: &String| regime::name(look.shared, source, id);
        let named = |ids: &[String]| ids.iter().map(name).collect::<Vec<_>>().join(", ");
        tell("regimes", Some(named(&incident.regimes)), Some(named(new)));
    }
    if let Some(profile) = &set.profile {
        let new = profile
            .get("zone")
            .and_then(Value::as_str)
            .map(str::to_owned);
        tell("entity's zone", zone_of(incident).map(str::to_owned), new);
    }
    if set.summary.is_some() {
        tell(
            "summary",
            Some("as it was".to_owned()),
            Some("rewritten".to_owned()),
        );
    }
    rows
}

/// Who newly sees what, in general words; the names come from the backend.
fn opened_up(tlp: Tlp, look: &Look<'_>) -> Vec<Row> {
    let who = format!(
        "Everyone at {} with the clearance {tlp} or higher will newly see its title, summary, names, links and notes.",
        look.shared.source_name(look.target.source)
    );
    vec![
        row(who, Role::DialogWarning),
        row(
            "A mark can be raised again; what was read stays read.",
            Role::Text,
        ),
    ]
}

impl Body for Edit {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = match set(form, look) {
            Ok(set) => rows(&set, look),
            Err(_) => Vec::new(),
        };
        if rows.is_empty() {
            rows.push(row("Only what you change is sent.", Role::Dim));
        }
        if !look.incident.masked.is_empty() {
            let sign = look.shared.glyphs.masked();
            rows.push(vec![
                Part::text(sign, Role::Masked),
                Part::text(" what your clearance hides is not edited here", Role::Dim),
            ]);
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let note = lowered(form, look).map(|_| {
            "Lower than before: more people will see it. The id's number is asked for.".to_owned()
        });
        form.note("tlp", note);
        form.set_items("regimes", regimes(look));
        form.note("regimes", regime::note(look.shared, look.target.source));
    }

    fn reads(&self, look: &Look<'_>) -> Vec<Effect> {
        let catalogues = &look.shared.catalogues;
        let effect = catalogues.ask(look.target.source, profile_of(look));
        effect.into_iter().collect()
    }

    fn weight(&self, form: &Form, look: &Look<'_>) -> Weight {
        match lowered(form, look) {
            Some(_) => Weight::Record,
            None => Weight::Reversible,
        }
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        if let Some(tlp) = lowered(form, look) {
            return format!("lower the mark to {}", words::tlp(tlp).0);
        }
        let touched = set(form, look).map(|set| set.touched().join(", "));
        match touched {
            Ok(names) if !names.is_empty() => format!("set {}", spaced(&names)),
            _ => "set nothing yet".to_owned(),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let set = set(form, look)?;
        match set.touched().is_empty() {
            true => Err(Fault::all("Nothing is changed; nothing would be sent.")),
            false => Ok(Command::Set(Box::new(set))),
        }
    }

    fn foresees(&self) -> Foresees {
        Foresees::AtTheEnd
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Command::Set(set) = command else {
            return Vec::new();
        };
        let mut rows = rows(set, look);
        if let Some(tlp) = set.tlp {
            rows.push(Row::new());
            rows.extend(opened_up(tlp, look));
        }
        rows
    }
}
