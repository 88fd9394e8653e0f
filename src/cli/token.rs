//! `token`: issued, listed and revoked on the store itself, whether or not a server runs.

use std::sync::Arc;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use super::environment::{block_on, clock};
use super::exit::{DONE, Failure, Outcome};
use super::output::{Output, table};
use super::store::StorePlace;
use crate::domain::caller::{DISPLAY, PENDING};
use crate::domain::span::Span;
use crate::domain::word::{Role, Tlp};
use crate::server::{TokenError, TokenRequest, issue_token};
use crate::store::Store;

/// Flags of `token`.
#[derive(Debug, ClapArgs)]
pub struct TokenArgs {
    #[command(subcommand)]
    pub action: TokenAction,
}

/// What may be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// Make a token and print it, once
    Issue(IssueArgs),
    /// List tokens, never their secrets
    List(ListArgs),
    /// End a token
    Revoke(RevokeArgs),
}

/// Flags of `token issue`.
#[derive(Debug, ClapArgs)]
pub struct IssueArgs {
    /// sqlite:PATH or postgres://ROLE@HOST/DATABASE; default: WARBOARD_STORE, else warboard.db in the data folder
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// viewer, responder, commander or admin
    #[arg(long)]
    pub role: Role,
    /// Who: the name in the record
    #[arg(long)]
    pub name: String,
    /// May decide duties and read what is privileged
    #[arg(long)]
    pub counsel: bool,
    /// The highest TLP it reads; default: what the role has
    #[arg(long, value_name = "TLP")]
    pub clearance: Option<Tlp>,
    /// Only these services
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub services: Vec<String>,
    /// Whose pages it acknowledges
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// A door's: it speaks for people, and for nobody else
    #[arg(long)]
    pub door: bool,
    /// How long it works
    #[arg(long, value_name = "SPAN", default_value = "90d")]
    pub expires: Span,
}

/// Flags of `token list` and of `display list`.
#[derive(Debug, ClapArgs)]
pub struct ListArgs {
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    #[arg(long)]
    pub json: bool,
}

/// Flags of `token revoke` and of `display revoke`.
#[derive(Debug, ClapArgs)]
pub struct RevokeArgs {
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    pub name: String,
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Failure {
        match error {
            TokenError::Invalid(_) => Failure::usage(error.to_string()),
            _ => Failure::new(error.to_string()),
        }
    }
}

pub fn run(args: TokenArgs) -> Outcome {
    block_on(1, async {
        match args.action {
            TokenAction::Issue(args) => issue(args).await,
            TokenAction::List(args) => list(args).await,
            TokenAction::Revoke(args) => revoke(args).await,
        }
    })?
}

/// The store whose tokens are meant, beside servers that may be running on it.
pub(super) async fn opened(url: Option<&str>) -> Result<Arc<dyn Store>, Failure> {
    StorePlace::find(url)?.open_known(&clock()).await
}

async fn issue(args: IssueArgs) -> Outcome {
    // The first token comes before the first server: it may make the store.
    let place = StorePlace::find(args.store.as_deref())?;
    let store = place.open_beside(&clock()).await?;
    let now = clock().now();
    let expires_at = now
        .checked_add_signed(args.expires.delta())
        .filter(|at| *at > now)
        .ok_or_else(|| Failure::usage("--expires must lie ahead, as 90d".to_owned()))?;
    if [DISPLAY, PENDING]
        .iter()
        .any(|of| args.name.starts_with(of))
    {
        return Err(Failure::usage(format!(
            "'{}' is the name of a display; pair one with  warboard display pair",
            args.name
        )));
    }
    let request = TokenRequest {
        name: args.name,
        role: args.role,
        counsel: args.counsel,
        clearance: args.clearance,
        services: args.services,
        team: args.team,
        door: args.door,
        expires_at,
    };
    let (secret, token) = issue_token(&*store, now, request).await?;
    let output = Output::default();
    output.own(&format!("{}\n", secret.expose()));
    output.note(&format!(
        "{}: {}, up to {}, until {}; it is shown only now",
        token.name,
        token.role,
        token.clearance,
        token.expires_at.format("%d %b %Y %H:%M UTC")
    ));
    store.close().await;
    Ok(DONE)
}

async fn list(args: ListArgs) -> Outcome {
    let store = opened(args.store.as_deref()).await?;
    let tokens = store.tokens().await?;
    let now = clock().now();
    let output = Output::default();
    let state = |token: &crate::store::Token| match token.revoked_at {
        Some(_) => "revoked",
        None if token.expires_at <= now => "expired",
        None => "works",
    };
    if args.json {
        let list: Vec<_> = tokens
            .iter()
            .map(|token| {
                json!({"name": token.name, "role": token.role, "counsel": token.counsel,
                    "clearance": token.clearance, "services": token.services, "team": token.team, "door": token.door,
                    "created_at": token.created_at, "expires_at": token.expires_at,
                    "revoked_at": token.revoked_at, "last_used_at": token.last_used_at, "state": state(token)})
            })
            .collect();
        output.json(json!({ "tokens": list }).to_string().as_bytes());
        return Ok(DONE);
    }
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let used = token
                .last_used_at
                .map(|at| at.format("%d %b %Y %H:%M UTC").to_string());
            vec![
                token.name.clone(),
                token.role.to_string(),
                match (token.door, token.counsel) {
                    (true, _) => "door",
                    (false, true) => "counsel",
                    (false, false) => "-",
                }
                .to_owned(),
                token.clearance.to_string(),
                match token.services.is_empty() {
                    true => "every service".to_owned(),
                    false => token.services.join(","),
                },
                token.team.clone().unwrap_or_else(|| "no team".to_owned()),
                state(token).to_owned(),
                format!("until {}", token.expires_at.format("%d %b %Y %H:%M UTC")),
                format!("last used {}", used.unwrap_or_else(|| "never".to_owned())),
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
    let found = store.revoke_token(&args.name, clock().now()).await?;
    store.close().await;
    match found {
        true => {
            Output::default().note(&format!("{} is revoked", args.name));
            Ok(DONE)
        }
        false => Err(Failure::new(format!(
            "no working token is named '{}':  warboard token list  shows them",
            args.name
        ))),
    }
}
