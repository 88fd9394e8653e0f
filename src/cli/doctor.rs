//! `doctor`: looks at everything a board stands on, one line each, and says how to mend what is wrong.

use clap::{Args as ClapArgs, Subcommand};

use super::args::BoardFlags;
use super::connection::{apis, backend_file, local};
use super::environment::{block_on, clock, is_utf8, variable};
use super::exit::{DONE, FAILED, Outcome};
use super::output::{Output, table};
use super::store::{self, StorePlace};
use crate::client::{Api, ApiError};
use crate::config::{ServerFile, Settings, backend_json};
use crate::domain::word::Via;
use crate::net::is_in_the_clear;
use crate::paging::settings::{RouteSettings, Target};
use crate::session::{Depth, window};
use crate::store::postgres::survey;
use crate::time::SharedClock;

/// A machine's clock that is off by more is told so.
const SKEW_MS: i64 = 2_000;
/// A token that ends sooner is told so.
const TOKEN_DAYS: i64 = 7;

/// Flags of `doctor`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub flags: BoardFlags,
    #[command(subcommand)]
    pub part: Option<DoctorPart>,
}

/// What may be looked at on its own.
#[derive(Debug, Subcommand)]
pub enum DoctorPart {
    /// Send a marked test over every route of a backend's file: each really arrives
    Paging(super::doctor_paging::PagingArgs),
}

/// What was found, and what to do about it.
struct Finding {
    what: &'static str,
    verdict: Verdict,
    told: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// It works, and could be better.
    Note,
    Wrong,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Note => "note",
            Verdict::Wrong => "WRONG",
        }
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: &'static str, verdict: Verdict, told: impl Into<String>) {
        let told = told.into();
        self.0.push(Finding {
            what,
            verdict,
            told,
        });
    }
}

pub fn run(args: DoctorArgs) -> Outcome {
    if let Some(DoctorPart::Paging(args)) = args.part {
        return super::doctor_paging::run(args);
    }
    let mut findings = Findings::default();
    terminal(&mut findings);
    let settings = match Settings::load(&args.flags.flags(), &variable) {
        Ok(settings) => {
            let sources = match settings.sources.len() {
                1 => "1 source".to_owned(),
                sources => format!("{sources} sources"),
            };
            findings.add(
                "settings",
                Verdict::Good,
                format!("{sources}, theme {}", settings.theme.name()),
            );
            Some(settings)
        }
        Err(error) => {
            findings.add("settings", Verdict::Wrong, error.to_string());
            None
        }
    };
    match ServerFile::load(None, &variable) {
        Ok(file) => routes(&file, &mut findings),
        Err(error) => findings.add("server.toml", Verdict::Wrong, error.to_string()),
    }
    if variable(store::VARIABLE).is_some() {
        findings = block_on(1, of_store(findings))?;
    }
    if let Some(settings) = settings {
        findings = block_on(1, backends(settings, findings))?;
    }
    let rows: Vec<Vec<String>> = findings
        .0
        .iter()
        .flat_map(|finding| {
            finding.told.lines().enumerate().map(|(i, line)| {
                let (verdict, what) = match i {
                    0 => (finding.verdict.word(), finding.what),
                    _ => ("", ""),
                };
                vec![verdict.to_owned(), what.to_owned(), line.to_owned()]
            })
        })
        .collect();
    let output = Output::default();
    for line in table(&rows) {
        output.line(&line);
    }
    let wrong = findings
        .0
        .iter()
        .any(|finding| finding.verdict == Verdict::Wrong);
    Ok(if wrong { FAILED } else { DONE })
}

