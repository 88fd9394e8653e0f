//! `p`: pages teams. The list says when each is to be engaged, by which routes, and who is paged already; the last step
//! says who is woken and the exact text of each route. What a route may be told stands in `page::said`.

mod said;

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, fact, row};
use crate::domain::board::TeamView;
use crate::domain::command::Command;
use crate::domain::command::page::Page;
use crate::domain::command::text::MESSAGE;
use crate::domain::view::PageView;
use crate::domain::word::{Comms, PageState, TeamKind, Urgency};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

#[derive(Debug, Default)]
struct Engage {
    /// A team is ticked that the incident's own source calls: it is asked who that would be.
    by_source: bool,
}

/// The state of a page with its age: `accepted 6m40s, 2nd route`.
pub(super) fn state_parts(page: &PageView, look: &Look<'_>) -> Vec<Part<'static>> {
    let (words, role, since) = match page.state {
        PageState::Acknowledged => {
            let by = match &page.acknowledged_by {
                Some(person) => look.who(person),
                None => "somebody".to_owned(),
            };
            let answer = page.answer.map_or("has it", |answer| answer.as_str());
            let at = page.acknowledged_at.unwrap_or(page.queued_at);
            (format!("{by}: {answer} "), Role::PageAcknowledged, at)
        }
        PageState::Failed => ("failed ".to_owned(), Role::PageFailed, page.queued_at),
        PageState::Unknown => (
            "sent, no answer of the route ".to_owned(),
            Role::PageUnanswered,
            page.queued_at,
        ),
        state if state.is_open() => (format!("{state} "), Role::PageOpen, page.queued_at),
        state => (format!("{state} "), Role::Dim, page.queued_at),
    };
    let age = LiveText::Age {
        from: look.mono(since),
    };
    let mut parts = vec![Part::text(words, role), Part::Live(age, role)];
    if let Some(eta) = page.late_since(look.now()) {
        let from = look.mono(eta);
        parts.push(Part::text(", ETA passed ", Role::PageUnanswered));
        parts.push(Part::Live(LiveText::Age { from }, Role::PageUnanswered));
        parts.push(Part::text(" ago", Role::PageUnanswered));
    }
    if page.step > 0 && page.state.is_open() {
        parts.push(Part::text(format!(", route {}", page.step + 1), role));
    }
    parts
}

fn teams<'a>(look: &Look<'a>) -> &'a [TeamView] {
    let source = look.shared.source(look.target.source);
    source.map_or(&[], |source| source.teams.as_slice())
}

fn team<'a>(look: &Look<'a>, id: &str) -> Option<&'a TeamView> {
    teams(look).iter().find(|team| team.id == id)
}

fn open_page<'a>(look: &Look<'a>, team: &str) -> Option<&'a PageView> {
    let pages = look.incident.pages.iter().rev();
    pages
        .into_iter()
        .find(|p| p.team == team && p.state.is_open())
}

fn kind_words(kind: TeamKind) -> &'static str {
    match kind {
        TeamKind::SecurityResponse => "security response",
        TeamKind::Service => "service team",
        TeamKind::Partner => "partner",
        TeamKind::Command => "command",
    }
}

/// Teams of this service first: its response team, its engineering, its partners, then those of all services.
fn items(look: &Look<'_>) -> Vec<Item> {
    let service = &look.incident.service;
    let rank = |team: &TeamView| {
        let own = team.services.iter().any(|s| s == service);
        let general = team.services.is_empty();
        (!own, !general, team.kind as u8)
    };
    let mut all: Vec<&TeamView> = teams(look).iter().collect();
    all.sort_by_key(|team| rank(team));
    let item = |team: &TeamView| {
        let last = look.incident.pages.iter().rev().find(|p| p.team == team.id);
        let more = match last {
            Some(page) => state_parts(page, look),
            None => vec![Part::text(kind_words(team.kind), Role::Dim)],
        };
        Item::new(team.id.clone(), team.short.clone()).with(more)
    };
    all.into_iter().map(item).collect()
}

/// When a team is to be engaged and how it is reached.
fn about(team: &TeamView, look: &Look<'_>) -> String {
    let when = match team.engage_when.is_empty() {
        true => "when to engage it is not said".to_owned(),
        false => format!("engage for {}", team.engage_when.join(", ")),
    };
    let routes: Vec<&str> = said::routes(team, look)
        .iter()
        .map(|route| said::name(route))
        .collect();
    match routes.is_empty() {
        true => format!("{}: {when}; no route: nobody is woken", team.name),
        false => format!(
            "{}: {when}; by {}; answers within {}",
            team.name,
            routes.join(", then "),
            team.ack_within
        ),
    }
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Page, shared, |look| {
        let items = items(look);
        if items.is_empty() {
            let source = look.shared.source_name(look.target.source);
            return Err(format!(
                "The directory of {source} was not read yet; ask it again with Ctrl-R."
            ));
        }
        let urgency = vec![
            Item::new("high", "high").with(vec![Part::text("wakes people now", Role::Dim)]),
            Item::new("low", "low").with(vec![Part::text("can wait for working hours", Role::Dim)]),
        ];
        let again = vec![
            Item::new("no", "no").with(vec![Part::text("they have a page already", Role::Dim)]),
            Item::new("yes", "yes").with(vec![Part::text("page them once more", Role::Dim)]),
        ];
        let form = Form::new(vec![
            Field::ticks("teams", "teams", items).required(),
            Field::choice("again", "again", again).hidden(),
            Field::long("message", "message", MESSAGE).hint("empty: none"),
            Field::choice("urgency", "urgency", urgency),
        ]);
        Ok((Engage::default(), form))
    })
}

