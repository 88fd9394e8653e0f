//! `ssh-serve` and `serve --ssh`: the SSH door, and what it opens to. People get the board with their own rights, or what the
//! reading commands print; nothing else of this program, and nothing of this machine.

use crate::secret::Place;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, Parser as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::args::{Args, BoardFlags, Sub};
use super::connection::{Given, Reach, apis};
use super::environment::{block_on, clock, variable};
use super::exit::{DONE, Failure, NOT_ALLOWED, Outcome, USAGE};
use super::once::Once;
use super::output::Output;
use super::serve::ended;
use super::{list, show, teams};
use crate::client::{Api, ApiError, SourceSettings};
use crate::config::{Flags, Settings, config_home, data_home};
use crate::domain::span::Span;
use crate::domain::text::SafeText;
use crate::domain::word::Via;
use crate::secret::command_words;
use crate::server::ServerState;
use crate::session::ssh::house::{Asked, House, Last, Terminal, Visit};
use crate::session::ssh::limit::Limits;
use crate::session::ssh::roster_file::RosterFile;
use crate::session::ssh::{self, key};
use crate::time::SharedClock;
use crate::ui::App;
use crate::ui::glyph::Glyphs;
use crate::ui::shared::{Options, Shared};
use crate::ui::theme::Theme;
use crate::wire::DoorBody;

/// Flags of `ssh-serve`.
#[derive(Debug, ClapArgs)]
pub struct SshServeArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2222")]
    pub listen: SocketAddr,
    /// A backend to show; may be given several times. Its token is a door's: token issue --door
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
    /// Read this file of settings instead of the default one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub door: DoorFlags,
}

/// What a door takes, whoever opens it.
#[derive(Debug, Clone, ClapArgs)]
pub struct DoorFlags {
    /// The door's own key, made at the first start; default: ssh_host_key in the data folder
    #[arg(long, value_name = "FILE")]
    pub host_key: Option<PathBuf>,
    /// Who may come in over SSH and what they may do; default: authorized_keys in the settings' folder
    #[arg(long, value_name = "FILE")]
    pub authorized_keys: Option<PathBuf>,
    /// SSH sessions at once
    #[arg(long, value_name = "N", default_value_t = Limits::default().sessions)]
    pub sessions: usize,
    /// SSH sessions at once from one address
    #[arg(long, value_name = "N", default_value_t = Limits::default().sessions_of_address)]
    pub sessions_per_address: usize,
    /// An SSH session without a key pressed ends after this
    #[arg(long, value_name = "SPAN", default_value = "12h")]
    pub idle_for: Span,
    /// An SSH session ends after this in any case
    #[arg(long, value_name = "SPAN", default_value = "7d")]
    pub total_for: Span,
}

impl DoorFlags {
    fn limits(&self) -> Result<Limits, Failure> {
        let ms = |name: &str, span: Span| match span.delta().num_milliseconds() {
            ms @ 1_000.. => Ok(ms),
            _ => Err(Failure::usage(format!("{name} must be a second or more"))),
        };
        Ok(Limits {
            sessions: self.sessions,
            sessions_of_address: self.sessions_per_address,
            idle_for_ms: ms("--idle-for", self.idle_for)?,
            total_for_ms: ms("--total-for", self.total_for)?,
            ..Limits::default()
        })
    }

    /// The door over these sources.
    fn setup(
        &self,
        settings: Settings,
        apis: Vec<Api>,
        clock: &SharedClock,
        reload: Arc<Notify>,
    ) -> Result<ssh::Setup, Failure> {
        let data = || data_home(&variable).join("ssh_host_key");
        let host_key = self.host_key.clone().unwrap_or_else(data);
        let config = || config_home(&variable).join("authorized_keys");
        let keys = self.authorized_keys.clone().unwrap_or_else(config);
        let failed = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
        Ok(ssh::Setup {
            roster: RosterFile::open(&keys, clock.clone()).map_err(|error| failed(&error))?,
            key: key::host_key(&host_key).map_err(|error| failed(&error))?,
            key_file: host_key,
            reload,
            house: Arc::new(Rooms {
                settings,
                clock: clock.clone(),
            }),
            apis,
            clock: clock.clone(),
            limits: self.limits()?,
        })
    }
}

pub fn run(args: SshServeArgs) -> Outcome {
    block_on(2, serve(args))?
}

