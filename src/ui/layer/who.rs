//! Who is connected through doors, source by source, read when the dialog opens. Where from is not the board's to show.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::dialog::Opened;
use super::form::{Row, row};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::presence::PresenceView;
use crate::domain::text::{SafeText, fit};
use crate::ui::canvas::{Canvas, Part};
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::phrase::{Form, instant};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::wire::WhoBody;

/// Widths of the columns of names and roles.
const NAME: usize = 22;
const RANK: usize = 10;

/// What every source answered so far.
#[derive(Debug)]
struct Who {
    heard: Vec<Option<Result<Arc<WhoBody>, String>>>,
    scroll: usize,
}

/// Opens it and asks every source.
pub(super) fn open(shared: &Shared) -> Opened {
    let sources = shared.board.sources.len();
    let who = Who {
        heard: vec![None; sources],
        scroll: 0,
    };
    let asks = (0..sources).map(|source| Effect::Who { source });
    Ok((Box::new(who), asks.collect()))
}

impl Who {
    fn body(&self, shared: &Shared) -> Vec<Row> {
        let mut body = Vec::new();
        for (source, heard) in self.heard.iter().enumerate() {
            if self.heard.len() > 1 {
                body.push(row(shared.source_name(source).to_uppercase(), Role::Title));
            }
            match heard {
                None => body.push(row("asking", Role::Dim)),
                Some(Err(sentence)) => body.push(row(sentence.clone(), Role::Alarm)),
                Some(Ok(_)) if shared.options.mask => {
                    body.push(row("Names are hidden from this room.", Role::Dim));
                }
                Some(Ok(who)) if who.people.is_empty() => {
                    body.push(row(
                        "Nobody is connected over SSH, and no display.",
                        Role::Dim,
                    ));
                }
                Some(Ok(who)) => {
                    body.extend(who.people.iter().map(|one| person(shared, source, one)));
                }
            }
        }
        if body.is_empty() {
            body.push(row("There is no source to ask.", Role::Dim));
        }
        body
    }
}

fn person(shared: &Shared, source: usize, one: &PresenceView) -> Row {
    let mine = shared.options.mine;
    let since = instant(one.connected_at, shared.time(source), mine, Form::Weekday).text;
    let name = SafeText::line(&one.person);
    let team = one.team.as_deref().unwrap_or("no team");
    // A door that is called what it is, is told once.
    let door = match one.via.as_str() == one.door {
        true => one.door.clone(),
        false => format!("{} {}", one.via, one.door),
    };
    vec![
        Part::text(fit(name.shown(), NAME, '…'), Role::Text),
        Part::text(
            format!(" {} ", fit(one.role.as_str(), RANK, '…')),
            Role::Dim,
        ),
        Part::text(format!("since {since}"), Role::Text),
        Part::text(
            format!(
                "  {}  {}",
                SafeText::line(&door).shown(),
                SafeText::line(team).shown()
            ),
            Role::Dim,
        ),
    ]
}

impl Layer for Who {
    fn takes_text(&self) -> bool {
        false
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let seen = frame::body_height(shared.size.1);
        match input {
            LayerInput::Action(Action::Leave) | LayerInput::Char('q' | 'W') => {
                return LayerOutcome::close();
            }
            LayerInput::Action(Action::ChooseDown) | LayerInput::Char('j') => self.scroll += 1,
            LayerInput::Action(Action::ChooseUp) | LayerInput::Char('k') => {
                self.scroll = self.scroll.saturating_sub(1);
            }
            LayerInput::Action(Action::PageOn) => self.scroll += seen,
            LayerInput::Action(Action::PageBack) => {
                self.scroll = self.scroll.saturating_sub(seen);
            }
            LayerInput::Who { source, body } => {
                if let Some(heard) = self.heard.get_mut(source) {
                    *heard = Some(body);
                }
            }
            _ => {}
        }
        let all = self.body(shared).len();
        self.scroll = self.scroll.min(all.saturating_sub(seen));
        LayerOutcome::nothing()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let key = |action| Part::text(shared.keymap.label(action), Role::Key);
        let framed = Framed {
            title: "who is connected".to_owned(),
            body: self.body(shared),
            focus: 0..0,
            bottom: vec![
                key(Action::Leave),
                Part::text(" back to the board", Role::Text),
            ],
            keys: Vec::new(),
        };
        frame::draw(shared, canvas, area, &framed, self.scroll, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::word::{Role as Rank, Via};

    #[test]
    fn everybody_is_told_with_since_when_and_hostile_names_are_marked() {
        let mut shared = crate::ui::fixture::shared();
        shared.options.mask = false;
        let (mut layer, effects) = open(&shared).unwrap();
        assert_eq!(effects.len(), shared.board.sources.len());
        let one = PresenceView {
            person: "d.okafor\u{1b}[31m".to_owned(),
            role: Rank::Commander,
            team: None,
            via: Via::Ssh,
            door: "bastion".to_owned(),
            connected_at: shared.time(0),
            address: None,
            key: None,
        };
        let row = person(&shared, 0, &one);
        let text = format!("{row:?}");
        assert!(
            text.contains("d.okafor") && !text.contains("\\u{1b}"),
            "{text}"
        );
        assert!(
            text.contains("commander") && text.contains("bastion"),
            "{text}"
        );
        let body = Arc::new(WhoBody { people: vec![one] });
        layer.input(
            LayerInput::Who {
                source: 0,
                body: Ok(body),
            },
            &mut shared,
        );
        assert!(
            layer
                .input(LayerInput::Action(Action::Leave), &mut shared)
                .close
        );
    }
}
