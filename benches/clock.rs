//! What clocks cost: duties of 10,000 incidents with ten each, one incident alone, and reading the catalogue.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use warboard::domain::directory::Directory;
use warboard::domain::duty::{Rules, derive};
use warboard::domain::event::{Event, Opened};
use warboard::domain::incident::{Incident, Stamp};
use warboard::domain::instant::Instant;
use warboard::domain::when::When;
use warboard::domain::word::{Precision, Tlp, Via};

/// Ten stages with clocks of every common kind.
const REGIMES: [&str; 4] = ["ms-dpa", "ms-72h", "gdpr-33", "dora-19"];
const INCIDENTS: usize = 10_000;

fn incident(n: usize, now: Instant) -> Incident {
    let at = now - chrono::TimeDelta::minutes(i64::try_from(n % 4_000).unwrap_or_default());
    let stamp = Stamp {
        version: 1,
        at,
        by: "d.okafor".to_owned(),
        via: Via::Api,
    };
    let profile = json!({"zone": "Europe/Berlin", "calendar": "de-national", "roles": ["controller", "processor"], "affected": {"tenants": n}});
    let opened = Opened {
        id: format!("AZ-{n}"),
        codename: format!("COPPER HERON {n}"),
        service: "azure".to_owned(),
        title: "Token of a service used from elsewhere".to_owned(),
        summary: None,
        classification: None,
        severity: None,
        tlp: Tlp::Amber,
        people: Vec::new(),
        exercise: false,
        starts_at: None,
        occurred_at: None,
        owner: "azure-security-response".to_owned(),
        service_team: None,
        regimes: REGIMES.map(str::to_owned).to_vec(),
        profile: profile.as_object().cloned().unwrap_or_default(),
        upstream: None,
    };
    let mut incident = Incident::opened(&opened, &stamp);
    for trigger in ["aware_at", "classified_major_at", "declared_at"] {
        let event = Event::TimeRecorded {
            trigger: trigger.to_owned(),
            at: When::exact(at),
            precision: Precision::Exact,
            source: None,
            reason: None,
            duty: None,
            proposed: false,
        };
        incident.apply(&event, &stamp);
    }
    incident
}

fn clocks(criterion: &mut Criterion) {
    let now: Instant = "2026-11-23T14:07:32Z".parse().unwrap_or_default();
    let (rules, directory) = (Rules::built_in().unwrap_or_default(), Directory::default());
    let incidents: Vec<Incident> = (0..INCIDENTS).map(|n| incident(n, now)).collect();
    let duties = incidents
        .iter()
        .map(|i| derive(i, &directory, &rules, now).len());
    assert!(duties.min() >= Some(10), "the catalogue is not read");
    let mut group = criterion.benchmark_group("clock");
    group.sample_size(10);
    group.bench_function("derive 10,000 incidents", |bencher| {
        bencher.iter(|| {
            let all = incidents.iter();
            all.map(|i| derive(black_box(i), &directory, &rules, now).len())
                .sum::<usize>()
        });
    });
    group.bench_function("derive 1 incident", |bencher| {
        let one = incident(1, now);
        bencher.iter(|| derive(black_box(&one), &directory, &rules, now));
    });
    group.bench_function("read the catalogue", |bencher| {
        bencher.iter(Rules::built_in);
    });
    group.finish();
}

criterion_group!(benches, clocks);
criterion_main!(benches);
