//! One turn with a source: reads what changed or its list, then writes there what is to be written. It backs off and never
//! gives up; how far it has come stands in `server::connector`.

use super::lease::Asker;
use super::list::{UNREAD, believed, changed, look_for, read};
use super::memory::{Memory, TurnError};
use super::note::{Answers, write_notes};
use super::phase::write_phases;
use super::take::mark;
use crate::connector::error::ConnectorError;
use crate::connector::port::{Delta, Watch, Watermark};
use crate::domain::text::SafeText;
use crate::server::connector::{Ailment, TROUBLE_CELLS};

/// How often the whole list is read where changes are told otherwise.
const RESYNC_AFTER_MS: i64 = 300_000;
/// The longest wait after failures.
const LONGEST_WAIT_MS: i64 = 60_000;

/// One turn; milliseconds until the next.
pub(super) async fn ask(asker: &Asker, memory: &mut Memory) -> i64 {
    let Asker { state, polled, .. } = asker;
    let interval = polled.settings.vendor.interval_ms;
    polled.note(|progress| progress.asked_at = Some(state.clock.now()));
    let read = turn(asker, memory).await.err();
    let ends = |error: &Option<TurnError>| error.as_ref().is_some_and(TurnError::ends_turn);
    // What cannot be read keeps nothing from being written: that is compared with what stands there, one by one.
    let moved = match ends(&read) {
        false => write_phases(asker, memory).await.err(),
        true => None,
    };
    // What will not be written there is told even while the source is away.
    let answers = match (&read, ends(&read) || ends(&moved)) {
        (None, false) => Answers::Well,
        (Some(_), false) => Answers::Badly,
        (_, true) => Answers::No,
    };
    let is_ours = |error: &Option<TurnError>| {
        let source = |error: &TurnError| matches!(error, TurnError::Source(_));
        error.as_ref().is_none_or(source)
    };
    let noted = match is_ours(&read) && is_ours(&moved) {
        true => write_notes(asker, memory, answers).await.err(),
        false => None,
    };
    let Some(error) = noted.or(moved).or(read) else {
        memory.failures = 0;
        return interval;
    };
    if matches!(error, TurnError::Lost) {
        // Whoever has the source says how it stands.
        return interval;
    }
    memory.failures = memory.failures.saturating_add(1);
    let text = SafeText::line(&error.to_string()).truncated(TROUBLE_CELLS);
    let ailment = Ailment::of_source(&error.to_string(), &error.plain());
    tracing::warn!(
        connector = polled.settings.name,
        error = text,
        "a source could not be read"
    );
    polled.note(|progress| progress.trouble = vec![ailment]);
    let doubled = interval << memory.failures.min(4);
    match error {
        TurnError::Source(ConnectorError::RateLimited { retry_at }) => (retry_at
            - state.clock.now())
        .num_milliseconds()
        .max(interval),
        _ => doubled.min(LONGEST_WAIT_MS),
    }
}

async fn turn(asker: &Asker, memory: &mut Memory) -> Result<(), TurnError> {
    let Asker { state, polled, .. } = asker;
    let tells = polled.connector.capabilities().watch != Watch::FullDiff;
    let fresh = memory
        .whole_at
        .is_some_and(|at| state.clock.mono() - at < RESYNC_AFTER_MS);
    if let (true, true, Some(since)) = (tells, fresh, memory.watermark.clone()) {
        let begun = state.clock.now();
        match polled.connector.changes(&since).await? {
            Delta::Resync => {}
            Delta::Cases {
                cases,
                gone,
                unread,
                watermark,
            } => {
                changed(asker, memory, cases).await?;
                for key in gone {
                    mark(asker, &key, "gone").await?;
                }
                for (key, error) in unread {
                    let now = state.clock.mono();
                    memory.unread.put(key, UNREAD, &error, now);
                }
                look_for(asker, memory, false).await?;
                let latest = watermark.at;
                memory.watermark = Some(Watermark {
                    at: believed(latest, begun),
                    ..watermark
                });
                polled.note(|progress| {
                    progress.answered_at = Some(state.clock.now());
                    progress.changed_at = Some(latest);
                    progress.trouble = memory.trouble();
                });
                return Ok(());
            }
        }
    }
    read(asker, memory).await
}
