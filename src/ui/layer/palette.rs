//! `:`: every action that is offered, by name, with its key; and every incident, by id, codename and title. What role,
//! clearance or source does not allow is not found. An id that is not on the board is asked for at its backend, so that what
//! ended can be found.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

use super::form::draw::{folded, window};
use super::form::{Editor, Row, row};
use super::frame::{self, Framed};
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::text::{SafeText, fit};
use crate::domain::view::IncidentView;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::keymap::{Action, Place};
use crate::ui::message::Effect;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// Most that is found at once.
const FOUND: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Do(Action),
    /// With its codename and, where it may be shown, its title.
    Show(Target, String, String),
    /// An incident that is not on the board: its backend is asked.
    Ask(Target),
}

#[derive(Debug)]
struct Palette {
    editor: Editor,
    found: Vec<Entry>,
    at: usize,
    /// The incident that its backend was asked for last.
    asked: Option<Target>,
    /// What came of it.
    said: Option<Row>,
}

/// Opens the palette.
pub(super) fn open(shared: &Shared) -> (Box<dyn Layer>, Vec<Effect>) {
    let palette = Palette {
        editor: Editor::new(false),
        found: find(shared, ""),
        at: 0,
        asked: None,
        said: None,
    };
    (Box::new(palette), Vec::new())
}

/// Whether an action is worth a name: moving in a list is not.
fn is_named(action: Action) -> bool {
    use Action as A;
    let moves = matches!(
        action,
        A::Down
            | A::Up
            | A::Left
            | A::Right
            | A::First
            | A::Last
            | A::HalfDown
            | A::HalfUp
            | A::Pane
            | A::Escape
            | A::Palette
    );
    action.place() != Place::Dialog && !moves
}

