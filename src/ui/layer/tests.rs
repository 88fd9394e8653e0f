//! What keys make of dialogs: the exact effect, with its command and version, and that nothing else is sent.

mod access;
mod canary;
mod command;
mod flow;
mod foresight;
mod glass;
mod hidden;
mod look;
mod mask;
mod regime;
mod room;
mod there;
mod word;

use std::sync::Arc;

use crate::domain::command::Command;
use crate::domain::view::IncidentView;
use crate::ui::fixture;
use crate::ui::input::Input;
use crate::ui::message::{Effect, Message, Reply};
use crate::ui::shared::Target;
use crate::ui::{App, update};

/// Sources of the test board.
const AZURE: usize = 0;
const M365: usize = 1;
const DYNAMICS: usize = 3;

/// A viewer with this incident selected.
fn on(source: usize, id: &str) -> App {
    let mut app = fixture::app();
    select(&mut app, source, id);
    app
}

fn select(app: &mut App, source: usize, id: &str) {
    app.shared.selected = Some(Target {
        source,
        id: id.to_owned(),
    });
}

/// Types a text; time goes on before it.
fn write(app: &mut App, text: &str) -> Vec<Effect> {
    let mut effects = fixture::tick(app, 400);
    for c in text.chars() {
        let key = crate::ui::input::Key::char(c);
        effects.extend(update(app, Message::Input(Input::Key(key))));
    }
    effects
}

fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    update(app, Message::Input(Input::Paste(text.to_owned())))
}

/// The one command sent, as JSON, with its ticket and version.
fn sent(effects: &[Effect]) -> (u64, u64, String) {
    match effects {
        [
            Effect::Send {
                ticket,
                version,
                command,
                ..
            },
        ] => (*ticket, *version, json(command)),
        other => panic!("one command should have been sent: {other:?}"),
    }
}

fn json(command: &Command) -> String {
    serde_json::to_string(command).unwrap()
}

fn reply(app: &mut App, ticket: u64, reply: Reply) -> Vec<Effect> {
    fixture::tick(app, 400);
    update(app, Message::Replied { ticket, reply })
}

fn incident(app: &App, source: usize, id: &str) -> IncidentView {
    let found = app.shared.board.incident(source, id).unwrap();
    IncidentView::clone(found)
}

fn board(app: &mut App, source: usize, change: impl Fn(&mut IncidentView)) -> Vec<Effect> {
    fixture::tick(app, 400);
    let board = fixture::board_with(source, change);
    update(app, Message::Board(board))
}

fn arc(incident: IncidentView) -> Arc<IncidentView> {
    Arc::new(incident)
}

/// The picture without the blank rows.
fn seen(app: &mut App) -> String {
    fixture::picture(app, 100, 40)
}