/// The store that `serve` and `token` use, as the variable names it.
async fn of_store(mut findings: Findings) -> Findings {
    let place = match StorePlace::find(None) {
        Ok(place) => place,
        Err(failure) => {
            findings.add("store", Verdict::Wrong, failure.to_string());
            return findings;
        }
    };
    match &place {
        StorePlace::Sqlite(path) => findings.add(
            "store",
            Verdict::Good,
            match path.exists() {
                true => place.shown(),
                false => format!("{}, which the first use makes", place.shown()),
            },
        ),
        StorePlace::Postgres(url) => match survey(url, &clock()).await {
            Ok(survey) => {
                let notes: Vec<String> = survey.notes.into_iter().chain(place.warning()).collect();
                let verdict = match notes.is_empty() {
                    true => Verdict::Good,
                    false => Verdict::Note,
                };
                let lines: Vec<String> = std::iter::once(survey.what).chain(notes).collect();
                findings.add("store", verdict, lines.join("\n"));
            }
            Err(error) => findings.add("store", Verdict::Wrong, error.to_string()),
        },
    }
    findings
}

fn terminal(findings: &mut Findings) {
    let term = variable("TERM").unwrap_or_default();
    match (term.as_str(), window()) {
        ("", _) => findings.add(
            "terminal",
            Verdict::Wrong,
            "TERM is not set: set it to what your terminal is, as xterm-256color",
        ),
        ("dumb", _) => findings.add(
            "terminal",
            Verdict::Wrong,
            "TERM=dumb cannot show a board: set TERM to what your terminal is",
        ),
        (_, None) => findings.add(
            "terminal",
            Verdict::Note,
            "standard output is no terminal: a board needs one, frames do not (board --once)",
        ),
        (_, Some((w, h))) if w < 40 || h < 12 => {
            findings.add("terminal", Verdict::Wrong, format!("{w} x {h} cells: a board needs 40 x 12, dialogs 60 x 16: make the window larger or the letters smaller"));
        }
        (term, Some((w, h))) if w < 60 || h < 16 => {
            findings.add(
                "terminal",
                Verdict::Note,
                format!("{term}, {w} x {h} cells: dialogs need 60 x 16"),
            );
        }
        (term, Some((w, h))) => findings.add(
            "terminal",
            Verdict::Good,
            format!("{term}, {w} x {h} cells"),
        ),
    }
    let colours = match Depth::of_environment(variable) {
        Depth::None => (
            Verdict::Note,
            "no colours (NO_COLOR, or TERM says so): every state is told by words too",
        ),
        Depth::Ansi16 => (
            Verdict::Note,
            "16 colours: if the terminal has more, set TERM=xterm-256color or COLORTERM=truecolor",
        ),
        Depth::Palette256 => (Verdict::Good, "256 colours"),
        Depth::True => (Verdict::Good, "24-bit colours"),
    };
    findings.add("colours", colours.0, colours.1);
    match is_utf8() {
        true => findings.add("letters", Verdict::Good, "UTF-8"),
        false => findings.add(
            "letters",
            Verdict::Note,
            "the locale is not UTF-8, so the board keeps to ASCII: set LANG=C.UTF-8",
        ),
    }
}

fn routes(file: &ServerFile, findings: &mut Findings) {
    let without: Vec<&str> = file
        .directory
        .teams
        .iter()
        .filter(|team| team.routes.is_empty())
        .map(|team| team.id.as_str())
        .collect();
    let unsigned: Vec<&str> = file
        .routes
        .iter()
        .filter(|(_, routes)| routes.iter().any(is_unsigned))
        .map(|(team, _)| team.as_str())
        .collect();
    if !unsigned.is_empty() {
        findings.add(
            "paging",
            Verdict::Note,
            format!(
                "routes without a secret_file, whose pages cannot be told from forgeries: {}",
                unsigned.join(", ")
            ),
        );
    }
    let all = file.directory.teams.len();
    match without.len() {
        0 => findings.add("paging", Verdict::Good, format!("every one of {all} teams has a route")),
        n => findings.add("paging", Verdict::Note, format!("by the server.toml of this machine, {n} of {all} teams cannot be paged by a backend that is run here: add [[team.route]]; of another backend this says nothing")),
    }
}

