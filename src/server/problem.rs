//! Errors as the API answers them: `application/problem+json` (RFC 9457), one sentence for a person, one word for programs.
//! Why a command was refused is decided in `domain`; here is only which status that makes.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::view::IncidentView;
use crate::store::{Answer, StoreError};
use crate::wire::{PROBLEM, ProblemBody};

/// Longest detail of a problem, in characters: part of it may be what the caller sent.
const DETAIL: usize = 1_000;

/// A problem on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    word: &'static str,
    detail: String,
    more: Option<Box<More>>,
}

/// What the store said, beside an answer: for the log and the counts, never for the caller.
#[derive(Debug, Clone)]
pub struct StoreFault(pub StoreError);

#[derive(Debug, Clone, Default)]
struct More {
    fault: Option<StoreError>,
    unmet: Vec<crate::domain::word::GateWord>,
    incident: Option<Box<IncidentView>>,
    etag: Option<String>,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with its status, its word (last part of `type`) and a sentence.
    pub fn new(status: StatusCode, word: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            word,
            detail: detail.into(),
            more: None,
        }
    }

    /// 401: says nothing about what exists, nor why.
    pub fn unauthorized() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "A valid token is needed: Authorization: Bearer wb_... Ask an administrator for one.",
        )
    }

    /// 403 for a token that is too weak for a route as a whole.
    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "not_allowed", detail)
    }

    /// 404: there is none, or none for this caller.
    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing here by that name.",
        )
    }

    /// 400: what came is not what it says it is.
    pub fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 422: a value is wrong.
    pub fn invalid(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// 410: a cursor that leads nowhere here.
    pub fn gone() -> Problem {
        Problem::new(
            StatusCode::GONE,
            "cursor_gone",
            "This cursor is not one of this store's, or lies ahead of it. Load the whole list again.",
        )
    }

    /// 412: the incident moved on; it stands in the body as it is now.
    pub fn precondition(incident: IncidentView) -> Problem {
        let detail = match &incident.change {
            Some(change) if !change.by.is_empty() => format!(
                "The incident is at version {}: {}, {}. Look at it again, then decide.",
                incident.version,
                change.text.as_deref().unwrap_or("changed"),
                change.by
            ),
            _ => format!(
                "The incident is at version {}. Look at it again, then decide.",
                incident.version
            ),
        };
        let mut problem = Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            detail,
        );
        problem.more().etag = Some(format!("\"{}\"", incident.version));
        problem.more().incident = Some(Box::new(incident));
        problem
    }

    /// 428: a command without `If-Match`.
    pub fn precondition_required() -> Problem {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition_required",
            "Say which version the command is meant for: If-Match: \"<version>\", or * for any.",
        )
    }

    /// The status it will have.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn body(&self) -> Vec<u8> {
        let body = ProblemBody {
            kind: format!("urn:warboard:problem:{}", self.word),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.chars().take(DETAIL).collect(),
            unmet: self
                .more
                .as_ref()
                .map(|m| m.unmet.clone())
                .unwrap_or_default(),
            incident: self.more.as_ref().and_then(|m| m.incident.clone()),
            instance: None,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The same as an answer of a job in the store.
    pub fn answer(&self) -> Answer {
        Answer {
            etag: self.more.as_ref().and_then(|m| m.etag.clone()),
            body: self.body(),
            ..Answer::empty(self.status.as_u16())
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let status = match refusal.kind {
            RefusalKind::NotAllowed => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut problem = Problem::new(status, refusal.kind.word(), refusal.detail);
        if !refusal.unmet.is_empty() {
            problem.more().unmet = refusal.unmet;
        }
        problem
    }
}

impl Problem {
    /// The store has been away for a while: a reader of the feed must not take silence for "nothing changed".
    pub fn behind() -> Problem {
        let mut problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "The store cannot be read now: what this backend shows may be old. Try again, and tell who runs it.",
        );
        problem.more().retry_after = Some(1);
        problem
    }
}

impl Problem {
    /// 503 for what has no room now: whoever asks again is heard.
    pub fn later(word: &'static str, detail: impl Into<String>) -> Problem {
        let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, word, detail);
        problem.more().retry_after = Some(1);
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        // What exactly is broken is for the log: a caller is told what to do.
        let mut problem = match &error {
            StoreError::Full(_) => Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "store_full",
                "The store is full; nothing was written. What is on record can be read, and its pages are sent on. Tell who runs this backend to free some space on its disk: nothing needs to be restarted.",
            ),
            StoreError::Busy(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many commands wait already; nothing was written. Try again in a second.",
            ),
            StoreError::Unknown(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome_unknown",
                "The database went away while it was told to commit: whether this was written is not known. Send it again with the same Idempotency-Key, or look at the incident first.",
            ),
            _ => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "The store cannot be used now; nothing was written. Try again, and tell who runs this backend.",
            ),
        };
        problem.more().retry_after = Some(1);
        problem.more().fault = Some(error);
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM))],
            self.body(),
        )
            .into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(more) = &self.more {
            if let Some(etag) = more.etag.as_ref().and_then(|e| e.parse().ok()) {
                headers.insert(header::ETAG, etag);
            }
            if let Some(seconds) = more.retry_after {
                headers.insert(header::RETRY_AFTER, seconds.into());
            }
            if let Some(fault) = &more.fault {
                response.extensions_mut().insert(StoreFault(fault.clone()));
            }
        }
        response
    }
}
