//! `POST /v1/intake/{name}`: groups of alerts as a monitoring system posts them. Its token opens this door and no other; a 2xx
//! means that what was said is on record. What becomes of a group is `place`; what it means, `connector::alert`.

mod place;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::about::written;
use super::auth::bearer;
use super::command::JSON;
use super::connector::{TROUBLE_CELLS, Told};
use super::mirror::World;
use super::problem::Problem;
use super::request;
use super::state::ServerState;
use crate::connector::alert::body::AlertGroupBody;
use crate::connector::alert::{AlertSettings, KIND, NAME};
use crate::domain::board::{ConnectorView, TakesView};
use crate::domain::caller::Audience;
use crate::domain::command::alert::fires;
use crate::domain::instant::{Instant, Mono};
use crate::domain::span::Span;
use crate::domain::text::SafeText;
use crate::secret::{self, COMMAND_WITHIN_MS};
use crate::time::SharedClock;
use crate::wire::LandedBody;

/// How long a token that was read is believed: another one in its place bites within it.
const BELIEVE_FOR_MS: i64 = 10_000;
/// Groups of one intake that are worked on or wait at once; further ones are sent again by their sender.
const AT_ONCE: usize = 64;
/// How it is said that a group was refused.
const REFUSED: &str = "an alert group could not be opened";
/// How long it is said that groups fitted no rule.
const UNMATCHED_FOR_MS: i64 = 3_600_000;

/// One intake of this backend.
pub struct AlertIntake {
    pub settings: AlertSettings,
    token: tokio::sync::Mutex<Shown>,
    /// Incidents are opened one after the other, so that the count of a minute is right.
    opening: tokio::sync::Mutex<()>,
    at_once: Semaphore,
    progress: Mutex<IntakeProgress>,
}

/// The digest of what the sender must show.
#[derive(Default)]
struct Shown {
    sha256: Option<[u8; 32]>,
    read_at: Option<Mono>,
}

/// What has come from the sender, and when.
struct IntakeProgress {
    /// When listening began: silence before it says nothing.
    began_at: Instant,
    heard_at: Option<Instant>,
    /// When an alert was heard that always fires.
    watchdog_at: Option<Instant>,
    changed_at: Option<Instant>,
    /// Groups that fitted no rule lately, and when the first and the last of them came.
    unmatched: Option<(u64, Instant, Instant)>,
    /// Why its token cannot be read.
    trouble: Option<String>,
    /// Why the last group was refused that should have opened an incident.
    refused: Option<String>,
}

impl AlertIntake {
    /// It listens from `now` on.
    pub fn new(settings: AlertSettings, now: Instant) -> AlertIntake {
        AlertIntake {
            settings,
            token: tokio::sync::Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
            progress: Mutex::new(IntakeProgress {
                began_at: now,
                heard_at: None,
                watchdog_at: None,
                changed_at: None,
                unmatched: None,
                trouble: None,
                refused: None,
            }),
        }
    }

    fn note(&self, note: impl FnOnce(&mut IntakeProgress)) {
        note(&mut self.progress.lock());
    }

    fn note_unmatched(&self, now: Instant) {
        self.note(|progress| {
            let lately = progress.unmatched.filter(|kept| is_lately(kept.2, now));
            let (count, first, _) = lately.unwrap_or((0, now, now));
            progress.unmatched = Some((count.saturating_add(1), first, now));
        });
    }

    /// Whether this is what the sender must show. Where it cannot be read again, what was read before counts; None: it was
    /// never read, and nobody can say.
    async fn admits(&self, presented: &str, clock: &SharedClock) -> Option<bool> {
        if self.settings.token_over(clock.now()).is_some() {
            return Some(false);
        }
        let given: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let mut shown = self.token.lock().await;
        let now = clock.mono();
        if shown.read_at.is_none_or(|at| now - at >= BELIEVE_FOR_MS) {
            match secret::read(&self.settings.token, clock.sleep(COMMAND_WITHIN_MS)).await {
                Ok(secret) => {
                    shown.sha256 = Some(Sha256::digest(secret.expose().as_bytes()).into());
                    self.note(|progress| progress.trouble = None);
                }
                Err(why) => {
                    let why = SafeText::line(&why.to_string()).truncated(TROUBLE_CELLS);
                    tracing::warn!(intake = self.settings.name, why, "its token cannot be read");
                    self.note(|progress| progress.trouble = Some(why));
                }
            }
            // Only now: whoever went away while a slow command ran has read nothing.
            shown.read_at = Some(clock.mono());
        }
        shown.sha256.map(|known| bool::from(given.ct_eq(&known)))
    }

