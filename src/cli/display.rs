//! `display`: browsers that show the wall are paired, listed and ended on the store itself, whether or not a server runs.

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use super::environment::{block_on, clock};
use super::exit::{DONE, Failure, Outcome};
use super::output::{Output, table};
use super::token::{ListArgs, RevokeArgs, opened};
use crate::domain::span::Span;
use crate::domain::word::Tlp;
use crate::session::display::pair::{
    self, CODE_MINUTES, DISPLAY, PENDING, PairError, PairRequest, display_name,
};
use crate::store::Token;

/// The name where none is given; the next one gets a number.
const NAME: &str = "display";

/// Flags of `display`.
#[derive(Debug, ClapArgs)]
pub struct DisplayArgs {
    #[command(subcommand)]
    pub action: DisplayAction,
}

/// What may be done with displays.
#[derive(Debug, Subcommand)]
pub enum DisplayAction {
    /// Make a code that pairs one browser, and print it
    Pair(PairArgs),
    /// List displays, and codes that wait
    List(ListArgs),
    /// End a display, or a code that waits
    Revoke(RevokeArgs),
}

/// Flags of `display pair`.
#[derive(Debug, ClapArgs)]
pub struct PairArgs {
    /// sqlite:PATH or postgres://ROLE@HOST/DATABASE; default: WARBOARD_STORE, else warboard.db in the data folder
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// How the display is called: letters, digits, '.', '-', '_'
    #[arg(long)]
    pub name: Option<String>,
    /// The highest TLP it shows; default: green
    #[arg(long, value_name = "TLP")]
    pub clearance: Option<Tlp>,
    /// Only these services
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub services: Vec<String>,
    /// How long it works once it is paired
    #[arg(long, value_name = "SPAN", default_value = "90d")]
    pub expires: Span,
}

impl From<PairError> for Failure {
    fn from(error: PairError) -> Failure {
        match error {
            PairError::Invalid(_) => Failure::usage(error.to_string()),
            _ => Failure::new(error.to_string()),
        }
    }
}

pub fn run(args: DisplayArgs) -> Outcome {
    block_on(1, async {
        match args.action {
            DisplayAction::Pair(args) => pair(args).await,
            DisplayAction::List(args) => list(args).await,
            DisplayAction::Revoke(args) => revoke(args).await,
        }
    })?
}

async fn pair(args: PairArgs) -> Outcome {
    let store = opened(args.store.as_deref()).await?;
    let now = clock().now();
    let name = match args.name {
        Some(name) => name,
        None => free_name(&store.tokens().await?),
    };
    let request = PairRequest {
        name: name.clone(),
        clearance: args.clearance,
        services: args.services,
        expires_after: args.expires.delta(),
    };
    let code = pair::begin(&*store, now, request).await;
    store.close().await;
    let code = code?;
    let output = Output::default();
    output.own(&format!("{}\n", code.expose()));
    output.note(&format!(
        "{name}: open /display of the backend's address on that screen and type this code within {CODE_MINUTES} minutes, once"
    ));
    Ok(DONE)
}

/// `display-1`, or the next number that no token had yet.
fn free_name(tokens: &[Token]) -> String {
    let taken = |name: &str| tokens.iter().any(|token| called(token) == Some(name));
    let mut names = (1_u32..).map(|n| format!("{NAME}-{n}"));
    names
        .find(|name| !taken(name))
        .unwrap_or_else(|| NAME.to_owned())
}

/// What a display, or one that waits for its code, is called.
fn called(token: &Token) -> Option<&str> {
    let prefixes = [DISPLAY, PENDING];
    prefixes
        .iter()
        .find_map(|prefix| token.name.strip_prefix(prefix))
}

async fn list(args: ListArgs) -> Outcome {
    let store = opened(args.store.as_deref()).await?;
    let tokens = store.tokens().await?;
    store.close().await;
    let now = clock().now();
    let state = |token: &Token| match (token.revoked_at, token.name.starts_with(PENDING)) {
        (None, true) if token.expires_at > now => Some("waits for its code"),
        // A code that was used or ran out is of no interest any more.
        (_, true) => None,
        (Some(_), _) => Some("revoked"),
        (None, _) if token.expires_at <= now => Some("expired"),
        (None, _) => Some("works"),
    };
    let displays = tokens
        .iter()
        .filter_map(|token| Some((called(token)?, state(token)?, token)));
    let output = Output::default();
    if args.json {
        let list: Vec<_> = displays
            .map(|(name, state, token)| {
                json!({"name": name, "state": state, "clearance": token.clearance, "services": token.services,
                    "created_at": token.created_at, "expires_at": token.expires_at,
                    "revoked_at": token.revoked_at, "last_used_at": token.last_used_at})
            })
            .collect();
        output.json(json!({ "displays": list }).to_string().as_bytes());
        return Ok(DONE);
    }
    let rows: Vec<Vec<String>> = displays
        .map(|(name, state, token)| {
            let when =
                |at: crate::domain::instant::Instant| at.format("%d %b %Y %H:%M").to_string();
            let used = token.last_used_at.map_or_else(|| "never".to_owned(), when);
            let services = match token.services.is_empty() {
                true => "all services".to_owned(),
                false => token.services.join(", "),
            };
            vec![
                name.to_owned(),
                state.to_owned(),
                format!("up to {}", token.clearance),
                services,
                format!("until {}", when(token.expires_at)),
                format!("last connected {used}"),
            ]
        })
        .collect();
    for line in table(&rows) {
        output.line(&line);
    }
    Ok(DONE)
}

async fn revoke(args: RevokeArgs) -> Outcome {
    let store = opened(args.store.as_deref()).await?;
    let now = clock().now();
    let display = store.revoke_token(&display_name(&args.name), now).await?;
    let code = store
        .revoke_token(&format!("{PENDING}{}", args.name), now)
        .await?;
    store.close().await;
    match display || code {
        true => {
            Output::default().note(&format!("{} is revoked", args.name));
            Ok(DONE)
        }
        false => Err(Failure::new(format!(
            "no display that works is called '{}':  warboard display list  shows them",
            args.name
        ))),
    }
}
