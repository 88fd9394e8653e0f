//! The ways to an incident and to those who work on it, as text: nothing is ever opened from here, the chosen one is
//! copied. A link from outside may lie; so it is shown whole before it is copied as received.

use ratatui::layout::Rect;

use super::dialog::Opened;
use super::explain::{nothing, title};
use super::form::{Row, row, wrapped};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::text::SafeText;
use crate::domain::view::IncidentView;
use crate::domain::word::Comms;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::input::Key;
use crate::ui::keymap::{Action, Meaning};
use crate::ui::message::Effect;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// The links of one incident.
#[derive(Debug)]
pub struct Links {
    target: Target,
    at: usize,
}

/// A way to copy.
struct Link {
    label: &'static str,
    /// As received.
    text: String,
    /// It runs over the company's own channels, which may be read by others.
    suspect: bool,
}

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    let target = shared.selected.clone();
    let target = target.ok_or_else(|| "No incident is selected.".to_owned())?;
    Ok((Box::new(Links { target, at: 0 }), Vec::new()))
}

impl Links {
    fn found(&self, shared: &Shared) -> Vec<Link> {
        let incident = shared.incident(&self.target);
        let hidden = shared.options.mask;
        incident
            .filter(|_| !hidden)
            .map(|incident| links(incident.as_ref()))
            .unwrap_or_default()
    }

    fn body(&self, shared: &Shared, width: u16) -> (Vec<Row>, std::ops::Range<usize>) {
        let mut body = Vec::new();
        let mut focus = 0..0;
        for (i, link) in self.found(shared).into_iter().enumerate() {
            let chosen = i == self.at;
            let (mark, role) = match chosen {
                true => (shared.glyphs.mark(), Role::SelectedText),
                false => (" ", Role::Dim),
            };
            let first = body.len();
            let mut head = row(format!("{mark} {}", link.label), role);
            if link.suspect {
                head.push(Part::text("  COMPANY CHANNELS SUSPECT", Role::Alarm));
            }
            body.push(head);
            for mut line in wrapped(&link.text, width.saturating_sub(4), Role::Text) {
                line.insert(0, Part::Gap(4));
                body.push(line);
            }
            if SafeText::line(&link.text).is_changed() {
                let text = "    holds characters that cannot be seen; they are copied too";
                body.push(row(text, Role::Notice));
            }
            if chosen {
                focus = first..body.len();
            }
        }
        let masked = |incident: &std::sync::Arc<IncidentView>| {
            let fields = ["bridge", "channel", "out_of_band", "upstream"];
            fields.iter().any(|field| incident.is_masked(field))
        };
        if shared.options.mask {
            body.push(nothing("Links are hidden from this room."));
        } else if shared.incident(&self.target).is_some_and(masked) {
            body.push(nothing("Links that your clearance hides are not listed."));
        } else if body.is_empty() {
            body.push(nothing("No bridge, channel or other link is recorded."));
        }
        (body, focus)
    }
}

fn links(incident: &IncidentView) -> Vec<Link> {
    let suspect = incident.comms == Comms::Suspect;
    let upstream = incident.upstream.as_ref();
    let all = [
        ("bridge", incident.bridge.as_ref(), suspect),
        ("channel", incident.channel.as_ref(), suspect),
        ("out of band", incident.out_of_band.as_ref(), false),
        (
            "upstream",
            upstream.and_then(|from| from.url.as_ref()),
            false,
        ),
        ("upstream key", upstream.map(|from| &from.key), false),
    ];
    all.into_iter()
        .filter_map(|(label, text, suspect)| {
            Some(Link {
                label,
                text: text?.clone(),
                suspect,
            })
        })
        .collect()
}

impl Layer for Links {
    fn takes_text(&self) -> bool {
        false
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let found = self.found(shared);
        let last = found.len().saturating_sub(1);
        self.at = self.at.min(last);
        let action = match input {
            LayerInput::Action(action) => action,
            LayerInput::Char(c) => match shared.keymap.meaning(&[Key::char(c)], false) {
                Meaning::Action(action) => action,
                _ => return LayerOutcome::nothing(),
            },
            _ => return LayerOutcome::nothing(),
        };
        match action {
            Action::Leave | Action::Back => return LayerOutcome::close(),
            Action::ChooseDown | Action::Down | Action::NextField => {
                self.at = (self.at + 1).min(last);
            }
            Action::ChooseUp | Action::Up | Action::PreviousField => {
                self.at = self.at.saturating_sub(1);
            }
            Action::Confirm => {
                if let Some(link) = found.get(self.at) {
                    shared.tell(format!("{} of {} copied.", link.label, self.target.id));
                    return LayerOutcome::close_with(vec![Effect::Copy(link.text.clone())]);
                }
            }
            _ => {}
        }
        LayerOutcome::nothing()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let (body, focus) = self.body(shared, frame::inner_width(area.width));
        let key = |action| shared.keymap.label(action);
        let framed = Framed {
            title: title(shared, &self.target, "links"),
            body,
            focus,
            bottom: row(
                format!("{} copies it; nothing is opened", key(Action::Confirm)),
                Role::KeyText,
            ),
            keys: vec![frame::key(shared, Action::Leave, "leave")],
        };
        frame::draw(shared, canvas, area, &framed, 0, false);
    }
}
