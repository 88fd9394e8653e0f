//! `serve`: a backend on its own. Listens, says so in one line, drains on SIGTERM.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::environment::{block_on, clock, variable};
use super::exit::{DONE, Failure, Outcome};
use super::output::Output;
use super::store::StorePlace;
use crate::config::ServerFile;
use crate::domain::duty::Rules;
use crate::domain::span::Span;
use crate::paging::Routes;
use crate::server::{Limits, RouteCourier, ServerState, Setup};
use crate::store::Store;
use crate::time::SharedClock;

/// Flags of `serve`.
#[derive(Debug, ClapArgs)]
pub struct ServeArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// sqlite:PATH or postgres://ROLE@HOST/DATABASE; default: WARBOARD_STORE, else warboard.db in the data folder
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// The backend's own file; default: server.toml in the settings' folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How often the log says where the record ends
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    pub head_every: Span,
}

pub fn run(args: ServeArgs) -> Outcome {
    block_on(2, serve(args))?
}

/// A backend's parts, ready to serve. A fault in a route names its team.
pub async fn state(
    store: Arc<dyn Store>,
    clock: &SharedClock,
    file: ServerFile,
    name: &str,
    limits: Limits,
) -> Result<Arc<ServerState>, Failure> {
    let routes = Routes::new(&file.routes, clock).map_err(|faults| {
        let lines: Vec<String> = faults
            .iter()
            .map(|(team, place, fault)| format!("team '{team}', route {}: {fault}", place + 1))
            .collect();
        Failure::usage(lines.join("\n"))
    })?;
    let rules = match file.rules {
        Some(rules) => rules,
        None => built_in()?,
    };
    let setup = Setup {
        store,
        clock: clock.clone(),
        directory: file.directory,
        rules,
        courier: Arc::new(RouteCourier::new(routes, clock.clone())),
        name: file.name.unwrap_or_else(|| name.to_owned()),
        public_url: file.public_url,
        limits,
    };
    Ok(ServerState::load(setup).await?)
}

/// The rules that come with the program.
fn built_in() -> Result<Rules, Failure> {
    Rules::built_in().map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::new(lines.join("\n"))
    })
}

async fn serve(args: ServeArgs) -> Outcome {
    let file = ServerFile::load(args.config.as_deref(), &variable)?;
    if args.head_every < Span::minutes(1) {
        return Err(Failure::usage("--head-every must be 1m or more, as 1h"));
    }
    let place = StorePlace::find(args.store.as_deref())?;
    let clock = clock();
    // Before the first await on the network: a signal must not find nobody.
    let asked_to_end = ended()?;
    if let Some(warning) = place.warning() {
        Output::default().note(&format!("warboard: {warning}"));
    }
    let store = place.open(&clock).await?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {}: {error}; is another backend running there? Choose another --listen",
            args.listen
        ))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the listening address is unknown: {error}")))?;
    let name = match address.ip().is_loopback() {
        true => format!("{address}"),
        false => {
            Output::default().note(
                "warboard: listening beyond this machine without TLS: put a TLS proxy before it",
            );
            format!("{address}")
        }
    };
    let limits = Limits {
        head_every_ms: args.head_every.0,
        ..Limits::default()
    };
    let state = state(store.clone(), &clock, file, &name, limits).await?;
    Output::default().note(&format!("listening on http://{address}"));
    let served = crate::server::serve(listener, state, Default::default(), asked_to_end).await;
    store.close().await;
    served?;
    Ok(DONE)
}

/// Ends at the first SIGTERM or SIGINT; at the second the process ends at once. SIGHUP has nothing to reload and ends nothing.
fn ended() -> Result<impl Future<Output = ()> + Send, Failure> {
    let hear = |kind| {
        signal(kind).map_err(|error| Failure::new(format!("signals cannot be received: {error}")))
    };
    let (mut term, mut int) = (
        hear(SignalKind::terminate())?,
        hear(SignalKind::interrupt())?,
    );
    let mut hup = hear(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = term.recv() => break,
                _ = int.recv() => break,
                _ = hup.recv() => {}
            }
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            std::process::exit(143);
        });
    })
}
