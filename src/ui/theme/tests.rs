//! Themes are read strictly, can be read by people, and are told apart by the colour-blind.

use ratatui::style::{Color, Modifier};

use super::contrast::{self, Ground, rgb};
use super::{Role, SHIPPED, Theme};

fn shipped() -> Vec<Theme> {
    let names = SHIPPED.iter().map(|(name, _)| *name);
    names.map(|name| Theme::shipped(name).unwrap()).collect()
}

fn read(source: &str) -> Result<Theme, String> {
    Theme::parse("themes/mine.toml", source, &|_| None).map_err(|error| error.to_string())
}

#[test]
fn every_shipped_theme_reads_well_on_black_and_on_white() {
    for theme in shipped() {
        let faint = contrast::faint(&theme);
        let report: Vec<String> = faint.iter().map(ToString::to_string).collect();
        assert!(
            report.is_empty(),
            "{}:\n{}",
            theme.name(),
            report.join("\n")
        );
    }
}

#[test]
fn high_contrast_gives_7_to_1_to_every_text() {
    let theme = Theme::shipped("high-contrast").unwrap();
    for &role in Role::ALL.iter().filter(|role| !role.is_line()) {
        let ratio = contrast::contrast(&theme, role, Role::Text, Ground::Black);
        assert!(ratio >= 7.0, "{}: {ratio:.1}", role.name());
    }
}

#[test]
fn a_faint_role_is_found() {
    let theme = read("inherits = 'night'\n[roles]\nclock = '#767c82'\n").unwrap();
    let found = contrast::faint(&theme);
    assert!(
        found.iter().any(|faint| faint.role == Role::Clock),
        "{found:?}"
    );
    assert!(found.iter().all(|faint| faint.role.is_clock()), "{found:?}");
    let black = contrast::ratio([0, 0, 0], [255, 255, 255]);
    assert!((black - 21.0).abs() < 1e-9, "{black}");
    assert!((contrast::ratio([118, 118, 118], [255, 255, 255]) - 4.54).abs() < 0.01);
}

#[test]
fn mono_has_no_colour_and_ansi16_only_named_ones() {
    let mono = Theme::shipped("mono").unwrap();
    let ansi = Theme::shipped("ansi16").unwrap();
    for &role in Role::ALL {
        let style = mono.style(role);
        assert_eq!(
            (style.fg, style.bg),
            (Some(Color::Reset), Some(Color::Reset))
        );
        for colour in [ansi.style(role).fg, ansi.style(role).bg] {
            let exact = matches!(colour, Some(Color::Rgb(..) | Color::Indexed(_)) | None);
            assert!(!exact, "{}: {colour:?}", role.name());
        }
    }
}

/// What must never look alike, in any theme, mono too.
#[test]
fn what_is_wrong_looks_different_from_what_is_right() {
    for theme in shipped() {
        for wrong in [
            Role::Overdue,
            Role::StartPassed,
            Role::Vacant,
            Role::Stale,
            Role::Down,
            Role::PageUnanswered,
        ] {
            for right in [
                Role::Text,
                Role::Dim,
                Role::Live,
                Role::Met,
                Role::PageAcknowledged,
            ] {
                let (a, b) = (theme.style(wrong), theme.style(right));
                assert_ne!(
                    a,
                    b,
                    "{}: {} and {}",
                    theme.name(),
                    wrong.name(),
                    right.name()
                );
            }
        }
        assert_ne!(
            theme.style(Role::Overdue),
            theme.style(Role::StartPassed),
            "{}",
            theme.name()
        );
    }
}

/// Viénot, Brettel and Mollon 1999: what a person without long (or middle) wave cones sees, in linear light.
fn dichromat(rgb: [u8; 3], deutan: bool) -> [f64; 3] {
    let [r, g, b] = rgb.map(|part| (f64::from(part) / 255.0).powf(2.2));
    let (red, blue) = match deutan {
        false => (0.112_38 * r + 0.887_62 * g, 0.004_01 * r - 0.004_01 * g + b),
        true => (
            0.292_75 * r + 0.707_25 * g,
            -0.022_34 * r + 0.022_34 * g + b,
        ),
    };
    [red, red, blue].map(|part| part.max(0.0).powf(1.0 / 2.2))
}

#[test]
fn orange_and_blue_stay_apart_for_the_colour_blind() {
    for name in ["night", "day", "high-contrast"] {
        let theme = Theme::shipped(name).unwrap();
        let seen = |role, deutan| {
            dichromat(
                rgb(theme.style(role).fg.unwrap(), Ground::Black, false),
                deutan,
            )
        };
        for deutan in [false, true] {
            for calm in [
                Role::Exercise,
                Role::PageAcknowledged,
                Role::Key,
                Role::Text,
            ] {
                let (a, b) = (seen(Role::Alarm, deutan), seen(calm, deutan));
                let apart = a
                    .iter()
                    .zip(b)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f64>()
                    .sqrt();
                assert!(
                    apart > 0.2,
                    "{name}: alarm and {} are {apart:.2} apart",
                    calm.name()
                );
            }
        }
    }
}

