//! The board: settings, sources, the local terminal, and the loop between them. Without any source it brings its own backend.

use std::sync::Arc;

use clap::Args as ClapArgs;

use super::args::BoardFlags;
use super::connection::{apis, local};
use super::embedded::Embedded;
use super::environment::{block_on, clock, is_utf8, variable};
use super::exit::{Failure, Outcome};
use super::once::{Format, Once, Size};
use super::output::Output;
use crate::client::{Api, Watch};
use crate::config::Settings;
use crate::domain::word::Via;
use crate::session::{Depth, LocalDoor, Restorer, Setup, Viewing};
use crate::time::SharedClock;
use crate::ui::App;
use crate::ui::glyph::Glyphs;
use crate::ui::shared::{Options, Shared};

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
    /// text, ansi, svg, html or json
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
///
/// # Errors
/// `TERM` is `dumb`; the sentence names what to do.
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
    let mut app = app(settings, no_quit || once.is_some());
    match once {
        Some(once) => {
            // A still frame does not blink, so that two of the same are the same.
            app.shared.options.no_blink = true;
            let output = Output::default();
            once.print(app, apis, clock, &output, &variable).await
        }
        None => live(app, apis, clock, restorer).await,
    }
}

async fn live(app: App, apis: Vec<Api>, clock: &SharedClock, restorer: &Restorer) -> Outcome {
    let watch = Arc::new(Watch::start(apis.clone(), clock.clone()));
    let viewing = Viewing {
        app,
        watch: tokio::sync::watch::channel(watch).1,
        apis,
        clock: clock.clone(),
        shown: None,
    };
    let (mut door, mut incoming) = LocalDoor::open(restorer)?;
    let (w, h) = door.size();
    let setup = Setup {
        w,
        h,
        depth: Depth::of_environment(variable),
    };
    Ok(viewing.run(&mut door, &mut incoming, setup).await)
}
