//! `serve`: a backend on its own. Listens, says so in one line, drains on SIGTERM.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::environment::{block_on, clock, variable};
use super::exit::{DONE, Failure, Outcome};
use super::log::LogFormat;
use super::output::Output;
use super::ssh::{DoorFlags, OwnDoor};
use super::store::StorePlace;
use crate::config::ServerFile;
use crate::domain::duty::Rules;
use crate::domain::span::Span;
use crate::net::ServerTls;
use crate::paging::Routes;
use crate::server::{
    AlertIntake, Doors, Limits, PolledConnector, RouteCourier, ServerState, Setup, connector_routes,
};
use crate::session::display;
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
    /// The certificate with its chain, PEM; with it the backend speaks TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, PEM; for its owner alone
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Where to answer /metrics, for everybody who reaches it: keep it to this machine or an inner network
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// The form of the log; default: text on a terminal, else json
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// The backend's own file; default: server.toml in the settings' folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How often the log says where the record ends
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    pub head_every: Span,
    /// Show its board over SSH here too
    #[arg(long, value_name = "ADDR")]
    pub ssh: Option<SocketAddr>,
    #[command(flatten)]
    pub door: DoorFlags,
}

pub fn run(args: ServeArgs) -> Outcome {
    block_on(2, serve(args))?
}

/// A backend's parts, ready to serve. A fault in a route names its team.
///
/// # Errors
/// A connector, a route or the rules have a fault, with its place; or the store cannot be read.
pub async fn state(
    store: Arc<dyn Store>,
    clock: &SharedClock,
    file: ServerFile,
    name: &str,
    limits: Limits,
) -> Result<Arc<ServerState>, Failure> {
    let mut polled = Vec::new();
    for settings in file.connectors {
        let made = super::connector::made(&settings, clock)?;
        polled.push(PolledConnector::new(settings, made));
    }
    let routes =
        Routes::new(&file.routes, clock, &connector_routes(&polled)).map_err(|faults| {
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
    let intakes = file.intakes.into_iter();
    let intakes = intakes.map(|settings| AlertIntake::new(settings, clock.now()));
    let intakes = intakes.collect();
    // People know a backend by where they reach it, not by where it listens.
    let host = file.public_url.as_deref().and_then(host);
    let setup = Setup {
        store,
        clock: clock.clone(),
        directory: file.directory,
        rules,
        courier: Arc::new(RouteCourier::new(routes, clock.clone())),
        name: file.name.or(host).unwrap_or_else(|| name.to_owned()),
        public_url: file.public_url,
        limits,
        polled,
        intakes,
    };
    Ok(ServerState::load(setup).await?)
}

/// The host of an address, `azure.incidents.example`.
fn host(url: &str) -> Option<String> {
    url.parse::<http::Uri>().ok()?.host().map(str::to_owned)
}

/// The rules that come with the program.
///
/// # Errors
/// A fault in one of the program's own files.
pub fn built_in() -> Result<Rules, Failure> {
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
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            let tls = ServerTls::load(certificate, key);
            Some(Arc::new(
                tls.map_err(|error| Failure::usage(error.to_string()))?,
            ))
        }
        _ => None,
    };
    // Before the first await on the network: a signal must not find nobody.
    let keys = Arc::new(Notify::new());
    let asked_to_end = ended({
        let (tls, keys) = (tls.clone(), keys.clone());
        move || {
            reload(tls.as_deref());
            keys.notify_one();
        }
    })?;
    more_descriptors();
    if let Some(warning) = place.warning() {
        Output::default().note(&format!("warboard: {warning}"));
    }
    let store = place.open(&clock).await?;
    let (listener, address) = listen(args.listen, "--listen").await?;
    let output = Output::default();
    if !address.ip().is_loopback() && tls.is_none() {
        output.note(
            "warboard: listening beyond this machine without TLS: tokens and incidents travel in the clear. Give --tls-cert and --tls-key, or put a TLS proxy before it",
        );
    }
    let metrics = match args.metrics_listen {
        Some(at) => {
            let (listener, address) = listen(at, "--metrics-listen").await?;
            output.note(&format!("metrics on http://{address}/metrics"));
            Some(listener)
        }
        None => None,
    };
    let limits = Limits {
        head_every_ms: args.head_every.0,
        ..Limits::default()
    };
    let proxies = file.trusted_proxies.clone().into();
    let state = state(store.clone(), &clock, file, &address.to_string(), limits).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    output.note(&format!("listening on {scheme}://{address}"));
    let doors = Doors {
        listener,
        tls,
        metrics,
        proxies,
    };
    let door = match args.ssh {
        Some(at) => Some(OwnDoor::open(&state, at, &args.door, &clock, keys).await?),
        None => None,
    };
    let shutdown = async {
        asked_to_end.await;
        if let Some(door) = door {
            door.end().await;
        }
    };
    let display = display::routes(&state);
    let served = crate::server::serve(doors, state, display, shutdown).await;
    store.close().await;
    served?;
    Ok(DONE)
}

/// Listens, and says where: port 0 was given a free one.
async fn listen(at: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(at).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {at}: {error}; is another backend running there? Choose another {flag}"
        ))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the listening address is unknown: {error}")))?;
    Ok((listener, address))
}

/// Every waiting display holds a descriptor: as many are taken as the system lets this process have.
fn more_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the number of open connections cannot be raised");
        }
    }
}

/// Ends at the first SIGTERM or SIGINT; at the second the process ends at once. At SIGHUP `reload` is called, and nothing
/// ends.
///
/// # Errors
/// The system lets this process hear no signals.
pub fn ended(reload: impl Fn() + Send) -> Result<impl Future<Output = ()> + Send, Failure> {
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
                _ = hup.recv() => reload(),
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

fn reload(tls: Option<&ServerTls>) {
    let Some(tls) = tls else { return };
    let said = match tls.reload() {
        Ok(()) => format!(
            "the certificate in {} is in use",
            tls.certificate().display()
        ),
        Err(error) => format!("the certificate stays the one that was read before: {error}"),
    };
    Output::default().note(&format!("warboard: {said}"));
}
