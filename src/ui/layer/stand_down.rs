//! `x`: stands a team down that was paged, with a reason. It reaches people: `y` sends.

use super::dialog::{self, Body, Fault, Look, Opened, Weight, reason};
use super::form::{Field, Form, Item, Row, fact, row};
use super::page::state_parts;
use crate::domain::command::Command;
use crate::domain::command::cancel_page::CancelPage;
use crate::domain::view::PageView;
use crate::domain::word::PageState;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const REASONS: &[&str] = &[
    "no longer needed",
    "paged by mistake",
    "another team has it",
];

#[derive(Debug)]
struct StandDown;

/// The pages that can be stood down, those without an answer first.
fn items(look: &Look<'_>) -> Vec<Item> {
    let over = |page: &&PageView| matches!(page.state, PageState::Cancelled | PageState::Expired);
    let mut pages: Vec<&PageView> = look.incident.pages.iter().filter(|p| !over(p)).collect();
    pages.sort_by_key(|page| !page.state.is_open());
    let item = |page: &PageView| {
        let name = look.shared.team(look.target.source, &page.team);
        Item::new(page.id.clone(), name).with(state_parts(page, look))
    };
    pages.into_iter().map(item).collect()
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::StandDown, shared, |look| {
        let pages = items(look);
        if pages.is_empty() {
            return Err(format!("{} has no page to stand down.", look.target.id));
        }
        let form = Form::new(vec![
            Field::choice("page", "page to", pages),
            reason("reason", REASONS).required(),
        ]);
        Ok((StandDown, form))
    })
}

fn chosen<'a>(form: &Form, look: &Look<'a>) -> Option<&'a PageView> {
    let id = form.choice("page")?;
    look.incident.pages.iter().find(|page| page.id == id)
}

fn team(form: &Form, look: &Look<'_>) -> String {
    let team = chosen(form, look).map_or("the team", |page| page.team.as_str());
    look.shared.team(look.target.source, team).to_owned()
}

impl Body for StandDown {
    fn facts(&self, _form: &Form, _look: &Look<'_>) -> Vec<Row> {
        Vec::new()
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        form.set_items("page", items(look));
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reaches
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        format!("stand {} down", team(form, look))
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let page =
            chosen(form, look).ok_or_else(|| Fault::all("The page was stood down already."))?;
        Ok(Command::CancelPage(CancelPage {
            page: page.id.clone(),
            reason: form.text("reason").trim().to_owned(),
        }))
    }

    fn review(&self, _command: &Command, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Some(page) = chosen(form, look) else {
            return Vec::new();
        };
        let mut state = fact("page", "", Role::Text);
        state.extend(state_parts(page, look));
        let consequence = match page.acknowledged_by.as_ref() {
            Some(person) => format!(
                "{} has this page and may be on the way: they are no longer asked to come.",
                look.who(person)
            ),
            None => "Nobody has answered it. It goes to no further route and to no further team."
                .to_owned(),
        };
        vec![
            fact("team", team(form, look), Role::After),
            state,
            fact("reason", form.text("reason").to_owned(), Role::Text),
            row(consequence, Role::DialogWarning),
        ]
    }
}
