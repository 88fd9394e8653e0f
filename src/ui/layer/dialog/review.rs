//! The last step of a dialog, and how a dialog is drawn in each of its steps: the source's freshness, what others
//! changed, facts, fields, and the one line that tells exactly what the next key does.

use std::ops::Range;

use super::super::form::{Form, Row, draw as form_draw, row};
use super::super::frame::{self, Framed};
use super::{Body, Dialog, Look, Stage, Weight};
use crate::domain::board::Freshness;
use crate::domain::command::Command;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::phrase::Form as Written;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// What is about to be sent, as it was shown.
#[derive(Debug)]
pub(super) struct Review {
    pub(super) command: Command,
    pub(super) what: String,
    pub(super) rows: Vec<Row>,
    pub(super) weight: Weight,
    /// The number to type; empty where `y` sends.
    pub(super) number: Form,
}

impl<B: Body + 'static> Dialog<B> {
    pub(super) fn look<'a>(&'a self, shared: &'a Shared) -> Look<'a> {
        Look {
            shared,
            target: &self.target,
            incident: &self.seen,
        }
    }

    /// What the dialog shows in a window of this width.
    pub(super) fn framed(&self, shared: &Shared, window: (u16, u16)) -> Framed {
        let look = self.look(shared);
        let cells = frame::inner_width(window.0);
        let room = (cells, frame::body_height(window.1));
        let mut body = self.data_of(&look);
        for said in &self.said {
            body.push(said.clone());
        }
        if let Some(news) = &self.news {
            body.extend(news.told.iter().cloned());
        }
        let mut focus = 0..fold(body.clone(), cells).len();
        let (fields, focused, above) = match &self.stage {
            Stage::Review(review) => {
                let (fields, number) = form_draw::rows(&review.number, room, shared.glyphs);
                // What is about to be sent is read from its beginning; the number is followed once it is typed.
                let focused = review.number.is_begun().then_some(number);
                let mut rows = review.rows.clone();
                self.callers(&mut rows, &look);
                (fields, focused, rows)
            }
            _ => {
                let (fields, focused) = form_draw::rows(&self.form, room, shared.glyphs);
                (fields, Some(focused), self.body.facts(&self.form, &look))
            }
        };
        if !body.is_empty() && !above.is_empty() {
            body.push(Row::new());
        }
        body.extend(above);
        let follows = self.follows(&look);
        if !body.is_empty() && !follows.is_empty() {
            body.push(Row::new());
        }
        body.extend(follows);
        let mut body = fold(body, cells);
        if !body.is_empty() && !fields.is_empty() {
            body.push(Row::new());
        }
        if self.news.is_none() && self.said.is_empty() {
            let below = |rows: Range<usize>| body.len() + rows.start..body.len() + rows.end;
            focus = focused.map_or(0..0, below);
        }
        body.extend(fields);
        if self.restored && matches!(self.stage, Stage::Filling) {
            body.push(row("the draft of before was put back", Role::Dim));
        }
        Framed {
            title: self.title(&look),
            body,
            focus,
            bottom: self.bottom(&look),
            keys: self.keys(shared),
        }
    }

    fn title(&self, look: &Look<'_>) -> String {
        let incident = look.incident;
        let exercise = if incident.exercise {
            "EXERCISE · "
        } else {
            ""
        };
        let what = match &self.stage {
            Stage::Review(review) => format!("{}?", review.what),
            _ => self.action.long().to_owned(),
        };
        format!("{exercise}{} {} · {what}", incident.id, incident.codename)
    }

    /// That the source is not live, and from when its data is.
    fn data_of(&self, look: &Look<'_>) -> Vec<Row> {
        let (shared, source) = (look.shared, look.target.source);
        let freshness = shared.freshness(source);
        if freshness == Freshness::Live {
            return Vec::new();
        }
        let as_of = shared.source(source).and_then(|source| source.as_of);
        let as_of = as_of.map_or("no data yet".to_owned(), |at| {
            let at = shared.instant(source, look.incident, at, Written::Short);
            format!("data of {at}")
        });
        let name = shared.source_name(source);
        let fresh = match self.is_fresh(shared) {
            true => ", this incident was read just now",
            false => ", read again before anything is sent",
        };
        let role = crate::ui::screen::words::freshness(freshness);
        vec![row(
            format!("{name} {}: {as_of}{fresh}", freshness.word()),
            role,
        )]
    }

    /// What the next key does.
    fn bottom(&self, look: &Look<'_>) -> Row {
        let shared = look.shared;
        let key = |action| Part::text(shared.keymap.label(action), Role::Key);
        let id = &look.target.id;
        let says = |action: Action, text: String| -> Row {
            vec![key(action), Part::text(format!(" {text}"), Role::Text)]
        };
        let source = shared.source_name(look.target.source);
        if self.rereading {
            return row(
                format!("reading {id} from {source} again ..."),
                Role::Notice,
            );
        }
        if let Some(news) = &self.news {
            return match news.now {
                Some(_) => says(
                    Action::Confirm,
                    format!("seen: go on with {id} as it is now"),
                ),
                None => says(Action::Leave, "leave; the draft is kept".to_owned()),
            };
        }
        let reads_first = || {
            let must = !shared.is_live(look.target.source) && !self.is_fresh(shared);
            must.then(|| format!("read {id} from {source} again first; nothing is sent yet"))
        };
        match &self.stage {
            Stage::Sent { .. } => row(
                format!("sent; waiting for the answer of {source} ..."),
                Role::Notice,
            ),
            Stage::Unheard { .. } => says(
                Action::Confirm,
                "send the same again; it is never done twice".to_owned(),
            ),
            Stage::Review(review) => {
                let does = reads_first().unwrap_or_else(|| review.what.clone());
                match review.weight {
                    Weight::Record if !review.number.is_right() => {
                        let number = id.rsplit('-').next().unwrap_or(id);
                        row(
                            format!(
                                "type {number}, then {}: {does}",
                                shared.keymap.label(Action::Confirm)
                            ),
                            Role::Text,
                        )
                    }
                    Weight::Record => says(Action::Confirm, does),
                    _ => says(Action::Send, does),
                }
            }
            Stage::Filling if !self.form.is_last() => {
                says(Action::Confirm, "on to the next field".to_owned())
            }
            Stage::Filling => match self.body.weight(&self.form, look) {
                Weight::Reversible => {
                    let does = self.body.does(&self.form, look);
                    says(Action::Confirm, reads_first().unwrap_or(does))
                }
                Weight::Reaches => says(
                    Action::Confirm,
                    "show who gets it; nothing is sent yet".to_owned(),
                ),
                Weight::Record => says(
                    Action::Confirm,
                    "show before and after; no record yet".to_owned(),
                ),
            },
        }
    }

    fn keys(&self, shared: &Shared) -> Vec<Row> {
        let leave = match self.stage {
            Stage::Review(_) => "back",
            _ => "leave",
        };
        let mut keys = Vec::new();
        if matches!(self.stage, Stage::Filling) {
            keys = self.form.keys(shared);
        }
        keys.push(frame::key(shared, Action::Leave, leave));
        keys
    }
}

/// Every row broken to fit.
fn fold(rows: Vec<Row>, cells: u16) -> Vec<Row> {
    let rows = rows.into_iter();
    rows.flat_map(|row| form_draw::folded(row, cells)).collect()
}
