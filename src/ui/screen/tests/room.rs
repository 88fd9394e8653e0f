//! Proofs of what gives way where there is little room, and of what never does: counts, marks, names, whose it is.

use super::*;
use crate::domain::view::IncidentView;
use crate::domain::word::DutyStatus;
use crate::ui::fixture::part;

const AZURE: usize = 0;

/// One screen over one source's incidents, changed.
fn changed(screen: ScreenName, change: impl Fn(&mut IncidentView)) -> App {
    let mut app = showing(screen, "night");
    update(&mut app, Message::Board(board_with(AZURE, change)));
    app.show(screen);
    app
}

/// All sources live: nothing of the head depends on an age.
fn live(app: &mut App) {
    let mut board = Board::clone(&app.shared.board);
    for source in &mut board.sources {
        let heard = Some(app.shared.now);
        *source = Arc::new(Source {
            heard,
            ..Source::clone(source)
        });
    }
    board.generation += 1;
    update(app, Message::Board(Arc::new(board)));
}

fn with(id: &str, change: impl Fn(&mut IncidentView)) -> impl Fn(&mut IncidentView) {
    let id = id.to_owned();
    move |incident| {
        if incident.id == id {
            change(incident);
        }
    }
}

fn row(seen: &str, n: usize) -> &str {
    seen.lines().nth(n).unwrap_or_default()
}

/// Under 72 columns no screen with a title had counts or a mark.
#[test]
fn every_titled_screen_has_counts_and_mark_at_every_size() {
    for screen in [
        ScreenName::Teams,
        ScreenName::Clocks,
        ScreenName::People,
        ScreenName::Incident,
    ] {
        for (w, h) in [(120, 34), (80, 24), (60, 16), (40, 12)] {
            let mut app = showing(screen, "night");
            for all_live in [false, true] {
                if all_live {
                    live(&mut app);
                }
                let seen = picture(&mut app, w, h);
                let head = format!("{}\n{}", row(&seen, 0), row(&seen, 1));
                for words in ["14:07:32 UTC", "11 real · 1 ", "TLP:AMBER"] {
                    assert!(head.contains(words), "{screen:?} {w}x{h} {words}\n{seen}");
                }
            }
        }
    }
}

/// The sources stretched to their long form, and it was not seen that a filter hides incidents.
#[test]
fn that_a_filter_hides_something_goes_after_the_long_names_of_sources() {
    let mut app = showing(ScreenName::Incident, "night");
    live(&mut app);
    app.show_incident(az_142());
    app.shared.filter = crate::ui::index::Filter::default().with_text("heron");
    let board = app.shared.board.clone();
    update(&mut app, Message::Board(board));
    let seen = picture(&mut app, 80, 24);
    let head = row(&seen, 0);
    for words in ["INCIDENT  all 4 live", "FILTER 2", "TLP:AMBER"] {
        assert!(head.contains(words), "{words}\n{seen}");
    }
}

/// Pages in MISSING did not say for which incident, and FAILED came last.
#[test]
fn a_page_says_whose_it_is_and_what_failed_comes_first() {
    let failing = with("AZ-142", |incident| {
        incident.pages = (1..6)
            .map(|n| {
                let queued = part::ago(2 * n);
                let mut page = part::page(&format!("p{n}"), "azure-engineering", queued, 0);
                if n == 2 {
                    page.state = PageState::Failed;
                }
                page
            })
            .collect();
    });
    let mut app = changed(ScreenName::Lanes, &failing);
    let seen = picture(&mut app, 200, 50);
    assert!(
        seen.contains("azure-engineering AZ-142 PAGE FAILED 4m00s · azure-engineering AZ-142 no"),
        "{seen}"
    );
    for (w, h) in [(120, 34), (120, 30)] {
        let seen = picture(&mut app, w, h);
        assert!(seen.contains(" · 1 FAILED"), "{seen}");
    }
    let mut wall = changed(ScreenName::Wall, &failing);
    let seen = picture(&mut wall, 60, 17);
    assert!(
        seen.contains("azure-engineering COPPER HERON PAGE FAILED"),
        "{seen}"
    );
}

