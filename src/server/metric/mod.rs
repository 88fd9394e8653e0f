//! What a backend counts of itself, in a registry that its state owns: what happens is counted where it happens, what is
//! there is measured when somebody asks (`scrape`). Labels are closed lists: nothing of an incident is one.

mod scrape;

use std::collections::HashMap;
use std::sync::Arc;

use http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::outbox::EXERCISE;
use crate::domain::instant::Mono;
use crate::paging::Sent;
use crate::paging::settings::RouteKind;
use crate::store::{Store, StoreError, Tally};

pub use scrape::routes;

/// The opening of an incident that exists for some people only, among the words of commands.
pub const OPEN_RESTRICTED: &str = "open_restricted";
/// Upper bounds of the counted waits of a page's first attempt, in seconds: promised are two.
const DELAYS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Upper bounds of the counted durations of commands, in seconds.
const DURATIONS: [f64; 11] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    command: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

/// The counts of one backend.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    commands: Family<CommandLabels, Histogram, fn() -> Histogram>,
    attempts: Family<AttemptLabels, Counter>,
    first_attempts: Histogram,
    store_errors: Family<KindLabel, Counter>,
    connections: Gauge,
    waiters: Gauge,
    measured: Measured,
}

/// What is measured when somebody asks. Exercises are left out: they page nobody and bind nobody.
struct Measured {
    pages: Family<StateLabel, Gauge>,
    pages_waiting: Gauge,
    oldest_unacknowledged_s: Gauge,
    escalations: Counter,
    duties: Family<StatusLabel, Gauge>,
    duties_past_latest_start: Gauge,
    duties_past_due: Gauge,
    feed_lag: Gauge,
    store_ready: Gauge,
    tokens_expiring: Gauge,
    /// One measures at a time.
    turn: tokio::sync::Mutex<Turn>,
}

/// What is kept from one measurement to the next.
#[derive(Default)]
struct Turn {
    /// When it was last done, by the monotonic clock.
    at: Option<Mono>,
    /// Escalations counted already, by the incident: what is counted stays, though the incident becomes restricted.
    escalated: HashMap<String, u64>,
}

/// The store's own counts, read when somebody asks.
#[derive(Debug)]
struct OfStore(Arc<Tally>);

impl Collector for OfStore {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let tally = &self.0;
        for (name, help, value) in [
            (
                "store_commits",
                "Transactions that are on disk",
                tally.commits(),
            ),
            (
                "store_failed_commits",
                "Transactions that were not written",
                tally.failures(),
            ),
            (
                "store_turned_away",
                "Works that were refused because too many waited already",
                tally.busy(),
            ),
        ] {
            let of = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(of)?;
        }
        let help = "Works that waited for the writer when it last looked";
        let of = encoder.encode_descriptor("store_queue", help, None, MetricType::Gauge)?;
        ConstGauge::new(tally.queued()).encode(of)?;
        let spread = &tally.batches;
        let buckets: Vec<(f64, u64)> = spread
            .counts()
            .map(|(bound, n)| (f64::from(u32::try_from(bound).unwrap_or(u32::MAX)), n))
            .collect();
        let within: u64 = buckets.iter().map(|(_, n)| n).sum();
        let count = within + spread.over();
        // A sum of counts is far below where a float loses whole numbers.
        let sum = f64::from(u32::try_from(spread.sum()).unwrap_or(u32::MAX));
        let help = "Works that one transaction carried";
        encoder
            .encode_descriptor("store_batch_size", help, None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

/// Counted as long as it lives.
pub struct Held(Gauge);

impl Held {
    fn new(gauge: &Gauge) -> Held {
        gauge.inc();
        Held(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A delivery's kind of route as a label, from `<place>/<kind>`.
fn kind_of(route: &str) -> &'static str {
    let kind = route.rsplit('/').next().unwrap_or_default();
    let mut kinds = RouteKind::ALL.iter().map(|kind| kind.as_str());
    match kind {
        EXERCISE => EXERCISE,
        kind => kinds.find(|known| *known == kind).unwrap_or("other"),
    }
}

fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    }
}

/// How a command ended, from the status of its answer.
pub fn result_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "done",
        401 | 403 => "not_allowed",
        412 => "conflict",
        400..=499 => "refused",
        _ => "failed",
    }
}

