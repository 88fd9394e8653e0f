//! Work that the board wants done outside: commands sent, incidents and timelines read. Each errand runs by itself and
//! brings a message back; what it means for the screen is `ui`'s. Nothing here makes a viewer's loop wait.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};

use crate::client::{Api, ApiError, Watch};
use crate::domain::command::Command;
use crate::domain::command::break_glass::BreakGlass;
use crate::domain::command::open::Open;
use crate::domain::instant::Mono;
use crate::domain::view::IncidentView;
use crate::net::seconds;
use crate::time::{SharedClock, timeout};
use crate::ui::message::{Effect, Message, Reply};
use crate::wire::CommandAnswerBody;

/// Most errands under way at once.
const AT_ONCE: usize = 32;
/// How often a command is sent before it is given up, and within which time, in milliseconds.
const TRIES: u32 = 3;
const TRIES_WITHIN_MS: i64 = 8_000;
/// The longest one try waits for its answer.
const TRY_WITHIN_MS: i64 = 4_000;
/// A rest too short for another try.
const TRY_AT_LEAST_MS: i64 = 250;
/// Most entries of a timeline.
const ENTRIES: usize = 2_000;

/// Carries out effects for one viewer.
pub struct Errand {
    shared: Arc<Shared>,
    free: Arc<Semaphore>,
}

struct Shared {
    apis: Vec<Api>,
    watch: watch::Receiver<Arc<Watch>>,
    clock: SharedClock,
    news: mpsc::Sender<Message>,
    /// Makes tickets of different sessions into different keys.
    session: u128,
    /// What was read goes on the board at once.
    takes_in: bool,
}