/// Ticked teams that have an open page.
fn paged_already<'a>(form: &Form, look: &Look<'a>) -> Vec<&'a str> {
    let ticked = form.ticked("teams").into_iter();
    ticked
        .filter(|id| open_page(look, id).is_some())
        .filter_map(|id| team(look, id))
        .map(|team| team.short.as_str())
        .collect()
}

/// Whether a page of a ticked team waits to be sent: a repeat goes with it then, in one message.
fn waits(form: &Form, look: &Look<'_>) -> bool {
    let ticked = form.ticked("teams");
    let mut open = ticked.iter().filter_map(|id| open_page(look, id));
    open.any(|page| page.state == PageState::Queued && page.attempts == 0 && page.step == 0)
}

fn urgency(form: &Form) -> Urgency {
    let low = form.choice("urgency") == Some(Urgency::Low.as_str());
    if low { Urgency::Low } else { Urgency::High }
}

impl Body for Engage {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = Vec::new();
        if look.incident.exercise {
            let text = "EXERCISE: pages go to the exercise sink, no real person is woken.";
            rows.push(row(text, Role::Exercise));
        }
        if look.incident.comms == Comms::Suspect {
            let text = "The company's own channels are suspect: routes inside it are passed over.";
            rows.push(row(text, Role::DialogWarning));
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        form.set_items("teams", items(look));
        let under = form.under("teams").map(|item| item.id.clone());
        let note = (form.focus() == Some("teams"))
            .then(|| under.and_then(|id| team(look, &id).map(|team| about(team, look))))
            .flatten();
        form.note("teams", note);
        let by_source = |id: &&str| {
            team(look, id).is_some_and(|team| {
                let routes = said::routes(team, look);
                routes.iter().any(|route| route.connector.is_some())
            })
        };
        self.by_source = !look.incident.exercise && form.ticked("teams").iter().any(by_source);
        let paged = paged_already(form, look);
        form.show("again", !paged.is_empty());
        let doubtful = form
            .ticked("teams")
            .into_iter()
            .any(|id| open_page(look, id).is_some_and(|page| page.state == PageState::Unknown));
        let note = (!paged.is_empty()).then(|| {
            let more = match (doubtful, waits(form, look)) {
                (true, _) => "; whether it arrived is not known: check there first",
                (false, true) => "; what is not sent yet takes this along",
                (false, false) => "",
            };
            format!("paged already: {}{more}", paged.join(", "))
        });
        form.note("again", note);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reaches
    }

    fn foresees(&self) -> Foresees {
        match self.by_source {
            true => Foresees::AtTheEnd,
            false => Foresees::Never,
        }
    }

    fn unforeseen(&self, _command: &Command, _look: &Look<'_>) -> Vec<Row> {
        vec![row("on call: not known yet", Role::DialogWarning)]
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let ticked = form.ticked("teams");
        let names: Vec<&str> = ticked
            .iter()
            .map(|id| look.shared.team(look.target.source, id))
            .collect();
        match names.len() {
            0..=3 => format!("page {}", names.join(", ")),
            all => format!("page {all} teams"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let paged = paged_already(form, look);
        let again = form.choice("again") == Some("yes");
        if !paged.is_empty() && !again {
            return Err(Fault::field(
                "again",
                match paged.as_slice() {
                    [one] => {
                        format!("{one} has an open page: say yes to page again, or untick it.")
                    }
                    all => format!(
                        "{} have open pages: say yes to page again, or untick them.",
                        all.join(", ")
                    ),
                },
            ));
        }
        Ok(Command::Page(Page {
            teams: form
                .ticked("teams")
                .into_iter()
                .map(str::to_owned)
                .collect(),
            message: form.given("message"),
            urgency: urgency(form),
            again,
        }))
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Command::Page(page) = command else {
            return Vec::new();
        };
        let mut rows = vec![fact(
            "urgency",
            match page.urgency {
                Urgency::High => "high: wakes people now",
                Urgency::Low => "low: can wait for working hours",
            },
            Role::Text,
        )];
        for team in page.teams.iter().filter_map(|id| team(look, id)) {
            rows.push(Row::new());
            rows.extend(said::rows(team, page, look));
        }
        rows
    }
}