    /// As this audience sees it at this place of the feed.
    pub(super) fn view(&self, world: &World, audience: &Audience, now: Instant) -> ConnectorView {
        let told = Told::of(world, &self.settings.name, audience, now, fires);
        let over = self.settings.token_over(now);
        let progress = self.progress.lock();
        ConnectorView {
            name: self.settings.name.clone(),
            kind: KIND.to_owned(),
            asked_at: None,
            answered_at: progress.heard_at,
            changed_at: progress.changed_at,
            whole_at: None,
            open: told.open,
            trouble: over.or_else(|| {
                let expected = self.settings.expect_every;
                progress.trouble(expected, audience, now)
            }),
            token_expires_at: self.settings.token_expires_at,
            takes: takes_nothing(),
        }
    }
}

/// It posts, and takes nothing.
fn takes_nothing() -> TakesView {
    let why = |what: &str| Some(format!("{NAME} {what}"));
    TakesView {
        no_phases: why("has alerts, no phases"),
        no_notes: why("takes no notes"),
        no_pages: why("calls nobody from here"),
        ..TakesView::default()
    }
}

fn is_lately(at: Instant, now: Instant) -> bool {
    (now - at).num_milliseconds() < UNMATCHED_FOR_MS
}

impl IntakeProgress {
    fn trouble(
        &self,
        expect_every: Option<Span>,
        audience: &Audience,
        now: Instant,
    ) -> Option<String> {
        // Why a group was refused may hold what an alert says, of an incident that is not on record.
        let refused = self.refused.as_ref();
        let refused = refused.map(|why| match audience.reads_every_service() {
            true => why.clone(),
            false => REFUSED.to_owned(),
        });
        let broken = self.trouble.clone().or(refused);
        if broken.is_some() {
            return broken;
        }
        let since = self
            .watchdog_at
            .map_or(self.began_at, |at| at.max(self.began_at));
        if let Some(every) = expect_every.filter(|every| now - since > every.delta()) {
            let minutes = Span::minutes((now - since).num_minutes());
            let silent = if minutes.0 == 0 { every } else { minutes };
            return Some(format!(
                "SILENT for {silent}, expected every {every}: alerts may not come through"
            ));
        }
        let (count, first, _) = self.unmatched.filter(|kept| is_lately(kept.2, now))?;
        let groups = if count == 1 {
            "group fits"
        } else {
            "groups fit"
        };
        Some(format!(
            "{count} alert {groups} no rule since {}, nothing was opened for them",
            first.format("%H:%M UTC")
        ))
    }
}

/// The intake, for whoever shows its token. An intake that is not there is answered as a wrong token is.
async fn admitted(
    state: &ServerState,
    name: &str,
    headers: &HeaderMap,
) -> Result<Arc<AlertIntake>, Problem> {
    let refused = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The intake's own token is needed: Authorization: Bearer, and what its token_file holds.",
        )
    };
    let presented = bearer(headers).ok_or_else(refused)?;
    let intake = state.intakes.iter().find(|one| one.settings.name == name);
    let Some(intake) = intake else {
        return Err(refused());
    };
    match intake.admits(presented, &state.clock).await {
        Some(true) => Ok(intake.clone()),
        Some(false) => Err(refused()),
        None => Err(Problem::later(
            "token_unreadable",
            "The intake's own token cannot be read here; nothing was written. Send it again, and tell who runs this backend.",
        )),
    }
}

/// Takes in a group of alerts, as Alertmanager's webhook posts it (version 4). Fields that are not known are let be.
#[utoipa::path(post, path = "/v1/intake/{name}", request_body = AlertGroupBody,
    params(("name" = String, Path, description = "The intake's name in the backend's file")),
    responses((status = 200, description = "It is on record, or a rule says that it need not be", body = LandedBody)))]
pub async fn take_alerts(
    State(state): State<Arc<ServerState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let intake = admitted(&state, &name, &headers).await?;
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let body: AlertGroupBody = request::json(&bytes)?;
    body.check()
        .map_err(|why| Problem::invalid(format!("{why}.")))?;
    let Ok(_permit) = intake.at_once.try_acquire() else {
        return Err(Problem::later(
            "busy",
            "Too many alert groups wait already; nothing was written. Send it again in a second.",
        ));
    };
    let landed = place::take_in(&state, &intake, &body).await?;
    Ok(written(&landed))
}
