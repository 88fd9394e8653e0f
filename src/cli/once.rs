//! `board --once`: one frame to standard output, of the size and in the form asked for. A source that does not answer in
//! time is shown as what it is, and the exit code says so.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::exit::{DONE, Failure, Outcome, UNREACHABLE};
use super::output::Output;
use crate::client::{Api, Watch};
use crate::domain::board::{Board, Freshness};
use crate::domain::instant::Mono;
use crate::session::{Depth, Frame};
use crate::time::{SharedClock, timeout};
use crate::ui::input::Input;
use crate::ui::keymap::Action;
use crate::ui::message::{Effect, Message};
use crate::ui::screen::ScreenName;
use crate::ui::shared::Target;
use crate::ui::{App, update};

/// How long a source may take to answer.
const ANSWER_MS: i64 = 5_000;

/// A size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub w: u16,
    pub h: u16,
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Size, String> {
        let sides = text
            .split_once('x')
            .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        match sides {
            Some((w @ 1..=1000, h @ 1..=400)) => Ok(Size { w, h }),
            _ => Err("write it as 120x40; at most 1000x400".to_owned()),
        }
    }
}

/// The form of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Text,
    Ansi,
    Svg,
    Html,
    Json,
}

/// One frame.
#[derive(Debug, Clone)]
pub struct Once {
    pub size: Size,
    pub format: Format,
    pub screen: String,
}

impl Once {
    /// Waits for every source's first whole answer, or its refusal, and prints the frame.
    /// `variable` tells what is known of the terminal that shows it.
    pub async fn print(
        self,
        mut app: App,
        apis: Vec<Api>,
        clock: &SharedClock,
        output: &Output,
        variable: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    ) -> Outcome {
        let watch = Watch::start(apis.clone(), clock.clone());
        let board = settled(&watch, clock).await;
        let now = clock.mono();
        let message = Message::Tick {
            mono: now,
            wall: clock.now(),
        };
        update(&mut app, message);
        let Size { w, h } = self.size;
        update(&mut app, Message::Input(Input::Resize { w, h }));
        // Whatever shows the wall is one, and is told no more than one.
        app.shared.options.wall |= self.screen == "wall";
        update(&mut app, Message::Board(board.clone()));
        let effects = self.choose(&mut app, &board)?;
        for effect in effects {
            let message = match effect {
                Effect::Timeline { source, id } => timeline(&apis, source, id).await,
                Effect::Who { source } => who(&apis, source).await,
                _ => continue,
            };
            update(&mut app, message);
        }
        let mut frame = Frame::new(w, h);
        frame.draw(&app);
        // Where nothing says what it is for, a pipe takes all there is.
        let said = |name: &&str| variable(name).is_some();
        let depth = match output.is_terminal() || ["NO_COLOR", "TERM", "COLORTERM"].iter().any(said)
        {
            true => Depth::of_environment(variable),
            false => Depth::True,
        };
        self.put(&frame, &app.shared.board, clock, output, depth);
        let unheard = board.sources.iter().any(|source| source.heard.is_none());
        Ok(if unheard { UNREACHABLE } else { DONE })
    }

    fn choose(&self, app: &mut App, board: &Board) -> Result<Vec<Effect>, Failure> {
        let screen = match self.screen.as_str() {
            // Without a screen, a wall is the wall.
            "lanes" if app.shared.options.wall => ScreenName::Wall,
            "lanes" => ScreenName::Lanes,
            "teams" => ScreenName::Teams,
            "clocks" => ScreenName::Clocks,
            "people" => ScreenName::People,
            "wall" => ScreenName::Wall,
            "help" => return Ok(app.act(Action::Help)),
            id => {
                let mut sources = 0..board.sources.len();
                let source = sources
                    .find(|source| board.incident(*source, id).is_some())
                    .ok_or_else(|| {
                        Failure::usage(format!(
                            "'{id}' is no screen and no incident on the board: choose lanes, teams, clocks, people, wall, help or an id"
                        ))
                    })?;
                let target = Target {
                    source,
                    id: id.to_owned(),
                };
                return Ok(app.show_incident(target));
            }
        };
        Ok(app.show(screen))
    }

    fn put(
        &self,
        frame: &Frame,
        board: &Board,
        clock: &SharedClock,
        output: &Output,
        depth: Depth,
    ) {
        match self.format {
            Format::Text => output.own(&frame.text()),
            Format::Ansi => output.own(&String::from_utf8_lossy(&frame.ansi(depth))),
            Format::Svg => output.own(&frame.svg()),
            Format::Html => output.own(&frame.html()),
            Format::Json => {
                let told = json!({
                    "screen": self.screen, "width": self.size.w, "height": self.size.h,
                    "sources": sources(board, clock.mono()), "rows": frame.rows(),
                });
                output.json(told.to_string().as_bytes());
            }
        }
    }
}

fn sources(board: &Board, now: Mono) -> Vec<Value> {
    let tell = |source: &Arc<crate::domain::board::Source>| {
        let state = match source.freshness(now) {
            Freshness::Live => "live",
            Freshness::Lagging => "lagging",
            Freshness::Stale => "stale",
            Freshness::Down => "down",
        };
        json!({"name": source.name, "state": state, "as_of": source.as_of,
            "complete": source.complete, "incidents": source.incidents.len(), "error": source.error.as_deref()})
    };
    board.sources.iter().map(tell).collect()
}

/// The board once every source has answered whole or has failed.
async fn settled(watch: &Watch, clock: &SharedClock) -> Arc<Board> {
    let mut boards = watch.board();
    let all = async {
        loop {
            let board = boards.borrow_and_update().clone();
            let done = |source: &Arc<crate::domain::board::Source>| {
                // Its teams come last; without them, ids stand where a board has names.
                let whole = source.complete && source.about.is_some();
                source.error.is_some() || (whole && !source.teams.is_empty())
            };
            if board.sources.iter().all(done) || boards.changed().await.is_err() {
                return;
            }
        }
    };
    // What has not answered by then is shown as it is.
    let _ = timeout(&**clock, ANSWER_MS, all).await;
    watch.board().borrow().clone()
}

async fn who(apis: &[Api], source: usize) -> Message {
    let body = match apis.get(source) {
        Some(api) => api.who().await.map_err(|error| error.to_string()),
        None => Err("the source is gone".to_owned()),
    };
    let body = body.map(|heard| Arc::new(heard.value));
    Message::Who { source, body }
}

async fn timeline(apis: &[Api], source: usize, id: String) -> Message {
    let answer = match apis.get(source) {
        Some(api) => api
            .timeline(&id, 0, true)
            .await
            .map_err(|error| error.to_string()),
        None => Err("the source is gone".to_owned()),
    };
    match answer {
        Ok(heard) => Message::Timeline {
            source,
            id,
            complete: heard.value.next.is_none(),
            entries: heard.value.entries,
        },
        Err(sentence) => Message::TimelineFailed {
            source,
            id,
            sentence,
        },
    }
}
