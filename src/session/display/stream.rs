//! What one display is sent: the first picture whole, then the rows that changed, as server-sent events. A display that takes
//! nothing is sent nothing: the next event is made when there is room for it, of the latest picture. What is drawn, is `show`'s.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use chrono::SecondsFormat;
use futures::Stream;
use http::StatusCode;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::page;
use super::pair::DISPLAY;
use super::show::{Picture, Pictures};
use crate::domain::instant::Mono;
use crate::server::{Authorized, LookingOn, ServerState, Share};

/// A token is looked at again at least so often, whether or not one is known to have changed.
const LOOK_AFTER_MS: i64 = 60_000;

/// Why a stream ends, as the page is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The token was revoked, or its time is over.
    Unpaired,
    /// The backend ends.
    Backend,
}

impl End {
    const fn word(self) -> &'static str {
        match self {
            End::Unpaired => "unpaired",
            End::Backend => "ending",
        }
    }
}

/// A display's place among all, and among those of its pairing.
pub type Place = (OwnedSemaphorePermit, Share<String>);

/// One display, looking on.
pub struct Viewing {
    state: Arc<ServerState>,
    who: Authorized,
    tokens: watch::Receiver<u64>,
    look_at: Mono,
    pictures: Pictures,
    sent: Sent,
    over: bool,
    _place: Place,
    _looking_on: LookingOn,
}

impl Viewing {
    /// Holds its place among all displays for as long as it lasts.
    pub fn new(
        state: Arc<ServerState>,
        who: Authorized,
        mut pictures: Pictures,
        place: Place,
    ) -> Viewing {
        // What is there already is news to this display.
        pictures.mark_changed();
        let name = &who.token.name;
        let name = name.strip_prefix(DISPLAY).unwrap_or(name);
        Viewing {
            _looking_on: LookingOn::begin(&state, name, who.caller.role),
            tokens: state.token_changes(),
            look_at: state.clock.mono() + LOOK_AFTER_MS,
            state,
            who,
            pictures,
            sent: Sent::default(),
            over: false,
            _place: place,
        }
    }

    /// The events, one after the other.
    pub fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        futures::stream::unfold(self, |mut viewing| async move {
            let event = viewing.next().await?;
            Some((Ok(event), viewing))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let clock = self.state.clock.clone();
        loop {
            let left = (self.who.token.expires_at - clock.now()).num_milliseconds();
            let ended = tokio::select! {
                biased;
                () = self.state.is_ending() => Some(End::Backend),
                () = clock.sleep(left) => Some(End::Unpaired),
                () = clock.sleep_until(self.look_at) => self.looked_at_again().await,
                _ = self.tokens.changed() => self.looked_at_again().await,
                changed = self.pictures.changed() => {
                    // Whoever draws is gone: the display comes again.
                    changed.ok()?;
                    let picture = self.pictures.borrow_and_update().clone();
                    if let Some(picture) = picture {
                        return Some(event("frame", &self.sent.news(&picture)));
                    }
                    None
                }
            };
            if let Some(end) = ended {
                self.over = true;
                return Some(event("end", &json!({"why": end.word()}).to_string()));
            }
        }
    }

    async fn looked_at_again(&mut self) -> Option<End> {
        self.look_at = self.state.clock.mono() + LOOK_AFTER_MS;
        let again = self.who.again(&self.state).await;
        // A store that cannot be read says nothing about the token.
        let refused = again.is_err_and(|problem| problem.status() == StatusCode::UNAUTHORIZED);
        refused.then_some(End::Unpaired)
    }
}

/// The rows a display has: empty before the first picture.
#[derive(Debug, Default)]
struct Sent(Vec<Arc<str>>);

impl Sent {
    /// What a display is told to have this picture: all of it at first, then the rows that are others than those it has,
    /// however many pictures it has missed.
    fn news(&mut self, picture: &Picture) -> String {
        let whole = self.0.len() != picture.rows.len();
        let at = picture.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut data = format!("{{\"at\":\"{at}\"");
        if whole {
            let _ = write!(
                data,
                ",\"whole\":true,\"columns\":{},\"lines\":{},\"letters\":\"{}\",\"ground\":\"{}\",\"build\":\"{}\"",
                picture.size.w,
                picture.size.h,
                picture.letters,
                picture.ground,
                page::build()
            );
        }
        data.push_str(",\"rows\":[");
        let mut first = true;
        for (y, row) in picture.rows.iter().enumerate() {
            if !whole && self.0.get(y).is_some_and(|sent| Arc::ptr_eq(sent, row)) {
                continue;
            }
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            let _ = write!(data, "{comma}[{y},{row}]");
        }
        data.push_str("]}");
        self.0.clone_from(&picture.rows);
        data
    }
}

/// An event on the wire; JSON has no line of its own in it.
fn event(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::session::display::show::Size;

    fn picture(rows: &[&Arc<str>]) -> Picture {
        Picture {
            size: Size { w: 40, h: 12 },
            at: chrono::DateTime::from_timestamp(1_795_442_852, 0).unwrap(),
            letters: "#ffffff".to_owned(),
            ground: "#000000".to_owned(),
            rows: rows.iter().map(|row| Arc::clone(row)).collect(),
        }
    }

    #[test]
    fn a_display_that_missed_pictures_is_told_the_last_one_only() {
        let [a, b, c, d]: [Arc<str>; 4] =
            ["[\"a\"]", "[\"b\"]", "[\"c\"]", "[\"d\"]"].map(Arc::from);
        let mut sent = Sent::default();
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let first = read(sent.news(&picture(&[&a, &b])));
        assert_eq!(first["whole"], true);
        assert_eq!(first["columns"], 40);
        assert_eq!(first["rows"].to_string(), r#"[[0,["a"]],[1,["b"]]]"#);
        // `c` stood in a picture that was never sent.
        let _missed = picture(&[&c, &b]);
        let next = read(sent.news(&picture(&[&d, &b])));
        assert_eq!(next["rows"].to_string(), r#"[[0,["d"]]]"#);
        assert!(next.get("whole").is_none());
        // Nothing new is a sign of life.
        let still = read(sent.news(&picture(&[&d, &b])));
        assert_eq!(still["rows"].to_string(), "[]");
    }
}
