//! The board: settings, sources, the local terminal, and the loop between them. Without any source it brings its own backend.

use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::sync::mpsc;

use super::args::BoardFlags;
use super::connection::{apis, local};
use super::embedded::Embedded;
use super::environment::{block_on, clock, is_utf8, variable};
use super::exit::{Failure, Outcome};
use super::once::{Format, Once, Size};
use crate::client::{Api, Watch};
use crate::config::Settings;
use crate::domain::word::Via;
use crate::session::errand::Errand;
use crate::session::{BoardScreen, Depth, Event, LocalDoor, Restorer, Screen, Setup};
use crate::time::SharedClock;
use crate::ui::App;
use crate::ui::glyph::Glyphs;
use crate::ui::message::Message;
use crate::ui::shared::{Options, Shared};

/// News that may wait for the loop.
const NEWS: usize = 64;

/// Flags of `board`.
#[derive(Debug, ClapArgs)]
pub struct BoardArgs {
    #[command(flatten)]
    pub flags: BoardFlags,
    #[command(flatten)]
    pub once: OnceFlags,
}

/// One frame instead of a board.
#[derive(Debug, Clone, ClapArgs)]
pub struct OnceFlags {
    /// Print one frame and end
    #[arg(long)]
    pub once: bool,
    /// The frame's size in cells
    #[arg(long, value_name = "WxH", default_value = "120x40", requires = "once")]
    pub size: Size,
    /// text, ansi, svg or json
    #[arg(long, value_name = "FORMAT", default_value = "text", requires = "once")]
    pub format: Format,
    /// lanes, teams, clocks, people, wall, help, or an incident's id
    #[arg(
        long,
        value_name = "SCREEN",
        default_value = "lanes",
        requires = "once"
    )]
    pub screen: String,
}

impl OnceFlags {
    /// The frame asked for, if one is.
    pub fn wanted(&self) -> Option<Once> {
        self.once.then(|| Once {
            size: self.size,
            format: self.format,
            screen: self.screen.clone(),
        })
    }
}

pub fn run(flags: &BoardFlags, restorer: &Restorer) -> Outcome {
    let settings = Settings::load(&flags.flags(), &variable)?;
    start(settings, flags.no_quit, None, restorer)
}

pub fn run_args(args: BoardArgs, restorer: &Restorer) -> Outcome {
    let settings = Settings::load(&args.flags.flags(), &variable)?;
    start(settings, args.flags.no_quit, args.once.wanted(), restorer)
}

fn start(settings: Settings, no_quit: bool, once: Option<Once>, restorer: &Restorer) -> Outcome {
    if once.is_none() {
        check_terminal()?;
    }
    let threads = if settings.sources.is_empty() { 2 } else { 1 };
    block_on(threads, async {
        let clock = clock();
        let embedded = match settings.sources.is_empty() {
            true => Some(Embedded::start_or_join(&clock).await?),
            false => None,
        };
        let apis = match &embedded {
            Some(embedded) => vec![local(embedded.file(), &clock, Via::Board)?],
            None => apis(&settings, &clock, Via::Board)?,
        };
        let code = show(&settings, no_quit, once, apis, &clock, restorer).await;
        if let Some(embedded) = embedded {
            embedded.end().await;
        }
        code
    })?
}

/// A terminal that cannot move its cursor gets a sentence instead of a mess.
pub fn check_terminal() -> Result<(), Failure> {
    match variable("TERM").as_deref() {
        Some("dumb") => Err(Failure::usage(
            "TERM=dumb cannot show a board: set TERM to what your terminal is, or print frames with  warboard board --once",
        )),
        _ => Ok(()),
    }
}

/// A viewer of these settings.
pub fn app(settings: &Settings, no_quit: bool) -> App {
    let options = Options {
        read_only: settings.read_only,
        wall: settings.wall,
        no_quit,
        mask: settings.mask,
        no_blink: settings.no_blink,
        mine: settings.zone,
    };
    let glyphs = Glyphs {
        ascii: settings.ascii || !is_utf8(),
    };
    App::new(Shared::new(
        options,
        settings.theme.clone(),
        glyphs,
        settings.keymap.clone(),
    ))
}

/// Shows the sources' board, or one frame of it; gives the exit code.
pub async fn show(
    settings: &Settings,
    no_quit: bool,
    once: Option<Once>,
    apis: Vec<Api>,
    clock: &SharedClock,
    restorer: &Restorer,
) -> Outcome {
    let app = app(settings, no_quit || once.is_some());
    match once {
        Some(once) => once.print(app, apis, clock).await,
        None => live(app, apis, clock, restorer).await,
    }
}

async fn live(app: App, apis: Vec<Api>, clock: &SharedClock, restorer: &Restorer) -> Outcome {
    let watch = Arc::new(Watch::start(apis.clone(), clock.clone()));
    let (tell, mut news) = mpsc::channel(NEWS);
    let errand = Errand::new(apis, watch.clone(), clock.clone(), tell.clone());
    let mut boards = watch.board();
    let mut screen = BoardScreen::new(app, clock.clone());
    let first = boards.borrow_and_update().clone();
    // What is known of the sources before the first frame.
    for effect in screen
        .handle(Event::News(Message::Board(first)), clock.mono())
        .effects
    {
        errand.send(effect);
    }
    let feeding = tokio::spawn(async move {
        while boards.changed().await.is_ok() {
            let board = boards.borrow_and_update().clone();
            if tell.send(Message::Board(board)).await.is_err() {
                break;
            }
        }
    });
    let (mut door, mut incoming) = LocalDoor::open(restorer)?;
    let (w, h) = door.size();
    let setup = Setup {
        w,
        h,
        depth: Depth::of_environment(variable),
    };
    let code = crate::session::run(
        &mut screen,
        &mut door,
        &mut incoming,
        &mut news,
        clock,
        setup,
        |effect| errand.send(effect),
    )
    .await;
    feeding.abort();
    Ok(code)
}