/// Vacancies with all their names left no room for the page that waits.
#[test]
fn fewer_vacancies_are_named_before_a_page_is_not_seen() {
    let mut app = changed(ScreenName::Lanes, |incident| {
        incident.commander = None;
        incident.service_lead = None;
    });
    for (w, told) in [
        (120, "legal-affairs AZ-142 no answer 6m40s"),
        (80, "legal-affairs AZ-142 6m40s"),
    ] {
        let seen = picture(&mut app, w, 30);
        let line = seen.lines().find(|line| line.starts_with(" MISSING"));
        assert!(line.unwrap().contains(told), "{w}\n{seen}");
    }
}

/// The wall named by ids what has a codename only in its rows.
#[test]
fn the_wall_calls_incidents_by_their_codenames_only() {
    let mut wall = showing(ScreenName::Wall, "night");
    let board = board_with(AZURE, |incident| {
        incident.alarms.clear();
        incident.commander = None;
        incident.commander_vacant_since = Some(part::ago(60));
    });
    update(&mut wall, Message::Board(board));
    for (w, h) in [(60, 17), (80, 24), (40, 12)] {
        let seen = picture(&mut wall, w, h);
        assert!(seen.contains("ALARM"), "{seen}");
        let begins = |line: &&str| {
            ["ALARM", "MISSING", "NO ANSWER"]
                .iter()
                .any(|word| line.starts_with(word))
        };
        for line in seen.lines().filter(begins) {
            assert!(!line.contains("AZ-"), "{line}");
        }
    }
    let seen = picture(&mut wall, 80, 24);
    assert!(
        seen.contains("commander COPPER HERON +6 · service lead COPPER HERON +1"),
        "{seen}"
    );
    let seen = picture(&mut wall, 120, 34);
    assert!(
        seen.contains("commander COPPER HERON, PALE ORCHID"),
        "{seen}"
    );
}

/// `no clock   FERN TERN     since 6h59m` said neither what waits nor since what.
#[test]
fn a_duty_without_a_number_says_on_the_wall_what_waits() {
    let mut wall = showing(ScreenName::Wall, "night");
    let seen = picture(&mut wall, 80, 24);
    assert!(
        seen.contains("customers MS DPA, not recorded 2d22h"),
        "{seen}"
    );
    assert!(seen.contains("reportable? aware 5h02m"), "{seen}");
    let seen = picture(&mut wall, 60, 17);
    assert!(!seen.contains(" since "), "{seen}");
}

/// The team's name was eaten by its vacancies.
#[test]
fn a_team_keeps_its_name_and_its_vacancies_are_counted() {
    let vacant = |incident: &mut IncidentView| {
        incident.commander = None;
        incident.service_lead = None;
        incident.owner_lead = None;
    };
    let mut app = changed(ScreenName::Teams, vacant);
    for (w, h) in [(60, 16), (40, 12)] {
        let seen = picture(&mut app, w, h);
        assert!(seen.contains(" azure-security-response "), "{seen}");
        assert!(seen.contains(" vacant"), "{seen}");
    }
    let seen = picture(&mut app, 120, 34);
    assert!(seen.contains("NO OWNER LEAD"), "{seen}");
}

/// At 120 columns a drill's cell had lost severity and codename.
#[test]
fn a_cell_keeps_severity_and_codename() {
    let mut app = changed(
        ScreenName::Teams,
        with("AZ-142", |incident| incident.exercise = true),
    );
    let board = app.shared.board.clone();
    let mut board = Board::clone(&board);
    let mut source = Source::clone(&board.sources[AZURE]);
    let only = source.incidents.iter().filter(|it| it.id == "AZ-142");
    source.incidents = Arc::new(only.cloned().collect());
    board.sources[AZURE] = Arc::new(source);
    update(&mut app, Message::Board(Arc::new(board)));
    for (w, words) in [(120, "sev1 COPPER HERON"), (80, "1 EX sev1 COPPER HERON")] {
        let seen = picture(&mut app, w, 34);
        assert!(seen.contains(words), "{seen}");
    }
    let seen = picture(&mut app, 200, 50);
    assert!(
        seen.contains("1 EXERCISE sev1 COPPER HERON AZ-142"),
        "{seen}"
    );
}