fn find(shared: &Shared, typed: &str) -> Vec<Entry> {
    let offered = |place: Place| {
        let all = Action::ALL.iter().copied();
        all.filter(move |action| {
            action.place() == place && is_named(*action) && shared.offers(*action)
        })
    };
    let actions = offered(Place::Incident)
        .chain(offered(Place::List))
        .chain(offered(Place::Global))
        .map(Entry::Do);
    let titled = !shared.options.mask;
    let sources = shared.board.sources.iter().enumerate();
    let incidents = sources.flat_map(|(source, of)| {
        of.incidents.iter().map(move |incident| {
            let title = incident.title.as_deref().filter(|_| titled);
            let target = Target {
                source,
                id: incident.id.clone(),
            };
            let title = title.unwrap_or_default().to_owned();
            Entry::Show(target, incident.codename.clone(), title)
        })
    });
    if typed.trim().is_empty() {
        return actions.chain(incidents).take(FOUND).collect();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut scored: Vec<(u32, Entry)> = actions
        .chain(incidents)
        .filter_map(|entry| {
            let text = match &entry {
                Entry::Do(action) => format!("{} {}", action.long(), action.name()),
                Entry::Show(target, codename, title) => {
                    format!("{} {codename} {title}", target.id)
                }
                Entry::Ask(target) => target.id.clone(),
            };
            let score = pattern.score(Utf32Str::new(&text, &mut letters), &mut matcher)?;
            Some((score, entry))
        })
        .collect();
    // Who types a whole id means that one, and no other that begins with it.
    scored.extend(elsewhere(shared, typed).map(|target| (u32::MAX, Entry::Ask(target))));
    // Stable: of two equally good ones the order of help decides.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.truncate(FOUND);
    scored.into_iter().map(|(_, entry)| entry).collect()
}

/// The incident of a typed id that is not on the board, at the source whose service has such ids: it ended, or cannot be
/// seen.
fn elsewhere(shared: &Shared, typed: &str) -> Option<Target> {
    let id = typed.trim().to_ascii_uppercase();
    let (prefix, number) = id.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let has = |source: &usize| {
        let about = shared.source(*source).and_then(|of| of.about.as_ref());
        about.is_some_and(|about| about.services.iter().any(|of| of.prefix == prefix))
    };
    let source = (0..shared.board.sources.len())
        .find(has)
        .filter(|_| is_number)?;
    let target = Target { source, id };
    shared.incident(&target).is_none().then_some(target)
}

/// What a backend said of an incident that is not on the board, and how it comes back.
fn told(incident: &IncidentView) -> Row {
    let (id, codename) = (&incident.id, &incident.codename);
    match incident.ended {
        Some(ended) => row(
            format!(
                "{id} {codename} is {}: warboard reopen {id}",
                ended.as_str()
            ),
            Role::Notice,
        ),
        None => row(
            format!("{id} {codename} is open; the board is about to show it."),
            Role::Notice,
        ),
    }
}

impl Palette {
    fn framed(&self, shared: &Shared, window_: (u16, u16)) -> Framed {
        let cells = usize::from(frame::inner_width(window_.0));
        let seen = frame::body_height(window_.1).saturating_sub(2).max(1);
        let (before, after) = self.editor.halves();
        let mut next = after.chars();
        let under = next.next().map_or(" ".to_owned(), |c| c.to_string());
        let mut body: Vec<Row> = vec![
            vec![
                Part::text(shared.keymap.label(Action::Palette), Role::Key),
                Part::text(
                    format!(" {}", SafeText::line(before).shown()),
                    Role::InputFocused,
                ),
                Part::text(under, Role::Cursor),
                Part::text(next.as_str().to_owned(), Role::InputFocused),
            ],
            Row::new(),
        ];
        let first = window(self.at, self.found.len(), seen);
        for (at, entry) in self.found.iter().enumerate().skip(first).take(seen) {
            body.push(entry_row(shared, entry, at == self.at, cells));
        }
        if let Some(said) = &self.said {
            body.extend(folded(said.clone(), frame::inner_width(window_.0)));
        } else if self.found.is_empty() {
            body.push(row("nothing of that name is to be had here", Role::Dim));
        }
        let key = |action| Part::text(shared.keymap.label(action), Role::Key);
        let does = match self.found.get(self.at) {
            Some(Entry::Do(action)) => action.long().to_owned(),
            Some(Entry::Show(target, ..)) => format!("show {}", target.id),
            Some(Entry::Ask(target)) => {
                format!(
                    "ask {} for {}",
                    shared.source_name(target.source),
                    target.id
                )
            }
            None => "nothing to do".to_owned(),
        };
        Framed {
            title: "choose an action or an incident by name".to_owned(),
            body,
            focus: 0..0,
            bottom: vec![
                key(Action::Confirm),
                Part::text(format!(" {does}"), Role::Text),
            ],
            keys: vec![
                row(format!("{} found", self.found.len()), Role::Dim),
                frame::key(shared, Action::Leave, "leave"),
            ],
        }
    }
}

fn entry_row(shared: &Shared, entry: &Entry, on: bool, cells: usize) -> Row {
    let mark = if on { shared.glyphs.mark() } else { " " };
    let role = if on { Role::InputFocused } else { Role::Text };
    let (name, key) = match entry {
        Entry::Do(action) => (action.long().to_owned(), shared.keymap.label(*action)),
        Entry::Show(target, codename, title) => {
            let codename = format!("{mark} {:<9} {codename}", target.id);
            let used = crate::domain::text::width(&codename);
            let title = fit(
                SafeText::line(title).shown(),
                cells.saturating_sub(used + 2),
                '…',
            );
            let titled = if on { Role::InputFocused } else { Role::Dim };
            return vec![
                Part::text(codename, role),
                Part::text(format!("  {title}"), titled),
            ];
        }
        Entry::Ask(target) => {
            let source = shared.source_name(target.source);
            (
                format!("{:<9} not on the board; {source} knows more", target.id),
                String::new(),
            )
        }
    };
    let name = fit(SafeText::line(&name).shown(), cells.saturating_sub(14), '…');
    vec![
        Part::text(format!("{mark} {name} "), role),
        Part::text(key, Role::Key),
    ]
}

impl Layer for Palette {
    fn takes_text(&self) -> bool {
        true
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let page = frame::body_height(shared.size.1).saturating_sub(3).max(1);
        let last = self.found.len().saturating_sub(1);
        let before = self.editor.text().to_owned();
        match input {
            LayerInput::Action(Action::Leave) => return LayerOutcome::close(),
            LayerInput::Action(Action::Confirm) => {
                return match self.found.get(self.at).cloned() {
                    Some(Entry::Do(action)) => LayerOutcome {
                        then: Some(action),
                        ..LayerOutcome::close()
                    },
                    Some(Entry::Show(target, ..)) => LayerOutcome {
                        show: Some(target),
                        ..LayerOutcome::close()
                    },
                    Some(Entry::Ask(target)) => {
                        self.said = Some(row(format!("asking for {} ...", target.id), Role::Dim));
                        self.asked = Some(target.clone());
                        LayerOutcome {
                            effects: vec![Effect::Reread {
                                source: target.source,
                                id: target.id,
                            }],
                            ..LayerOutcome::step()
                        }
                    }
                    None => LayerOutcome::nothing(),
                };
            }
            LayerInput::Reread(read) => {
                self.said = match (read, &self.asked) {
                    (Ok(incident), Some(asked)) if incident.id == asked.id => Some(told(&incident)),
                    (Err(sentence), Some(asked)) => {
                        Some(row(format!("{}: {sentence}", asked.id), Role::Error))
                    }
                    _ => None,
                };
                return LayerOutcome::nothing();
            }
            LayerInput::Action(Action::ChooseDown | Action::NextField) => {
                self.at = (self.at + 1).min(last);
            }
            LayerInput::Action(Action::ChooseUp | Action::PreviousField) => {
                self.at = self.at.saturating_sub(1);
            }
            LayerInput::Action(Action::PageOn) => self.at = (self.at + page).min(last),
            LayerInput::Action(Action::PageBack) => self.at = self.at.saturating_sub(page),
            LayerInput::Action(action) => {
                super::form::edit(&mut self.editor, action);
            }
            LayerInput::Char(c) => self.editor.insert(c),
            LayerInput::Paste(text) => self.editor.paste(&text),
            LayerInput::Board => {
                // What stood under the cursor stays there; what is no longer to be had goes.
                let on = self.found.get(self.at).cloned();
                self.found = find(shared, self.editor.text());
                let at = self
                    .found
                    .iter()
                    .position(|entry| Some(entry) == on.as_ref());
                self.at = at.unwrap_or(0);
            }
            _ => {}
        }
        if self.editor.text() != before {
            self.found = find(shared, self.editor.text());
            self.at = 0;
            self.said = None;
        }
        LayerOutcome::nothing()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let framed = self.framed(shared, (area.width, area.height));
        frame::draw(shared, canvas, area, &framed, 0, true);
    }
}