#[test]
fn a_role_falls_back_and_stands_on_a_selected_row() {
    let theme = read("[palette]\nsun = '#ffee00'\n[roles]\ntext = { fg = 'default', bg = '17' }\nalarm = { fg = 'sun', bold = true }\nselected = { bg = 'blue' }").unwrap();
    let vacant = theme.style(Role::Vacant);
    assert_eq!(vacant.fg, Some(Color::Rgb(255, 238, 0)));
    assert_eq!(vacant.bg, Some(Color::Indexed(17)));
    assert!(vacant.add_modifier.contains(Modifier::BOLD));
    assert_eq!(theme.style(Role::Codename).fg, Some(Color::Reset));
    let on_row = theme.style_on(Role::Vacant, Role::Selected);
    assert_eq!((on_row.fg, on_row.bg), (vacant.fg, Some(Color::Blue)));
    let mono = Theme::shipped("mono").unwrap();
    let reversed = |role| {
        mono.style_on(role, Role::Selected)
            .add_modifier
            .contains(Modifier::REVERSED)
    };
    assert!(reversed(Role::Text) && !reversed(Role::Overdue));
    let night = Theme::shipped("night").unwrap();
    assert_eq!(
        night.style_on(Role::Overdue, Role::Selected),
        night.style(Role::Overdue)
    );
    assert_eq!(theme.name(), "mine");
}

#[test]
fn a_theme_inherits_from_shipped_and_from_own_themes() {
    let own = "inherits = 'mono'\n[roles]\nalarm = 'red'\n";
    let find = |name: &str| (name == "base").then(|| own.to_owned());
    let theme = Theme::parse(
        "x/top.toml",
        "inherits = 'base'\n[roles]\nlive = 'blue'",
        &find,
    )
    .unwrap();
    assert_eq!(theme.style(Role::Alarm).fg, Some(Color::Red));
    assert_eq!(theme.style(Role::Live).fg, Some(Color::Blue));
    assert!(
        theme
            .style(Role::Overdue)
            .add_modifier
            .contains(Modifier::REVERSED)
    );
}

#[test]
fn a_palette_recolours_what_is_inherited() {
    let theme =
        read("inherits = 'day'\n[palette]\norange = '#00ff00'\n[roles]\nlive = 'paper'").unwrap();
    let day = Theme::shipped("day").unwrap();
    assert_eq!(theme.style(Role::Alarm).fg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(theme.style(Role::Live).fg, day.style(Role::Text).fg);
    assert_ne!(
        day.style(Role::Text),
        Theme::shipped("night").unwrap().style(Role::Text)
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let cases: &[(&str, &str)] = &[
        ("colour = 'x'", "themes/mine.toml:1: unknown key 'colour'"),
        (
            "[roles]\n\nalert = 'red'",
            "themes/mine.toml:3: unknown role 'alert'",
        ),
        (
            "[roles]\nalarm = { fg = 'red',\n  blink = true }",
            "unknown key 'blink'",
        ),
        (
            "[roles]\nalarm = 'rde'",
            "themes/mine.toml:2: alarm: 'rde' is no colour",
        ),
        (
            "[roles]\nalarm = { bold = 'yes' }",
            "themes/mine.toml:2: bold must be true or false",
        ),
        (
            "[palette]\ndefault = '#ffffff'",
            "themes/mine.toml:2: 'default' is the terminal's own colour",
        ),
        (
            "[palette]\nx = '#ff'",
            "themes/mine.toml:2: x: '#ff' is no colour",
        ),
        ("[palette]\nx = 4", "themes/mine.toml:2: x must be a text"),
        (
            "inherits = 'nobody'",
            "themes/mine.toml:1: inherits from 'nobody'",
        ),
        (
            "inherits = 'mine'",
            "themes/mine.toml:1: inherits in a circle: mine -> mine",
        ),
        ("roles = 3", "themes/mine.toml:1: roles must be a table"),
        ("a = [", "themes/mine.toml:1: "),
    ];
    for (source, expected) in cases {
        let error = read(source).unwrap_err();
        assert!(error.contains(expected), "{source:?} gave {error:?}");
    }
    let both = read("a = 1\nb = 2").unwrap_err();
    assert_eq!(both.lines().count(), 2, "every fault is told: {both}");
    let unknown = Theme::shipped("dusk").unwrap_err().to_string();
    assert!(
        unknown.contains("dusk") && unknown.contains("night, day"),
        "{unknown}"
    );
}

#[test]
fn every_role_has_a_name_of_its_own_and_a_way_to_text() {
    for (at, &role) in Role::ALL.iter().enumerate() {
        assert_eq!(role as usize, at);
        assert_eq!(Role::named(role.name()), Some(role));
        let mut steps = std::iter::successors(Some(role), |role| role.fallback());
        assert_eq!(
            steps.by_ref().take(9).last(),
            Some(Role::Text),
            "{}",
            role.name()
        );
    }
}