/// A board that heard nobody claimed that there is nothing.
#[test]
fn what_was_never_heard_is_not_counted_as_none() {
    let unheard = |name: &str| Arc::new(Source::new(name));
    for screen in [ScreenName::Lanes, ScreenName::Teams, ScreenName::Wall] {
        let mut app = showing(screen, "night");
        let one = Board {
            sources: vec![unheard("azure")],
            generation: 8,
        };
        update(&mut app, Message::Board(Arc::new(one)));
        for (w, h) in [(120, 34), (80, 24), (60, 17), (40, 12)] {
            let seen = picture(&mut app, w, h);
            assert!(seen.contains("? real"), "{screen:?}\n{seen}");
            for none in [
                " 0 real",
                "ANALYSIS 0",
                "ANALYSIS  0",
                "DETECT 0",
                "PREPARATION 0",
            ] {
                assert!(!seen.contains(none), "{screen:?} {none}\n{seen}");
            }
            assert!(!seen.contains("heard y…"), "{screen:?}\n{seen}");
        }
        let mut some = azure_alone();
        some.sources.push(unheard("m365"));
        update(&mut app, Message::Board(Arc::new(some)));
        let seen = picture(&mut app, 120, 34);
        assert!(seen.contains("at least 6 real"), "{screen:?}\n{seen}");
    }
}

/// Azure alone.
fn azure_alone() -> Board {
    let mut board = Board::clone(&board_with(AZURE, |_| {}));
    board.sources.truncate(1);
    board
}

/// Explanation and foot contradicted each other: only what waits for the declaration is answered by it.
#[test]
fn reportable_waits_only_with_what_runs_from_the_declaration() {
    let mut app = changed(
        ScreenName::Clocks,
        with("AZ-140", |incident| {
            let mut waits = part::duty("nis2/final", "csirt", "NIS2 23", DutyStatus::Waiting);
            waits.trigger = Some("recovered_at".to_owned());
            incident.duties.push(waits);
        }),
    );
    let target = Target {
        source: AZURE,
        id: "AZ-140".to_owned(),
    };
    app.shared.selected = Some(target);
    picture(&mut app, 120, 34);
    keys(&mut app, "gg");
    for _ in 0..12 {
        let seen = picture(&mut app, 120, 34);
        if seen.contains("AZ-140 reportable?") {
            let waiting = seen.lines().find(|line| line.contains("waiting "));
            assert!(waiting.unwrap().contains("customers MS 72 h"), "{seen}");
            assert!(!waiting.unwrap().contains("NIS2"), "{seen}");
            return;
        }
        keys(&mut app, "j");
    }
    panic!("no row asks whether AZ-140 is reportable");
}

/// The catalogue's words for recipients pushed what stands beside them off.
#[test]
fn recipients_are_told_in_the_screens_own_words() {
    let raw = with("AZ-142", |incident| {
        for duty in &mut incident.duties {
            duty.to = match duty.id.as_str() {
                "ms-72h/customer" => "supervisory-authority".to_owned(),
                _ => "data-subjects".to_owned(),
            };
        }
    });
    for screen in SCREENS {
        let mut app = changed(screen, &raw);
        if screen == ScreenName::Incident {
            app.show_incident(az_142());
        }
        for (w, h) in [(200, 50), (120, 34), (80, 24), (60, 17)] {
            let seen = picture(&mut app, w, h);
            assert!(!seen.contains("supervisory"), "{screen:?} {seen}");
            assert!(!seen.contains("data-sub"), "{screen:?} {seen}");
        }
    }
    let mut app = changed(ScreenName::Lanes, &raw);
    let seen = picture(&mut app, 80, 24);
    let told = seen.lines().find(|line| line.contains("sev1 AZ-142 "));
    assert!(told.unwrap().contains("authority"), "{seen}");
}

/// At 200x50 there were 100 free columns beside `high risk determ…`.
#[test]
fn why_nothing_is_decided_is_told_whole_where_there_is_room() {
    let why = "high risk determination by counsel";
    let mut app = changed(
        ScreenName::Clocks,
        with("AZ-142", |incident| {
            let mut open = part::duty(
                "gdpr/persons",
                "individuals",
                "GDPR 34",
                DutyStatus::Undecided,
            );
            open.because = Some(why.get(..23).unwrap().to_owned());
            incident.duties.push(open);
        }),
    );
    let seen = picture(&mut app, 200, 50);
    assert!(seen.contains("high risk determination"), "{seen}");
}

