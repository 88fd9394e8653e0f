//! Reading bodies. A list is read whole; where that fails, incident by incident, so that one that a newer backend wrote
//! in words unknown here does not take the others with it.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer;
use super::error::ApiError;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::wire::ListBody;

/// Bodies above this are read on a thread of their own: the loops of viewers share ours.
const LONG: usize = 256 * 1024;

/// What could be read of a list.
#[derive(Debug)]
pub(super) struct Listed {
    pub list: ListBody,
    /// Ids of incidents that could not be read; a `?` and a number where not even the id could.
    pub unreadable: Vec<String>,
}

/// A list whose incidents are looked at one by one.
#[derive(Deserialize)]
struct LooseList {
    cursor: String,
    now: Instant,
    complete: bool,
    next: Option<String>,
    incidents: Vec<Value>,
    #[serde(default)]
    gone: Vec<String>,
}

/// Reads a body of `to`.
pub(super) fn read<T: DeserializeOwned>(to: &str, body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| answer::unreadable(to, &error))
}

/// Reads a list of `to`.
pub(super) async fn read_list(to: &str, body: bytes::Bytes) -> Result<Listed, ApiError> {
    if body.len() < LONG {
        return list(to, &body);
    }
    let owned = to.to_owned();
    match tokio::task::spawn_blocking(move || list(&owned, &body)).await {
        Ok(read) => read,
        Err(_) => Err(ApiError::Garbage {
            sentence: format!("the list of {to} could not be read"),
        }),
    }
}

fn list(to: &str, body: &[u8]) -> Result<Listed, ApiError> {
    // Looked through once: read as bytes, each word in it would be looked through again for what is no text.
    let whole = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str::<ListBody>(text),
        Err(_) => serde_json::from_slice(body),
    };
    let error = match whole {
        Ok(list) => {
            return Ok(Listed {
                list,
                unreadable: Vec::new(),
            });
        }
        Err(error) => error,
    };
    if !error.is_data() {
        return Err(answer::unreadable(to, &error));
    }
    let loose: LooseList = read(to, body)?;
    let mut unreadable = Vec::new();
    let mut incidents = Vec::with_capacity(loose.incidents.len());
    for value in loose.incidents {
        match IncidentView::deserialize(&value) {
            Ok(view) => incidents.push(Arc::new(view)),
            Err(error) => {
                let id = value.get("id").and_then(Value::as_str);
                tracing::warn!(source = to, id, %error, "an incident could not be read");
                let nameless = || format!("?{}", unreadable.len());
                unreadable.push(id.map_or_else(nameless, str::to_owned));
            }
        }
    }
    Ok(Listed {
        list: ListBody {
            cursor: loose.cursor,
            now: loose.now,
            complete: loose.complete,
            next: loose.next,
            incidents,
            gone: loose.gone,
        },
        unreadable,
    })
}
