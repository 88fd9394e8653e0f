//! `a`: a person takes the page of the own team, and says whether and when the team comes.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, fact};
use super::page::state_parts;
use super::pick;
use crate::domain::command::Command;
use crate::domain::command::acknowledge_page::AcknowledgePage;
use crate::domain::view::PageView;
use crate::domain::word::{Answer, Role as Rank};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

#[derive(Debug)]
struct Acknowledge;

/// The pages this viewer may answer, open or with somebody on the way: the own team's first; a commander's and a person's without a team, all.
fn mine<'a>(look: &Look<'a>) -> Vec<&'a PageView> {
    let caller = look.shared.caller(look.target.source);
    let team = caller.as_ref().and_then(|caller| caller.team.clone());
    let any = caller.is_some_and(|caller| caller.role >= Rank::Commander) || team.is_none();
    let own = |page: &PageView| Some(&page.team) == team.as_ref();
    let mut pages: Vec<&PageView> = look
        .incident
        .pages
        .iter()
        .filter(|page| page.state.is_open() || page.expected_at().is_some())
        .filter(|page| any || own(page))
        .collect();
    // Who is on the way may arrive, or be later than they said; what nobody answered comes first.
    pages.sort_by_key(|page| (!page.state.is_open(), !own(page)));
    pages
}

fn items(look: &Look<'_>) -> Vec<Item> {
    let pages = mine(look).into_iter();
    let item = |page: &PageView| {
        let name = look.shared.team(look.target.source, &page.team);
        Item::new(page.id.clone(), name).with(state_parts(page, look))
    };
    pages.map(item).collect()
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Acknowledge, shared, |look| {
        let pages = items(look);
        if pages.is_empty() {
            return Err(format!(
                "{} has no open page for your team.",
                look.target.id
            ));
        }
        let answers = [
            (Answer::Coming, "on the way to the bridge"),
            (Answer::Remote, "works on it, but not on the bridge"),
            (Answer::Cannot, "cannot: the page escalates at once"),
            (Answer::Arrived, "somebody of the team is there"),
        ];
        let answers = answers.map(|(answer, means)| {
            Item::new(answer.as_str(), answer.as_str()).with(vec![Part::text(means, Role::Dim)])
        });
        let form = Form::new(vec![
            Field::choice("page", "page to", pages),
            Field::choice("answer", "answer", answers.to_vec()),
            Field::when("eta", "there at", Side::Future).hint("+20m, 14:30; empty: not said"),
        ]);
        Ok((Acknowledge, form))
    })
}

fn chosen<'a>(form: &Form, look: &Look<'a>) -> Option<&'a PageView> {
    let id = form.choice("page")?;
    look.incident.pages.iter().find(|page| page.id == id)
}

fn answer(form: &Form) -> Option<Answer> {
    form.choice("answer")?.parse().ok()
}

impl Body for Acknowledge {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Some(page) = chosen(form, look) else {
            return Vec::new();
        };
        let mut rows = vec![fact("asked by", look.who(&page.by), Role::Text)];
        if let Some(message) = page.message.as_ref().filter(|_| look.texts()) {
            rows.push(fact("message", message.clone(), Role::Text));
        }
        if let Some(bridge) = look.incident.bridge.as_ref().filter(|_| look.texts()) {
            rows.push(fact("bridge", bridge.clone(), Role::Text));
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        form.set_items("page", items(look));
        let no_wait = [Some(Answer::Cannot), Some(Answer::Arrived)];
        form.show("eta", !no_wait.contains(&answer(form)));
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let team = chosen(form, look).map_or("the team", |page| page.team.as_str());
        let team = look.shared.team(look.target.source, team);
        match answer(form) {
            Some(Answer::Cannot) => format!("answer cannot for {team}, and page further"),
            Some(answer) => format!("answer {answer} for {team}"),
            None => format!("answer for {team}"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let page = chosen(form, look)
            .ok_or_else(|| Fault::all("The page was answered or stood down already."))?;
        Ok(Command::AcknowledgePage(AcknowledgePage {
            page: page.id.clone(),
            answer: answer(form),
            eta: pick::to_the_minute(form, "eta")?,
        }))
    }
}