/// A lesson was cut after 32 characters without a mark, beside free columns.
#[test]
fn a_lesson_is_told_as_far_as_there_is_room_and_marked_where_it_is_cut() {
    let text = "rotate signing keys of every issuer that was built before the boundary moved";
    let mut app = changed(
        ScreenName::Lanes,
        with("AZ-120", |incident| {
            for lesson in &mut incident.lessons {
                lesson.text = Some(text.to_owned());
            }
        }),
    );
    let seen = picture(&mut app, 200, 50);
    assert!(
        seen.contains("rotate signing keys of every issuer that was"),
        "{seen}"
    );
    assert!(seen.contains('…'), "{seen}");
    let seen = picture(&mut app, 80, 24);
    assert!(seen.contains("PREPARATION 3 ── "), "{seen}");
}

/// EX stood where there was room for the whole word.
#[test]
fn from_100_columns_on_a_drill_is_marked_with_the_whole_word() {
    for screen in SCREENS {
        let mut app = changed(screen, |incident| {
            incident.exercise = true;
            incident.alarms.clear();
        });
        if screen == ScreenName::Incident {
            app.show_incident(az_142());
        }
        for (w, h) in [(200, 50), (120, 34)] {
            let seen = picture(&mut app, w, h);
            let short = seen.split_whitespace().any(|word| word == "EX");
            assert!(!short && seen.contains("EXERCISE"), "{screen:?} {seen}");
        }
    }
}

/// One team was `legal` in lists and `legal-affairs` in what changed.
#[test]
fn a_team_has_one_name_everywhere() {
    let mut board = Board::clone(&board_with(
        AZURE,
        with("AZ-142", |incident| {
            incident.change = part::change(
                part::ago(0),
                "d.okafor",
                "paged legal-affairs, pre-legal-affairs",
            );
        }),
    ));
    let mut source = Source::clone(&board.sources[AZURE]);
    let mut teams = source.teams.as_ref().clone();
    for team in teams.iter_mut().filter(|team| team.id == "legal-affairs") {
        team.short = "legal".to_owned();
    }
    source.teams = Arc::new(teams);
    board.sources[AZURE] = Arc::new(source);
    for screen in [ScreenName::Lanes, ScreenName::Wall] {
        let mut app = showing(screen, "night");
        update(&mut app, Message::Board(Arc::new(board.clone())));
        let seen = picture(&mut app, 120, 34);
        assert!(
            seen.contains("paged legal, pre-legal-affairs"),
            "{screen:?} {seen}"
        );
        assert!(!seen.contains(" legal-affairs AZ-142"), "{screen:?} {seen}");
    }
}

/// An empty list did not say why, nor how to see all again.
#[test]
fn a_list_that_a_filter_empties_says_so() {
    for screen in [ScreenName::Lanes, ScreenName::Clocks, ScreenName::People] {
        for (w, h) in [(120, 34), (80, 24), (40, 12)] {
            let mut app = showing(screen, "night");
            app.shared.filter = app
                .shared
                .filter
                .with_person(Some("nobody.here".to_owned()));
            let board = app.shared.board.clone();
            update(&mut app, Message::Board(board));
            let seen = picture(&mut app, w, h);
            assert!(
                seen.contains("nothing of yours; m shows all"),
                "{screen:?} {seen}"
            );
            assert!(seen.contains("MINE 0"), "{screen:?} {seen}");
        }
    }
}

/// Gaps and countdowns of the selected row were not reversed where there is no colour.
#[test]
fn without_colour_the_selected_row_is_reversed_whole() {
    use ratatui::style::Modifier;
    for (screen, w) in [(ScreenName::Lanes, 80), (ScreenName::Clocks, 80)] {
        let mut app = showing(screen, "mono");
        sized(&mut app, w, 24);
        let (buffer, _) = drawn(&app);
        let marked = rows(&buffer);
        let y = marked.iter().position(|row| row.starts_with('▸')).unwrap();
        let y = u16::try_from(y).unwrap();
        let plain = (1..w - 1).filter(|x| {
            let style = buffer[(*x, y)].style();
            !style.add_modifier.contains(Modifier::REVERSED)
        });
        assert_eq!(plain.count(), 0, "{screen:?} {}", marked[usize::from(y)]);
    }
}
