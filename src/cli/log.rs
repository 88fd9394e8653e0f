//! The log of a server: one line an event, as text for a person or as JSON for a collector, on the stream it is given.
//! What is logged each room says; that no text in it acts on a terminal or makes a line of its own is seen to here.

mod field;

use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use self::field::SpanFields;
use crate::domain::text::{SafeText, json_ascii};

/// What is logged where `WARBOARD_LOG` says nothing: commands, deliveries, and whatever is wrong.
const FILTER: &str = "warn,warboard=info,login=info,russh=off";

/// The form of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// The log as a process installs it. `filter` is what `WARBOARD_LOG` says, in the form of `tracing`'s directives.
///
/// # Errors
/// The filter is none.
pub fn log(
    format: LogFormat,
    filter: Option<&str>,
    sink: impl Write + Send + 'static,
) -> Result<Dispatch, String> {
    let filter = EnvFilter::try_new(filter.unwrap_or(FILTER)).map_err(|error| {
        format!("WARBOARD_LOG is no filter: {error}; write it as  warn,warboard=debug")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Sink {
            format,
            to: Arc::new(Mutex::new(sink)),
        });
    Ok(match format {
        LogFormat::Text => Dispatch::new(log.finish()),
        LogFormat::Json => {
            let log = log.json().flatten_event(true).fmt_fields(SpanFields);
            Dispatch::new(log.finish())
        }
    })
}

/// Where lines go, made harmless.
struct Sink<W> {
    format: LogFormat,
    to: Arc<Mutex<W>>,
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Sink<W> {
    type Writer = Line<W>;

    fn make_writer(&'a self) -> Line<W> {
        Line {
            format: self.format,
            to: self.to.clone(),
        }
    }
}

/// One event's line.
struct Line<W> {
    format: LogFormat,
    to: Arc<Mutex<W>>,
}

impl<W: Write> Write for Line<W> {
    /// The subscriber writes each event as a whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut line = match self.format {
            LogFormat::Text => SafeText::line(text).shown().to_owned(),
            LogFormat::Json => json_ascii(text),
        };
        line.push('\n');
        let mut to = self.to.lock();
        // A log that cannot be written, on a full disk, must not end or hold up what it tells of.
        let _ = to.write_all(line.as_bytes()).and_then(|()| to.flush());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str =
        "a\u{1b}]0;owned\u{7}\u{9b}31m\r\n2026-01-01 ERROR forged\u{202e}line\u{2028}x\u{7f}";

    fn logged(format: LogFormat) -> String {
        let kept = Kept::default();
        let dispatch = log(format, Some("info"), kept.clone()).unwrap();
        tracing::dispatcher::with_default(&dispatch, || {
            let span = tracing::error_span!("request", token = HOSTILE);
            let _inside = span.enter();
            tracing::info!(incident = HOSTILE, error = %HOSTILE, "{HOSTILE}");
            tracing::debug!("filtered");
        });
        String::from_utf8(kept.0.lock().clone()).unwrap()
    }

    #[test]
    fn hostile_text_makes_no_line_of_its_own_and_no_control_sequence() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format);
            let line = text.strip_suffix('\n').unwrap();
            let bad = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}');
            assert!(!line.contains(bad), "{line:?}");
            assert!(line.contains("forged"), "{line}");
        }
    }

    #[test]
    fn json_is_one_object_a_line_with_its_fields() {
        let text = logged(LogFormat::Json);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["incident"], HOSTILE);
        assert_eq!(value["span"]["token"], HOSTILE);
        assert_eq!(value["level"], "INFO");
    }

    #[test]
    fn what_is_said_of_a_span_late_stands_in_its_object() {
        let kept = Kept::default();
        let dispatch = log(LogFormat::Json, Some("info"), kept.clone()).unwrap();
        tracing::dispatcher::with_default(&dispatch, || {
            let empty = tracing::field::Empty;
            let span = tracing::error_span!("request", count = 7_u64, route = empty, token = empty);
            let bare = tracing::error_span!("bare", late = empty);
            span.record("route", "/v1/{id}");
            span.record("token", HOSTILE);
            span.record("route", tracing::field::display("/v1/changes"));
            bare.record("late", true);
            span.in_scope(|| bare.in_scope(|| tracing::info!("seen")));
        });
        let text = String::from_utf8(kept.0.lock().clone()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let request = serde_json::json!(
            {"count": 7, "route": "/v1/changes", "token": HOSTILE, "name": "request"}
        );
        let bare = serde_json::json!({"late": true, "name": "bare"});
        assert_eq!(value["span"], bare);
        assert_eq!(value["spans"], serde_json::json!([request, bare]));
    }

    #[test]
    fn a_filter_that_is_none_is_told() {
        let error = log(LogFormat::Text, Some("warboard=loud"), Vec::new()).unwrap_err();
        assert!(error.contains("WARBOARD_LOG"), "{error}");
        assert!(log(LogFormat::Text, None, Vec::new()).is_ok());
    }
}
