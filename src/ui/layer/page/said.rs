//! What a page will say, route by route, in the very words that `paging` makes of it: texts only over routes that are
//! cleared for the incident. The page's own number and link are not known before it is sent.

use super::super::dialog::Look;
use super::super::form::{Row, fact};
use crate::domain::board::{RouteView, TeamView};
use crate::domain::command::page::Page;
use crate::domain::word::{Comms, TeamKind};
use crate::ui::canvas::Part;
use crate::ui::theme::Role;

/// The routes a page takes, in order: none of them for an exercise, only those outside the house while it is suspect.
pub(super) fn routes<'a>(team: &'a TeamView, look: &Look<'_>) -> Vec<&'a RouteView> {
    let suspect = look.incident.comms == Comms::Suspect;
    let source = look.incident.upstream.as_ref();
    let source = source.map(|of| of.connector.as_str());
    // Where it came from may be hidden from this reader, and is known to the backend.
    let hidden = look.incident.is_masked("upstream");
    let usable = team
        .routes
        .iter()
        .filter(|route| !(suspect && route.in_band))
        .filter(|route| hidden || route.reaches_for(source));
    usable.collect()
}

/// What a route is called: its kind, or the connector whose source calls.
pub(super) fn name(route: &RouteView) -> &str {
    route.connector.as_deref().unwrap_or(&route.kind)
}

/// Who is woken, and what each route says.
pub(super) fn rows(team: &TeamView, page: &Page, look: &Look<'_>) -> Vec<Row> {
    let mut rows = vec![fact("wakes", team.name.clone(), Role::DialogWarning)];
    if look.incident.exercise {
        rows.push(fact("by", "the exercise sink only", Role::Exercise));
        rows.extend(text(team, page, look, look.incident.restriction.is_none()));
        return rows;
    }
    let routes = routes(team, look);
    if routes.is_empty() {
        rows.push(fact(
            "by",
            "no route: nobody is woken. The page stands as failed until a person of the team answers.",
            Role::PageFailed,
        ));
        return rows;
    }
    let restricted = look.incident.restriction.is_some();
    // Routes that say the same are told together.
    let cleared = |route: &RouteView| look.incident.tlp <= route.clearance && !restricted;
    for group in routes.chunk_by(|a, b| cleared(a) == cleared(b)) {
        let kinds: Vec<&str> = group.iter().map(|route| name(route)).collect();
        let may = group.first().is_some_and(|route| cleared(route));
        let note = match may {
            _ if restricted => format!(
                "{}: RESTRICTED, so only id and codename go out",
                kinds.join(", then ")
            ),
            true => format!("{}: cleared for TLP:{}", kinds.join(", then "), tlp(look)),
            false => format!(
                "{}: not cleared for TLP:{}, so title, summary and message are left out",
                kinds.join(", then "),
                tlp(look)
            ),
        };
        rows.push(fact("by", note, Role::Text));
        rows.extend(text(team, page, look, may));
    }
    rows.push(fact("unanswered", unanswered(team, look), Role::Dim));
    rows
}

fn tlp(look: &Look<'_>) -> String {
    look.incident.tlp.as_str().to_uppercase()
}

fn unanswered(team: &TeamView, look: &Look<'_>) -> String {
    let service = &look.incident.service;
    let source = look.shared.source(look.target.source);
    let command = || {
        source?
            .teams
            .iter()
            .find(|t| {
                t.kind == TeamKind::Command
                    && (t.services.is_empty() || t.services.contains(service))
            })
            .map(|t| t.id.as_str())
    };
    let next = team.escalate_to.as_deref().or_else(command);
    let next = next.filter(|next| *next != team.id);
    let next = next.map_or("the board counts it".to_owned(), |next| {
        let next = look.shared.team(look.target.source, next);
        format!("then {next}")
    });
    let after = &team.ack_within;
    match routes(team, look).len() {
        0 | 1 => format!("after {after} {next}"),
        _ => format!("after {after} the next route, {next}"),
    }
}

/// The lines of the message, as they are said.
fn text(team: &TeamView, page: &Page, look: &Look<'_>, cleared: bool) -> Vec<Row> {
    let incident = look.incident;
    let exercise = if incident.exercise { "EXERCISE " } else { "" };
    let severity = incident
        .severity
        .map_or("severity not assessed", |severity| severity.as_str());
    let restricted = incident.restriction.is_some();
    let called = format!(
        "{exercise}PAGE for {}: {} {}",
        team.name, incident.id, incident.codename
    );
    let mut lines = vec![match restricted {
        true => format!("{called} (restricted)"),
        false => format!("{called} ({severity}), asked by {}", look.who(&look.me())),
    }];
    if cleared {
        match look.texts() {
            true => lines.extend(incident.title.clone()),
            false => lines.push(look.shared.glyphs.masked().to_owned()),
        }
        lines.extend(page.message.as_ref().map(|message| {
            let words: Vec<&str> = message.split('\n').collect();
            words.join(" ")
        }));
    }
    lines.extend(incident.bridge.as_ref().filter(|_| !restricted).map(
        |bridge| match look.texts() {
            true => format!("Bridge: {bridge}"),
            false => format!("Bridge: {}", look.shared.glyphs.masked()),
        },
    ));
    lines.push("Answer: a link that shows a form to say coming, remote or cannot".to_owned());
    let indent =
        |line: String| -> Row { vec![Part::text("  ", Role::Text), Part::text(line, Role::After)] };
    lines.into_iter().map(indent).collect()
}
