//! Lesson: a finding with who owns it and until when; a lesson that is done; the review.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, row};
use super::pick;
use crate::domain::command::Command;
use crate::domain::command::finish_lesson::FinishLesson;
use crate::domain::command::lesson::Lesson;
use crate::domain::command::review::Review;
use crate::domain::command::text::{LONG, NAME, TITLE};
use crate::domain::view::LessonView;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::phrase::Form as Written;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const NEW: &str = "lesson";
const FINISH: &str = "finish";
const REVIEW: &str = "review";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Lesson, shared, |look| Ok((Lessons, form(look))))
}

#[derive(Debug)]
struct Lessons;

fn form(look: &Look<'_>) -> Form {
    let incident = look.incident;
    let open: Vec<Item> = incident.open_lessons().map(|of| item(of, look)).collect();
    let mut does = vec![Item::new(NEW, "a new lesson")];
    if !open.is_empty() {
        does.push(Item::new(FINISH, "a lesson is done"));
    }
    let held = match &incident.review {
        Some(_) => "the review was held again",
        None => "the review was held",
    };
    does.push(Item::new(REVIEW, held));
    let names = pick::names(look.shared, look.target.source);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let owner = Field::text("owner", "owner", NAME)
        .hint("empty: nobody yet, which stands in the way of closing");
    Form::new(vec![
        Field::choice("does", "what", does),
        Field::choice("lesson", "lesson", open).required(),
        Field::text("text", "what was learned", TITLE).required(),
        if look.texts() {
            owner.phrases(&names)
        } else {
            owner
        },
        Field::when("due", "done by", Side::Future).hint("a day as 2026-12-01; empty: no day set"),
        Field::when("held_at", "held at", Side::Past)
            .value("now")
            .required(),
        Field::long("found", "what it found", LONG).required(),
    ])
}

fn item(lesson: &LessonView, look: &Look<'_>) -> Item {
    let text = match &lesson.text {
        Some(text) if look.texts() => text.clone(),
        _ => look.shared.glyphs.masked().to_owned(),
    };
    let owner = match &lesson.owner {
        Some(_) if !look.texts() => Part::text(look.shared.glyphs.masked(), Role::Masked),
        Some(owner) => Part::text(owner.clone(), Role::Text),
        None if look.incident.is_masked("lessons") => {
            Part::text(look.shared.glyphs.masked(), Role::Masked)
        }
        None => Part::text("NO OWNER", Role::Missing),
    };
    let mut more = vec![owner];
    if let Some(due) = lesson.due {
        let at = look
            .shared
            .instant(look.target.source, look.incident, due, Written::Weekday);
        more.push(Part::text(format!(", by {at}"), Role::Dim));
    }
    Item::new(lesson.id.clone(), text).with(more)
}

fn does(form: &Form) -> &str {
    form.choice("does").unwrap_or(NEW)
}

impl Body for Lessons {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let open = look.incident.open_lessons().count();
        let done = look.incident.lessons.len() - open;
        let review = match &look.incident.review {
            Some(review) => {
                let at = review.held_at;
                let at =
                    look.shared
                        .instant(look.target.source, look.incident, at, Written::Weekday);
                format!("review held {at}")
            }
            None => "no review held yet".to_owned(),
        };
        vec![row(
            match open {
                1 => format!("1 lesson open, {done} done · {review}"),
                _ => format!("{open} lessons open, {done} done · {review}"),
            },
            Role::Dim,
        )]
    }

    fn settle(&mut self, form: &mut Form, _look: &Look<'_>) {
        let what = does(form).to_owned();
        form.show("lesson", what == FINISH);
        for key in ["text", "owner", "due"] {
            form.show(key, what == NEW);
        }
        for key in ["held_at", "found"] {
            form.show(key, what == REVIEW);
        }
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, form: &Form, _look: &Look<'_>) -> String {
        match does(form) {
            FINISH => "record the lesson as done",
            REVIEW => "record the review",
            _ => "add the lesson",
        }
        .to_owned()
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        Ok(match does(form) {
            FINISH => {
                let id = form.choice("lesson");
                let id = id.ok_or_else(|| Fault::field("lesson", "Choose a lesson."))?;
                Command::FinishLesson(FinishLesson {
                    lesson: id.to_owned(),
                })
            }
            REVIEW => {
                let held = form.when("held_at");
                let held = held.ok_or_else(|| Fault::field("held_at", "Say when it was held."))?;
                if held.at < look.incident.opened_at {
                    let sentence = "That is before the incident was opened.";
                    return Err(Fault::field("held_at", sentence));
                }
                Command::Review(Review {
                    held_at: held.at,
                    text: form.given("found").unwrap_or_default(),
                })
            }
            _ => Command::Lesson(Lesson {
                text: form.given("text").unwrap_or_default(),
                owner: form.given("owner").map(|name| name.trim().to_owned()),
                due: form.when("due").map(|when| when.at),
            }),
        })
    }
}
