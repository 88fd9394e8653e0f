//! The board as a viewer's screen: the loop's events become messages, the board's effects become wishes of the terminal
//! or work for outside. What is drawn and decided is `ui`'s; what is sent is the errand's.

use std::convert::Infallible;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use tokio::sync::{mpsc, watch};

use super::errand::Errand;
use super::run::{Door, Event, Handled, Incoming, Screen, Setup, Tick, Wish};
use crate::client::{Api, Watch};
use crate::domain::board::Board;
use crate::domain::instant::Mono;
use crate::time::SharedClock;
use crate::ui::live::LiveCells;
use crate::ui::message::{Effect, Message};
use crate::ui::{self, App};

/// News that may wait for the loop.
const NEWS: usize = 64;

/// Makes of a board that several share what one viewer is shown.
pub type Shown = Box<dyn Fn(&Arc<Board>) -> Arc<Board> + Send + Sync>;

/// All that one viewer's board stands on, whatever door they come in by.
pub struct Viewing {
    pub app: App,
    /// The sources in the board's order, asked in the viewer's name.
    pub apis: Vec<Api>,
    /// The board, maybe one that others look at too; another one takes its place where what the viewer may read changes.
    pub watch: watch::Receiver<Arc<Watch>>,
    pub clock: SharedClock,
    /// None: the board is this viewer's alone and shown as it is.
    pub shown: Option<Shown>,
}

impl Viewing {
    /// Shows the board until the viewer leaves; gives the exit code.
    pub async fn run<D: Door>(
        self,
        door: &mut D,
        incoming: &mut mpsc::Receiver<Incoming>,
        setup: Setup,
    ) -> i32 {
        let Viewing {
            app,
            apis,
            mut watch,
            clock,
            shown,
        } = self;
        let (tell, mut news) = mpsc::channel(NEWS);
        let errand = Errand::new(apis, watch.clone(), clock.clone(), tell.clone());
        // What one reads in their own name is not put before others.
        let errand = match shown {
            Some(_) => errand.keeping_apart(),
            None => errand,
        };
        let mut boards = watch.borrow_and_update().board();
        let mut screen = BoardScreen::new(app, clock.clone());
        let of_viewer = move |board: &Arc<Board>| match &shown {
            Some(shown) => shown(board),
            None => board.clone(),
        };
        let first = of_viewer(&boards.borrow_and_update());
        // What is known of the sources before the first frame.
        for effect in screen
            .handle(Event::News(Message::Board(first)), clock.mono())
            .effects
        {
            errand.send(effect);
        }
        let feeding = feed(watch, boards, of_viewer, &tell);
        let viewed = super::run::run(
            &mut screen,
            door,
            incoming,
            &mut news,
            &clock,
            setup,
            |effect| errand.send(effect),
        );
        tokio::select! {
            code = viewed => code,
            never = feeding => match never {},
        }
    }
}

/// Ends when every source has answered whole or has said why not.
pub async fn whole(boards: &mut watch::Receiver<Arc<Board>>) {
    loop {
        let done = {
            let board = boards.borrow_and_update();
            let mut sources = board.sources.iter();
            sources.all(|of| of.error.is_some() || (of.complete && of.about.is_some()))
        };
        if done || boards.changed().await.is_err() {
            return;
        }
    }
}

/// Tells every board that comes, of whatever watch is the viewer's.
async fn feed(
    mut watch: watch::Receiver<Arc<Watch>>,
    mut boards: watch::Receiver<Arc<Board>>,
    of_viewer: impl Fn(&Arc<Board>) -> Arc<Board>,
    tell: &mpsc::Sender<Message>,
) -> Infallible {
    loop {
        let other = tokio::select! {
            changed = boards.changed() => match changed {
                Ok(()) => None,
                // The watch has ended, because another one took its place: that one is waited for, if it is not there yet.
                Err(_) => Some(another(&mut watch).await),
            },
            other = another(&mut watch) => Some(other),
        };
        if let Some(other) = other {
            boards = other.board();
        }
        let board = of_viewer(&boards.borrow_and_update());
        if tell.send(Message::Board(board)).await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// The next watch that takes the place of the one before.
async fn another(watch: &mut watch::Receiver<Arc<Watch>>) -> Arc<Watch> {
    match watch.changed().await {
        Ok(()) => watch.borrow_and_update().clone(),
        // It is the only one.
        Err(_) => std::future::pending().await,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TestClock;

    /// A board stood still, for the end of the watch before was heard in place of the next one.
    #[tokio::test]
    async fn a_watch_that_ends_because_another_took_its_place_does_not_end_the_board() {
        let clock: SharedClock = Arc::new(TestClock::default());
        let new = || Arc::new(Watch::start(Vec::new(), clock.clone()));
        let (put, watch) = watch::channel(new());
        let boards = watch.borrow().board();
        let (tell, mut news) = mpsc::channel(1);
        let feeding = feed(watch, boards, Arc::clone, &tell);
        let replacing = async {
            for n in 0..64 {
                put.send_replace(new());
                let mut told = None;
                for _ in 0..10_000 {
                    tokio::task::yield_now().await;
                    told = told.or(news.try_recv().ok());
                    if told.is_some() {
                        break;
                    }
                }
                assert!(matches!(told, Some(Message::Board(_))), "{n}");
            }
        };
        tokio::select! {
            never = feeding => match never {},
            () = replacing => {}
        }
    }
}