async fn serve(args: SshServeArgs) -> Outcome {
    let flags = Flags {
        urls: args.url,
        config: args.config,
        ..Flags::default()
    };
    let settings = Settings::load(&flags, &variable)?;
    if settings.sources.is_empty() {
        return Err(Failure::usage(
            "no backend is known: give --url, or name one in the settings; or open the door of a backend itself with  serve --ssh",
        ));
    }
    let clock = clock();
    // Before the first await on the network: a signal must not find nobody.
    let reload = Arc::new(Notify::new());
    let told = reload.clone();
    let asked_to_end = ended(move || told.notify_one())?;
    let apis = apis(&settings, &clock, Via::Ssh)?;
    for api in &apis {
        is_door(api).await?;
    }
    let setup = args.door.setup(settings, apis, &clock, reload)?;
    let listener = bind(args.listen, &setup).await?;
    ssh::serve(listener, setup, asked_to_end).await;
    Ok(DONE)
}

/// A token that may not speak for people is told at once; a backend that is away now may come.
async fn is_door(api: &Api) -> Result<(), Failure> {
    match api.report(&DoorBody::default()).await {
        Err(ApiError::NotAllowed { sentence, .. }) => Err(Failure {
            code: NOT_ALLOWED,
            sentence,
        }),
        Err(error) => {
            Output::default().note(&format!("warboard: {}: {error}", api.name()));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Listens, and says where and with which key.
async fn bind(address: SocketAddr, setup: &ssh::Setup) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {address}: {error}; is another door open there? Choose another address"
        ))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the listening address is unknown: {error}")))?;
    let output = Output::default();
    output.note(&format!("host key {}", key::fingerprint(&setup.key)));
    output.note(&format!("listening on ssh://{address}"));
    Ok(listener)
}

/// The door of a backend in this process.
pub struct OwnDoor {
    ending: CancellationToken,
    task: JoinHandle<()>,
}

impl OwnDoor {
    /// Opens it. It speaks to its backend over a loopback port of its own, with a token that is in no store.
    ///
    /// # Errors
    /// Keys, settings or addresses cannot be used.
    pub async fn open(
        state: &Arc<ServerState>,
        address: SocketAddr,
        flags: &DoorFlags,
        clock: &SharedClock,
        reload: Arc<Notify>,
    ) -> Result<OwnDoor, Failure> {
        let settings = Settings::load(&Flags::default(), &variable)?;
        let unusable = |error: std::io::Error| {
            Failure::new(format!(
                "no port of this machine can be listened on: {error}"
            ))
        };
        let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(unusable)?;
        let source = SourceSettings {
            name: state.name.clone(),
            url: format!("http://{}", inner.local_addr().map_err(unusable)?),
            token: Place::Given(state.open_door("ssh")),
            ca_file: None,
        };
        let api = Api::new(&source, clock, Via::Ssh)?;
        let setup = flags.setup(settings, vec![api], clock, reload)?;
        let listener = bind(address, &setup).await?;
        tokio::spawn(crate::server::serve_beside(inner, state.clone()));
        let ending = CancellationToken::new();
        let ended = ending.clone().cancelled_owned();
        let task = tokio::spawn(ssh::serve(listener, setup, ended));
        Ok(OwnDoor { ending, task })
    }

    /// Ends every session with a sentence, then the door.
    pub async fn end(self) {
        self.ending.cancel();
        // A panic was reported where it happened.
        let _ = self.task.await;
    }
}

/// What guests get: the board, and what the reading commands print.
struct Rooms {
    settings: Settings,
    clock: SharedClock,
}

impl House for Rooms {
    fn asked(&self, visit: Visit, words: &str) -> Asked {
        self.understood(visit, words)
            .unwrap_or_else(|failure| printed(failed(&failure)))
    }
}

impl Rooms {
    fn understood(&self, visit: Visit, line: &str) -> Result<Asked, Failure> {
        let words = command_words(line);
        let args = match Args::try_parse_from(std::iter::once("warboard".to_owned()).chain(words)) {
            Ok(args) => args,
            Err(fault) if fault.kind() == ErrorKind::InvalidSubcommand => return Err(not_here()),
            Err(fault) => return Ok(printed(told(&fault))),
        };
        let output = Output::kept(visit.terminal.is_there());
        let given = || Given {
            apis: visit.apis.clone(),
            output: output.clone(),
        };
        match args.command {
            None => self.board(&args.board, &visit.terminal),
            Some(Sub::Board(args)) => match args.once.wanted() {
                None => self.board(&args.flags, &visit.terminal),
                Some(once) => {
                    let app = self.app(&args.flags, &visit.terminal, true)?;
                    let clock = self.clock.clone();
                    Ok(printing(
                        output.clone(),
                        once_of(once, app, visit, output, clock),
                    ))
                }
            },
            Some(Sub::List(mut args)) => {
                args.reach = with(args.reach, given())?;
                Ok(printing(output.clone(), list::list(args)))
            }
            Some(Sub::Show(mut args)) => {
                args.reach = with(args.reach, given())?;
                Ok(printing(output.clone(), show::show(args)))
            }
            Some(Sub::Timeline(mut args)) => {
                args.reach = with(args.reach, given())?;
                Ok(printing(output.clone(), show::timeline(args)))
            }
            Some(Sub::Teams(mut args)) => {
                args.reach = with(args.reach, given())?;
                Ok(printing(output.clone(), teams::teams(args)))
            }
            Some(_) => Err(not_here()),
        }
    }