impl Metrics {
    /// Nothing counted yet, over this store.
    pub fn new(store: &dyn Store) -> Metrics {
        let mut registry = Registry::with_prefix("warboard");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This program", build);
        registry.register_collector(Box::new(OfStore(store.tally())));
        let requests = Family::default();
        registry.register(
            "requests",
            "Requests answered, by the route they matched",
            requests.clone(),
        );
        let durations: fn() -> Histogram = || Histogram::new(DURATIONS);
        let commands = Family::new_with_constructor(durations);
        registry.register_with_unit(
            "command_duration",
            "From a command's arrival to its answer",
            Unit::Seconds,
            commands.clone(),
        );
        let attempts = Family::default();
        registry.register(
            "delivery_attempts",
            "Attempts to deliver a page, by kind of route",
            attempts.clone(),
        );
        let first_attempts = Histogram::new(DELAYS);
        registry.register_with_unit(
            "first_attempt_delay",
            "From a page's commit to the begin of its first attempt",
            Unit::Seconds,
            first_attempts.clone(),
        );
        let store_errors = Family::default();
        registry.register(
            "store_errors",
            "What the store did not do when asked",
            store_errors.clone(),
        );
        let metrics = Metrics {
            connections: gauge(&mut registry, "connections", "Connections open now"),
            waiters: gauge(
                &mut registry,
                "feed_waiters",
                "Requests held open until something changes",
            ),
            measured: Measured::new(&mut registry),
            registry,
            requests,
            commands,
            attempts,
            first_attempts,
            store_errors,
        };
        // A rate needs a beginning: what may ring is there from the start.
        for kind in ["unavailable", "full", "unknown", "busy", "corrupt", "fault"] {
            drop(metrics.store_errors.get_or_create(&KindLabel { kind }));
        }
        let kinds = RouteKind::ALL.iter().map(|kind| kind.as_str());
        for kind in kinds.chain([EXERCISE]) {
            for result in Sent::WORDS {
                let labels = AttemptLabels { kind, result };
                drop(metrics.attempts.get_or_create(&labels));
            }
        }
        metrics
    }

    /// A connection is open as long as what this gives lives.
    pub fn connection(&self) -> Held {
        Held::new(&self.connections)
    }

    /// A request is held open as long as what this gives lives.
    pub fn waiter(&self) -> Held {
        Held::new(&self.waiters)
    }

    /// A request was answered; `route` as the router has it, None where there is none.
    pub fn request(&self, asked: &Method, route: Option<&str>, status: StatusCode) {
        let labels = RequestLabels {
            method: method(asked),
            route: route.unwrap_or("none").into(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// A command was answered with this status after so many milliseconds. What is asked of restricted incidents alone is not
    /// counted: the count would tell that there is one.
    pub fn command(&self, command: &'static str, status: StatusCode, took_ms: i64) {
        if matches!(command, "restrict" | "break_glass" | OPEN_RESTRICTED) {
            return;
        }
        let result = result_of(status);
        let labels = CommandLabels { command, result };
        self.commands
            .get_or_create(&labels)
            .observe(seconds(took_ms));
    }

    /// An attempt to deliver ended.
    pub fn attempt(&self, route: &str, ended: &Sent) {
        let labels = AttemptLabels {
            kind: kind_of(route),
            result: ended.word(),
        };
        self.attempts.get_or_create(&labels).inc();
    }

    /// The first attempt of a page began so many milliseconds after its commit.
    pub fn first_attempt(&self, after_ms: i64) {
        self.first_attempts.observe(seconds(after_ms));
    }

    /// The store did not do something.
    pub fn store_error(&self, error: &StoreError) {
        let kind = error.word();
        self.store_errors.get_or_create(&KindLabel { kind }).inc();
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn seconds(ms: i64) -> f64 {
    f64::from(i32::try_from(ms.max(0)).unwrap_or(i32::MAX)) / 1_000.0
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

impl Measured {
    fn new(registry: &mut Registry) -> Measured {
        let (pages, duties) = (Family::default(), Family::default());
        registry.register(
            "pages",
            "Pages by state, without those of exercises",
            pages.clone(),
        );
        registry.register(
            "duties",
            "Duties of open incidents by status, without those of exercises",
            duties.clone(),
        );
        let escalations = Counter::default();
        registry.register(
            "page_escalations",
            "Escalations on record, over all pages",
            escalations.clone(),
        );
        let mut gauge = |name: &str, help: &str| gauge(registry, name, help);
        Measured {
            pages,
            duties,
            escalations,
            pages_waiting: gauge(
                "pages_waiting",
                "Pages that wait for an attempt to deliver them",
            ),
            oldest_unacknowledged_s: gauge(
                "page_oldest_unacknowledged_seconds",
                "Age of the oldest page that nobody has acknowledged; 0 where there is none",
            ),
            duties_past_latest_start: gauge(
                "duties_past_latest_start",
                "Duties not met whose latest start is past",
            ),
            duties_past_due: gauge("duties_past_due", "Duties not met whose due is past"),
            feed_lag: gauge(
                "feed_lag_entries",
                "Entries of the store that readers are not shown yet",
            ),
            store_ready: gauge("store_ready", "1 where the store can be written"),
            tokens_expiring: gauge("tokens_expiring", "Working tokens that end within 7 days"),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_of_a_closed_list_whatever_a_route_or_a_method_says() {
        assert_eq!(kind_of("0/webhook"), "webhook");
        assert_eq!(kind_of("exercise"), "exercise");
        assert_eq!(kind_of("3/<script>"), "other");
        assert_eq!(method(&Method::POST), "POST");
        assert_eq!(method(&Method::PUT), "PUT");
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(result_of(StatusCode::PRECONDITION_REQUIRED), "refused");
    }
}
