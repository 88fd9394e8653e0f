//! What a board costs: a frame, a tick, the difference to the terminal, taking in a delta, reading a list; from 100 to
//! 100,000 incidents. Ratios between the sizes say whether the cost depends on how many there are.

#![recursion_limit = "256"]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};
use warboard::domain::board::{Board, Source};
use warboard::domain::instant::{Instant, Mono};
use warboard::domain::view::IncidentView;
use warboard::session::{Depth, Emitter};
use warboard::ui::glyph::Glyphs;
use warboard::ui::input::{Input, Key};
use warboard::ui::keymap::Keymap;
use warboard::ui::message::Message;
use warboard::ui::shared::{Options, Shared};
use warboard::ui::theme::Theme;
use warboard::ui::{App, draw, tick, update};
use warboard::wire::ListBody;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const NOW: &str = "2026-11-23T14:07:32Z";

type Made<T> = Result<T, Box<dyn std::error::Error>>;

fn at(minutes: i64) -> Instant {
    let now: Instant = NOW.parse().unwrap_or_default();
    now + chrono::TimeDelta::minutes(minutes)
}

fn incident(n: usize, version: u64) -> Value {
    let minutes = i64::try_from(n % 4_000).unwrap_or_default() - 300;
    let phases = [
        "detection_and_analysis",
        "containment_eradication_and_recovery",
        "post_incident_activity",
    ];
    json!({
        "id": format!("AZ-{n:06}"), "version": version, "service": "azure", "title": format!("Token of service {n} used from elsewhere"),
        "summary": "x".repeat(200), "codename": format!("COPPER HERON {n}"), "masked": [], "classification": "suspected_breach",
        "severity": format!("sev{}", 1 + n % 5), "reportable": "declared", "responsibility": "provider", "phase": phases[n % 3],
        "pass": 1 + n % 2, "phase_since": at(-100), "opened_at": at(-4_000), "occurred_at": null, "starts_at": null, "ended": null,
        "closed_at": null, "updated_at": at(-10), "exercise": false, "tlp": "amber", "owner": "azure-security-response",
        "owner_lead": null, "service_team": "azure-engineering", "service_lead": null, "commander": "d.okafor", "deputy": null,
        "scribe": null, "bridge": null, "channel": null, "out_of_band": null, "triggers": {}, "regimes": ["ms-72h"], "profile": {},
        "duties": [{"id": "ms-72h/customer", "regime": "ms-72h", "stage": "customer", "subject": "all", "to": "customers",
            "rule": "MS 72 h (practice)", "status": "running", "trigger": "declared_at", "counted_from": at(minutes - 4_320),
            "due_at": at(minutes), "limit_at": null, "latest_start_at": at(minutes - 150), "prepare_for": "2h30m",
            "decider": {"team": "privacy-azure", "person": null}, "direction": "deadline", "submitted_at": null, "outcome": null,
            "told": null, "citation": "Microsoft Learn, breach notice", "confidence": "located", "verified": "2026-11-23", "enabled": true}],
        "gates": [], "pages": [], "lessons": [], "review": null, "upstream": null
    })
}

fn view(n: usize, version: u64) -> Made<Arc<IncidentView>> {
    Ok(Arc::new(serde_json::from_value(incident(n, version))?))
}

fn source(incidents: Vec<Arc<IncidentView>>) -> Source {
    Source {
        incidents: Arc::new(incidents),
        complete: true,
        heard: Some(Mono(1_000_000)),
        as_of: Some(at(0)),
        offset_ms: Some(at(0).timestamp_millis() - 1_000_000),
        ..Source::new("azure")
    }
}

fn board(source: Source) -> Arc<Board> {
    Arc::new(Board {
        sources: vec![Arc::new(source)],
        generation: 1,
    })
}

fn app(size: usize) -> Made<(App, Vec<Arc<IncidentView>>)> {
    let incidents: Vec<_> = (0..size).map(|n| view(n, 1)).collect::<Made<_>>()?;
    let theme = Theme::shipped("night")?;
    let shared = Shared::new(
        Options::default(),
        theme,
        Glyphs::default(),
        Keymap::default(),
    );
    let mut app = App::new(shared);
    update(
        &mut app,
        Message::Tick {
            mono: Mono(1_000_000),
            wall: at(0),
        },
    );
    update(&mut app, Message::Input(Input::Resize { w: 200, h: 50 }));
    update(&mut app, Message::Board(board(source(incidents.clone()))));
    Ok((app, incidents))
}

fn screens(c: &mut Criterion) {
    let done = all_screens(c);
    assert!(done.is_ok(), "{done:?}");
}

fn all_screens(c: &mut Criterion) -> Made<()> {
    let area = Rect::new(0, 0, 200, 50);
    for size in SIZES {
        let (mut app, incidents) = app(size)?;
        let mut buffer = Buffer::empty(area);
        let live = draw(&app, &mut buffer);
        c.bench_with_input(BenchmarkId::new("frame", size), &size, |b, _| {
            b.iter(|| {
                buffer.reset();
                black_box(draw(&app, &mut buffer))
            });
        });
        c.bench_with_input(BenchmarkId::new("tick", size), &size, |b, _| {
            b.iter(|| black_box(tick(&live, Mono(1_001_000))));
        });
        c.bench_with_input(BenchmarkId::new("difference", size), &size, |b, _| {
            let mut emitter = Emitter::new(200, 50, Depth::True);
            emitter.frame(&buffer);
            b.iter(|| black_box(emitter.frame(&buffer).len()));
        });
        c.bench_with_input(BenchmarkId::new("key", size), &size, |b, _| {
            b.iter(|| {
                update(&mut app, Message::Input(Input::Key(Key::char('j'))));
                update(&mut app, Message::Input(Input::Key(Key::char('k'))))
            });
        });
        let mut changed = incidents.clone();
        changed[size / 2] = view(size / 2, 2)?;
        let boards = [board(source(incidents)), board(source(changed))];
        let mut turn = 0;
        c.bench_with_input(
            BenchmarkId::new("update by a delta of one", size),
            &size,
            |b, _| {
                b.iter_batched(
                    || {
                        turn += 1;
                        Message::Board(boards[turn % 2].clone())
                    },
                    |message| update(&mut app, message),
                    BatchSize::SmallInput,
                );
            },
        );
    }
    Ok(())
}

fn decode(c: &mut Criterion) {
    let incidents: Vec<Value> = (0..1_000).map(|n| incident(n, 1)).collect();
    let list = json!({"cursor": "e-1", "now": NOW, "complete": true, "next": null, "incidents": incidents});
    let bytes = list.to_string().into_bytes();
    c.bench_function("decode a list of 1000", |b| {
        b.iter(|| {
            serde_json::from_slice::<ListBody>(black_box(&bytes)).map(|list| list.incidents.len())
        });
    });
}

criterion_group!(benches, screens, decode);
criterion_main!(benches);