    fn board(&self, flags: &BoardFlags, terminal: &Terminal) -> Result<Asked, Failure> {
        Ok(Asked::Board(Box::new(self.app(flags, terminal, false)?)))
    }

    fn app(&self, flags: &BoardFlags, terminal: &Terminal, no_quit: bool) -> Result<App, Failure> {
        if !flags.url.is_empty() || flags.config.is_some() || flags.no_quit {
            return Err(Failure::usage(
                "--url, --config and --no-quit are not for guests: this door shows its own backends",
            ));
        }
        let settings = &self.settings;
        let theme = match &flags.theme {
            // By name alone: a guest names no file of this machine.
            Some(name) => Theme::shipped(name).map_err(|_| no_theme(name))?,
            None => terminal
                .theme()
                .and_then(|name| Theme::shipped(&name).ok())
                .unwrap_or_else(|| settings.theme.clone()),
        };
        let options = Options {
            read_only: settings.read_only || flags.read_only,
            wall: flags.wall,
            no_quit,
            mask: settings.mask || flags.mask,
            no_blink: settings.no_blink || flags.no_blink,
            mine: settings.zone,
        };
        let glyphs = Glyphs {
            ascii: settings.ascii || flags.ascii || !terminal.is_utf8(),
        };
        let shared = Shared::new(options, theme, glyphs, settings.keymap.clone());
        Ok(App::new(shared))
    }
}

fn not_here() -> Failure {
    Failure::usage(
        "over this door there are board, list, show, timeline and teams, which read; change things on the board",
    )
}

fn no_theme(name: &str) -> Failure {
    Failure::usage(format!(
        "there is no theme '{name}' here: night, day, high-contrast, ansi16 or mono"
    ))
}

async fn once_of(
    once: Once,
    app: App,
    visit: Visit,
    output: Output,
    clock: SharedClock,
) -> Outcome {
    let Visit { apis, terminal, .. } = visit;
    let said = |name: &str| terminal.variable(name);
    once.print(app, apis, &clock, &output, &said).await
}

/// Where a guest's command asks and prints; what it names itself is refused.
fn with(reach: Reach, given: Given) -> Result<Reach, Failure> {
    if reach.url.is_some() || reach.config.is_some() {
        return Err(Failure::usage(
            "--url and --config are not for guests: this door asks its own backends",
        ));
    }
    Ok(Reach {
        given: Some(given),
        ..reach
    })
}

fn printing(output: Output, work: impl Future<Output = Outcome> + Send + 'static) -> Asked {
    Asked::Print(Box::pin(async move {
        let failure = match work.await {
            Ok(code) => Last {
                code,
                ..Last::default()
            },
            Err(failure) => failed(&failure),
        };
        let (out, mut err, whole) = output.taken();
        err.extend_from_slice(&failure.err);
        if !whole {
            err.extend_from_slice(b"warboard: it is more than this door prints; ask for less\n");
        }
        Last {
            out,
            err,
            code: if whole { failure.code } else { USAGE },
        }
    }))
}

fn printed(last: Last) -> Asked {
    Asked::Print(Box::pin(std::future::ready(last)))
}

fn failed(failure: &Failure) -> Last {
    let lines = failure.sentence.lines();
    let told = lines.map(|line| format!("warboard: {}\n", SafeText::line(line).shown()));
    Last {
        out: Vec::new(),
        err: told.collect::<String>().into_bytes(),
        code: failure.code,
    }
}

/// Help and version go to standard output, faults beside it.
fn told(fault: &clap::Error) -> Last {
    let text = SafeText::multi(&fault.to_string()).shown().to_owned() + "\n";
    let (out, err) = match fault.use_stderr() {
        true => (Vec::new(), text.into_bytes()),
        false => (text.into_bytes(), Vec::new()),
    };
    Last {
        out,
        err,
        code: fault.exit_code(),
    }
}