fn is_unsigned(route: &RouteSettings) -> bool {
    match &route.target {
        Target::Webhook { secret_file, .. } => secret_file.is_none(),
        _ => false,
    }
}

async fn backends(settings: Settings, mut findings: Findings) -> Findings {
    let clock = clock();
    for source in settings
        .sources
        .iter()
        .filter(|source| is_in_the_clear(&source.url))
    {
        findings.add(
            "backend",
            Verdict::Note,
            format!(
                "{}: the token travels in the clear: give the backend --tls-cert and --tls-key, and write https://",
                source.name
            ),
        );
    }
    let apis = match settings.sources.is_empty() {
        false => apis(&settings, &clock, Via::Cli),
        true => match backend_json::read(&backend_file()) {
            Some(file) => local(&file, &clock, Via::Cli)
                .map(|api| vec![api])
                .map_err(Into::into),
            None => {
                findings.add(
                    "backend",
                    Verdict::Good,
                    "none is configured: the board brings its own",
                );
                return findings;
            }
        },
    };
    match apis {
        Ok(apis) => {
            let mut definitions = Vec::new();
            for api in apis {
                backend(&api, &clock, &mut definitions, &mut findings).await;
            }
            definitions.dedup();
            if definitions.len() > 1 {
                findings.add("definitions", Verdict::Wrong, "the backends have different phases, severities or regimes: their counts cannot be compared; give them the same server.toml");
            }
        }
        Err(failure) => findings.add("token", Verdict::Wrong, failure.sentence),
    }
    findings
}

async fn backend(
    api: &Api,
    clock: &SharedClock,
    definitions: &mut Vec<String>,
    findings: &mut Findings,
) {
    let heard = match api.about().await {
        Ok(heard) => heard,
        Err(error) => {
            let remedy = match &error {
                ApiError::NotAllowed { .. } => " Ask for a new token:  warboard token issue",
                // An error that says where it was to go says what to look at too.
                ApiError::Unreachable { sentence, .. } if !sentence.contains("is it running") => {
                    " Is it running, and is the address right?"
                }
                _ => "",
            };
            let told = error.to_string();
            let told = match told.starts_with(api.name()) {
                true => told,
                false => format!("{}: {told}", api.name()),
            };
            findings.add("backend", Verdict::Wrong, format!("{told}{remedy}"));
            return;
        }
    };
    let about = heard.value;
    findings.add(
        "backend",
        Verdict::Good,
        format!(
            "{} at {}, warboard {}",
            about.name,
            api.place(),
            about.version
        ),
    );
    definitions.push(about.definitions.clone());
    if let Some(head) = &about.head {
        findings.add(
            "record",
            Verdict::Good,
            format!("{} reaches {}:{}", api.name(), head.seq, head.hash),
        );
    }
    let you = &about.you;
    let counsel = if you.counsel { ", counsel" } else { "" };
    let token = format!(
        "{}: {}{counsel}, reads up to {}",
        you.name, you.role, you.clearance
    );
    match about.token_expires_at {
        Some(at) if (at - heard.now).num_days() < TOKEN_DAYS => findings.add(
            "token",
            Verdict::Note,
            format!(
                "{token}; ends {}: ask for a new one",
                at.format("%a %d %b %H:%M UTC")
            ),
        ),
        _ => findings.add("token", Verdict::Good, token),
    }
    let skew = (clock.now() - heard.now).num_milliseconds();
    match skew.abs() > SKEW_MS {
        true => findings.add(
            "clock",
            Verdict::Wrong,
            format!(
                "this machine is {} s {} {}: set it by NTP; the board shows the backend's time",
                skew.abs() / 1000,
                if skew > 0 { "ahead of" } else { "behind" },
                api.name()
            ),
        ),
        false => findings.add(
            "clock",
            Verdict::Good,
            format!("within {SKEW_MS} ms of {}", api.name()),
        ),
    }
}