impl Errand {
    /// For a viewer that reads `news`; `apis` are the sources in the board's order.
    pub fn new(
        apis: Vec<Api>,
        watch: watch::Receiver<Arc<Watch>>,
        clock: SharedClock,
        news: mpsc::Sender<Message>,
    ) -> Errand {
        Errand {
            shared: Arc::new(Shared {
                apis,
                watch,
                clock,
                news,
                session: rand::random(),
                takes_in: true,
            }),
            free: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// For a board that others look at too: what this viewer reads comes to it by its own feed alone, for others may not read
    /// the same.
    pub fn keeping_apart(self) -> Errand {
        let shared = Shared {
            takes_in: false,
            apis: self.shared.apis.clone(),
            watch: self.shared.watch.clone(),
            clock: self.shared.clock.clone(),
            news: self.shared.news.clone(),
            session: self.shared.session,
        };
        Errand {
            shared: Arc::new(shared),
            free: self.free,
        }
    }

    /// Starts an errand and returns at once. Effects that are the terminal's are none of ours.
    pub fn send(&self, effect: Effect) {
        match effect {
            Effect::AskNow => self.shared.watch.borrow().ask_now(),
            Effect::Copy(_) | Effect::Bell | Effect::Redraw | Effect::Suspend => {}
            effect => match self.free.clone().try_acquire_owned() {
                Ok(permit) => {
                    let shared = self.shared.clone();
                    tokio::spawn(async move {
                        if let Some(message) = shared.run(effect).await {
                            // A viewer that left needs no answer.
                            drop(shared.news.send(message).await);
                        }
                        drop(permit);
                    });
                }
                Err(_) => {
                    let sentence =
                        "too much is under way already; nothing was sent, wait a moment".to_owned();
                    if let Some(message) = failed(effect, sentence)
                        && self.shared.news.try_send(message).is_err()
                    {
                        tracing::warn!("an errand was dropped: the viewer takes no messages");
                    }
                }
            },
        }
    }
}

/// The message that an errand came to nothing.
fn failed(effect: Effect, sentence: String) -> Option<Message> {
    Some(match effect {
        Effect::Send { ticket, .. }
        | Effect::Open { ticket, .. }
        | Effect::BreakGlass { ticket, .. } => Message::Replied {
            ticket,
            reply: Reply::Unreachable { sentence },
        },
        Effect::Timeline { source, id } => Message::TimelineFailed {
            source,
            id,
            sentence,
        },
        Effect::Reread { source, id } => Message::Reread {
            source,
            id,
            incident: Err(sentence),
        },
        Effect::Explain {
            source,
            id,
            duty,
            version,
        } => Message::Explained {
            source,
            id,
            duty,
            version,
            body: Err(sentence),
        },
        Effect::Preview {
            source,
            id,
            version,
            command,
        } => Message::Previewed {
            source,
            id,
            version,
            command,
            body: Err(sentence),
        },
        Effect::Regimes { source, profile } => Message::Regimes {
            source,
            profile,
            body: Err(sentence),
        },
        Effect::Who { source } => Message::Who {
            source,
            body: Err(sentence),
        },
        _ => return None,
    })
}

impl Shared {
    async fn run(&self, effect: Effect) -> Option<Message> {
        let (Effect::Send { source, .. }
        | Effect::Open { source, .. }
        | Effect::BreakGlass { source, .. }
        | Effect::Timeline { source, .. }
        | Effect::Reread { source, .. }
        | Effect::Explain { source, .. }
        | Effect::Preview { source, .. }
        | Effect::Regimes { source, .. }
        | Effect::Who { source }) = &effect
        else {
            return None;
        };
        let source = *source;
        let Some(api) = self.apis.get(source) else {
            return failed(effect, "that source is not one of ours".to_owned());
        };
        Some(match effect {
            Effect::Send {
                ticket,
                id,
                version,
                command,
                ..
            } => {
                let key = self.key(ticket);
                let sent = self.command(api, &id, Some(version), &command, &key);
                let reply = self.reply(source, sent.await);
                Message::Replied { ticket, reply }
            }
            Effect::BreakGlass {
                ticket, id, reason, ..
            } => {
                let key = self.key(ticket);
                let command = Command::BreakGlass(BreakGlass { reason });
                let sent = self.command(api, &id, None, &command, &key);
                let reply = self.reply(source, sent.await);
                Message::Replied { ticket, reply }
            }
            Effect::Open { ticket, open, .. } => {
                let key = self.key(ticket);
                let answer = self.open(api, &open, &key).await;
                let reply = self.reply(source, answer);
                Message::Replied { ticket, reply }
            }
            Effect::Timeline { id, .. } => timeline(api, source, id).await,
            Effect::Reread { id, .. } => {
                let incident = match api.incident(&id).await {
                    Ok(heard) => {
                        let incident = Arc::new(heard.value);
                        self.take_in(source, &incident);
                        Ok(incident)
                    }
                    Err(error) => Err(error.to_string()),
                };
                Message::Reread {
                    source,
                    id,
                    incident,
                }
            }
            Effect::Explain {
                id, duty, version, ..
            } => {
                let heard = api.explain(&id, &duty).await;
                Message::Explained {
                    source,
                    body: told(heard.map(|heard| heard.value)),
                    id,
                    duty,
                    version,
                }
            }
            Effect::Regimes { profile, .. } => {
                let heard = api.regimes(profile.as_deref()).await;
                Message::Regimes {
                    source,
                    profile,
                    body: told(heard.map(|heard| heard.value)),
                }
            }
            Effect::Who { .. } => Message::Who {
                source,
                body: told(api.who().await.map(|heard| heard.value)),
            },
            Effect::Preview {
                id,
                version,
                command,
                ..
            } => {
                let heard = api.preview(&id, &command).await;
                Message::Previewed {
                    source,
                    id,
                    version,
                    command,
                    body: told(heard.map(|heard| heard.value)),
                }
            }
            _ => return None,
        })
    }

    fn take_in(&self, source: usize, incident: &Arc<IncidentView>) {
        if self.takes_in {
            self.watch.borrow().take_in(source, incident.clone());
        }
    }

    fn key(&self, ticket: u64) -> String {
        format!("board-{:032x}-{ticket}", self.session)
    }

    async fn command(
        &self,
        api: &Api,
        id: &str,
        version: Option<u64>,
        command: &Command,
        key: &str,
    ) -> Result<CommandAnswerBody, ApiError> {
        let mut tries = Tries::new(self.clock.clone(), api.place());
        loop {
            let sent = api.command(id, version, command, key);
            match tries.once(sent).await {
                Some(answer) => return answer,
                None => continue,
            }
        }
    }

    async fn open(&self, api: &Api, open: &Open, key: &str) -> Result<CommandAnswerBody, ApiError> {
        let mut tries = Tries::new(self.clock.clone(), api.place());
        loop {
            match tries.once(api.open(open, key)).await {
                Some(answer) => {
                    return answer.map(|incident| CommandAnswerBody {
                        incident,
                        unmet: Vec::new(),
                    });
                }
                None => continue,
            }
        }
    }

    /// What the board is told, and shows at once where the backend told what the incident is now.
    fn reply(&self, source: usize, answer: Result<CommandAnswerBody, ApiError>) -> Reply {
        let shown = |incident: IncidentView| {
            let incident = Arc::new(incident);
            self.take_in(source, &incident);
            incident
        };
        match answer {
            Ok(body) => Reply::Done {
                incident: shown(body.incident),
                unmet: body.unmet,
            },
            Err(ApiError::Refused { sentence, unmet }) => Reply::Refused { sentence, unmet },
            Err(ApiError::Conflict { incident, sentence }) => Reply::Conflict {
                incident: incident.map(|incident| shown(*incident)),
                sentence,
            },
            Err(error @ (ApiError::NotAllowed { .. } | ApiError::NotFound)) => Reply::NotAllowed {
                sentence: error.to_string(),
            },
            Err(error @ ApiError::Unreachable { refusal: true, .. }) => Reply::Unreachable {
                sentence: format!("{error}. Nothing was sent"),
            },
            Err(error) => Reply::Unreachable {
                sentence: format!(
                    "{error}. Whether it was carried out is not known; to send it again is safe"
                ),
            },
        }
    }
}

/// What was read, or why it was not, in words.
fn told<T>(answer: Result<T, ApiError>) -> Result<Arc<T>, String> {
    answer.map(Arc::new).map_err(|error| error.to_string())
}

/// Attempts at one command: the same key makes them one.
struct Tries {
    clock: SharedClock,
    place: String,
    made: u32,
    ends_at: Mono,
    /// An earlier try may have reached the backend.
    doubtful: bool,
}

impl Tries {
    fn new(clock: SharedClock, place: String) -> Tries {
        Tries {
            ends_at: clock.mono() + TRIES_WITHIN_MS,
            clock,
            place,
            made: 0,
            doubtful: false,
        }
    }

    /// One try. None: it was in vain, a moment has passed, try again.
    async fn once<T>(
        &mut self,
        sent: impl Future<Output = Result<T, ApiError>>,
    ) -> Option<Result<T, ApiError>> {
        self.made += 1;
        let within = (self.ends_at - self.clock.mono()).clamp(TRY_AT_LEAST_MS, TRY_WITHIN_MS);
        let answer = match timeout(&*self.clock, within, sent).await {
            Ok(answer) => answer,
            Err(_) => Err(ApiError::Unreachable {
                sentence: format!(
                    "{} did not answer within {}",
                    self.place,
                    seconds(within.unsigned_abs())
                ),
                refusal: false,
            }),
        };
        let asked = match &answer {
            Err(ApiError::Unreachable { .. }) => 0,
            Err(ApiError::Busy { retry_after_ms, .. }) => retry_after_ms.unwrap_or(0),
            _ => return Some(answer),
        };
        let pause = rand::random_range(200..=400) << (self.made - 1);
        let pause = asked.max(pause);
        let left = self.ends_at - self.clock.mono() - pause;
        if self.made >= TRIES || left < TRY_AT_LEAST_MS {
            return Some(answer.map_err(|error| self.told(error)));
        }
        self.doubtful |= !matches!(answer, Err(ApiError::Unreachable { refusal: true, .. }));
        self.clock.sleep(pause).await;
        None
    }

    /// That nothing was sent holds only if it holds for every try.
    fn told(&self, error: ApiError) -> ApiError {
        match error {
            ApiError::Unreachable { sentence, refusal } => ApiError::Unreachable {
                sentence,
                refusal: refusal && !self.doubtful,
            },
            error => error,
        }
    }
}

/// Reads a timeline from its start, stretch by stretch.
async fn timeline(api: &Api, source: usize, id: String) -> Message {
    let (mut entries, mut after) = (Vec::new(), 0);
    let complete = loop {
        let stretch = match api.timeline(&id, after, true).await {
            Ok(heard) => heard.value,
            Err(error) => {
                return Message::TimelineFailed {
                    source,
                    id,
                    sentence: error.to_string(),
                };
            }
        };
        entries.extend(stretch.entries);
        match stretch.next {
            None => break entries.len() <= ENTRIES,
            // A place that does not move on leads nowhere.
            Some(next) if next > after && entries.len() < ENTRIES => after = next,
            Some(_) => break false,
        }
    };
    entries.truncate(ENTRIES);
    Message::Timeline {
        source,
        id,
        entries,
        complete,
    }
}

#[cfg(test)]
mod tests;
