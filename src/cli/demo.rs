//! `demo`: a living board over a backend of its own in a temporary folder. Its history is told by the API at the times it
//! happened, then an exercise goes on by itself. Everything in it is an exercise and says so.

mod script;
mod story;

use crate::secret::Place;
use std::net::Ipv4Addr;
use std::sync::Arc;

use chrono::TimeDelta;
use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::BoardFlags;
use super::board::{OnceFlags, check_terminal, show};
use super::environment::{block_on, clock, variable};
use super::exit::{Failure, Outcome};
use super::given::instant;
use super::serve::state;
use crate::client::{Api, SourceSettings};
use crate::config::{ServerFile, Settings};
use crate::domain::instant::Instant;
use crate::domain::word::{Role, Tlp, Via};
use crate::server::{Limits, TokenRequest, issue_token};
use crate::session::Restorer;
use crate::session::display;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::time::{SharedClock, ShiftedClock, TestClock};
use story::Cast;

/// Flags of `demo`.
#[derive(Debug, ClapArgs)]
pub struct DemoArgs {
    /// The same number gives the same codenames and the same course
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u32,
    /// Set the demo's clock, as 2026-11-23T14:07:32Z
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    #[command(flatten)]
    pub flags: BoardFlags,
    #[command(flatten)]
    pub once: OnceFlags,
}

pub fn run(args: DemoArgs, restorer: &Restorer) -> Outcome {
    if !args.flags.url.is_empty() {
        return Err(Failure::usage(
            "a demo brings its own backend: leave --url out",
        ));
    }
    let at = args.at.as_deref().map(instant).transpose()?;
    // A demo is nobody's backend: no token is meant for it.
    let look =
        |name: &str| variable(name).filter(|_| !matches!(name, "WARBOARD_TOKEN" | "WARBOARD_URL"));
    let mut settings = Settings::load(&args.flags.flags(), &look)?;
    settings.sources.clear();
    let once = args.once.wanted();
    if once.is_none() {
        check_terminal()?;
    }
    block_on(2, async {
        // A picture of a fixed instant must not depend on how long it takes to draw.
        let inner: SharedClock = match (once.is_some(), at) {
            (true, Some(at)) => Arc::new(TestClock::at(at)),
            _ => clock(),
        };
        let now = at.unwrap_or_else(|| inner.now());
        let demo = Demo::start(&inner, now, args.seed).await?;
        let code = show(
            &settings,
            args.flags.no_quit,
            once,
            vec![demo.viewer.clone()],
            &demo.clock,
            restorer,
        )
        .await;
        demo.end().await;
        code
    })?
}

struct Demo {
    clock: SharedClock,
    viewer: Api,
    store: Arc<dyn Store>,
    ending: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Demo {
    /// Starts the backend, tells the history up to `now`, and lets the exercise go on from there.
    async fn start(inner: &SharedClock, now: Instant, seed: u32) -> Result<Demo, Failure> {
        let shifted = ShiftedClock::new(inner.clone());
        let clock: SharedClock = Arc::new(shifted.clone());
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary_from(seed).await?);
        shifted.show(now - TimeDelta::days(30));
        let state = state(
            store.clone(),
            &clock,
            ServerFile::default(),
            "demo",
            Limits::default(),
        )
        .await?;
        let cannot_listen = |error| {
            Failure::new(format!(
                "no port of this machine can be listened on: {error}"
            ))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let ending = CancellationToken::new();
        let ended = ending.clone().cancelled_owned();
        let serves = state.clone();
        let serving = tokio::spawn(async move {
            let display = display::routes(&serves);
            if let Err(error) = crate::server::serve(listener, serves, display, ended).await {
                tracing::error!(%error, "the demo's backend ended");
            }
        });
        let url = format!("http://{address}");
        let cast = cast(&*store, &url, &clock).await?;
        let told = story::tell(&cast, &state, &shifted, now).await?;
        shifted.show(now);
        let viewer = cast.of(story::VIEWER)?.clone();
        let playing = script::play(cast, told, clock.clone(), seed);
        let ended = ending.clone();
        let playing = tokio::spawn(async move {
            tokio::select! {
                () = playing => {}
                () = ended.cancelled() => {}
            }
        });
        Ok(Demo {
            clock,
            viewer,
            store,
            ending,
            tasks: vec![playing, serving],
        })
    }

    async fn end(self) {
        self.ending.cancel();
        for task in self.tasks {
            // A panic was reported where it happened.
            let _ = task.await;
        }
        self.store.close().await;
    }
}

/// A token for everybody who does something in the demo.
async fn cast(store: &dyn Store, url: &str, clock: &SharedClock) -> Result<Cast, Failure> {
    let mut cast = Cast::default();
    for (name, counsel) in story::PEOPLE {
        let request = TokenRequest {
            name: (*name).to_owned(),
            role: Role::Commander,
            counsel: *counsel,
            clearance: Some(Tlp::Red),
            services: Vec::new(),
            team: None,
            door: false,
            expires_at: clock.now() + TimeDelta::days(366),
        };
        let (secret, _) = issue_token(store, clock.now(), request).await?;
        let settings = SourceSettings {
            name: "demo".to_owned(),
            url: url.to_owned(),
            token: Place::Given(secret),
            ca_file: None,
        };
        cast.add(name, Api::new(&settings, clock, Via::Board)?);
    }
    Ok(cast)
}
