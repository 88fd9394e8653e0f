//! The board as a viewer's screen: the loop's events become messages, the board's effects become wishes of the terminal
//! or work for outside. What is drawn and decided is `ui`'s; what is sent is the errand's.

use ratatui::buffer::Buffer;

use super::run::{Event, Handled, Screen, Tick, Wish};
use crate::domain::instant::Mono;
use crate::time::SharedClock;
use crate::ui::live::LiveCells;
use crate::ui::message::{Effect, Message};
use crate::ui::{self, App};

/// A board for one viewer.
pub struct BoardScreen {
    app: App,
    clock: SharedClock,
}

impl BoardScreen {
    /// Over an app; the clock gives the machine's own wall time, shown only where no backend was heard.
    pub fn new(app: App, clock: SharedClock) -> BoardScreen {
        BoardScreen { app, clock }
    }

    /// The app, to be shown something before the loop begins.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }
}

impl Screen for BoardScreen {
    type News = Message;
    type Effect = Effect;
    type Live = Vec<LiveCells>;

    fn handle(&mut self, event: Event<Message>, at: Mono) -> Handled<Effect> {
        let wall = self.clock.now();
        let mut effects = ui::update(&mut self.app, Message::Tick { mono: at, wall });
        // What time alone changes is in the live cells: a tick asks for a draw where patches are not enough.
        let mut handled = match event {
            Event::Input(input) => {
                effects.extend(ui::update(&mut self.app, Message::Input(input)));
                Handled::redraw()
            }
            Event::News(message) => {
                effects.extend(ui::update(&mut self.app, message));
                Handled::redraw()
            }
            Event::Tick => Handled::nothing(),
        };
        for effect in effects {
            match effect {
                Effect::Copy(text) => handled.wishes.push(Wish::Copy(text)),
                Effect::Bell => handled.wishes.push(Wish::Bell),
                Effect::Redraw => handled.wishes.push(Wish::Repaint),
                Effect::Suspend => handled.wishes.push(Wish::Suspend),
                other => handled.effects.push(other),
            }
        }
        handled
    }

    fn draw(&mut self, buffer: &mut Buffer, at: Mono) -> Vec<LiveCells> {
        let (w, h) = (buffer.area.width, buffer.area.height);
        let wall = self.clock.now();
        if self.app.shared.size != (w, h) {
            ui::update(
                &mut self.app,
                Message::Input(ui::input::Input::Resize { w, h }),
            );
        }
        if self.app.shared.now != at {
            ui::update(&mut self.app, Message::Tick { mono: at, wall });
        }
        ui::draw(&self.app, buffer)
    }

    fn tick(&self, live: &Vec<LiveCells>, at: Mono) -> Tick {
        ui::tick(live, at)
    }

    fn next_tick_at(&self, live: &Vec<LiveCells>, since: Mono) -> Option<Mono> {
        ui::next_tick_at(live, since)
    }

    fn quit(&self) -> Option<i32> {
        self.app.quit()
    }
}
