//! Walking the whole record: is the chain unbroken, does it reach as far as it did, do the incidents say what their entries
//! say, and do the rows beside them fit? Reads only, beside a running server, from one state of the file, in bounded memory.

use sqlx::FromRow;

use super::db::{Db, Sql, sql};
use super::login::login;
use super::row::{Entries, EntryRow, ROWS, int, uint};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::word::PageState;
use crate::store::audit::{Fault, FaultKind, Noted, Redaction, Report};
use crate::store::chain::Head;
use crate::store::replay::{Replay, event};
use crate::store::{NO_INCIDENT, StoreError};

/// Walks the chain and replays every incident, inside a transaction that must see one state of the store throughout. `noted`
/// are ends of the chain that were noted elsewhere: only against such a note a record that was rewritten as a whole, or cut
/// at an old end, can be told from the true one. What is wrong in the record is no error but a fault in the report.
pub(super) async fn verify(db: &mut Db, noted: &[Noted]) -> Result<Report, StoreError> {
    let mut report = Report::default();
    walk(db, &mut report, noted).await?;
    own_note(db, &mut report).await?;
    report.end(noted);
    incidents(db, &mut report).await?;
    outbox(db, &mut report).await?;
    Ok(report)
}

async fn walk(db: &mut Db, report: &mut Report, noted: &[Noted]) -> Result<(), StoreError> {
    let mut entries = Entries::all();
    while let Some(rows) = entries.next(db).await? {
        for row in rows {
            report.step(&row.link(), &row.hash, noted);
            if row.incident == NO_INCIDENT {
                house(row, report);
            } else if row.kind == REDACTED {
                redaction(row, report);
            }
        }
    }
    Ok(())
}

/// An entry of no incident: nothing else follows from it, so it is read here.
fn house(row: EntryRow, report: &mut Report) {
    let seq = uint(row.seq);
    let read = row.entry().map_err(|error| error.to_string());
    match read.and_then(|entry| login(&entry)) {
        Ok(note) if note.login.is_try() => {
            report.logins = report.logins.saturating_add(note.login.count);
        }
        Ok(_) => {}
        Err(why) => report.add(Fault {
            seq: Some(seq),
            ..Fault::whole(FaultKind::Unreadable, format!("it cannot be read: {why}"))
        }),
    }
}

/// The kind of the entries that say that another was redacted.
const REDACTED: &str = "redacted";

fn redaction(row: EntryRow, report: &mut Report) {
    let (seq, incident) = (uint(row.seq), row.incident.clone());
    let read = row
        .entry()
        .map_err(|error| error.to_string())
        .and_then(|entry| Ok((event(&entry)?, entry)));
    match read {
        Ok((Event::Redacted { entry, reason }, told)) => report.redactions.push(Redaction {
            entry,
            incident: told.incident,
            told_in: told.seq,
            by: told.by,
            at: told.at,
            reason,
        }),
        Ok(_) => {}
        Err(error) => report.add(Fault::at(
            seq,
            &incident,
            FaultKind::Unreadable,
            format!("it cannot be read: {error}"),
        )),
    }
}

/// Whether the record ends where the last commit said it does.
async fn own_note(db: &mut Db, report: &mut Report) -> Result<(), StoreError> {
    let text: Option<(String,)> = sql("SELECT value FROM meta WHERE name = 'head'")
        .optional(db)
        .await?;
    let noted = text.and_then(|(text,)| Head::from_text(&text));
    let found = report.head.clone();
    let (kind, what) = match noted {
        Some(noted) if noted == found => return Ok(()),
        None if found == Head::default() => return Ok(()),
        Some(noted) if noted.seq > found.seq => (
            FaultKind::Cut,
            format!(
                "the record ends with entry {}, and the store's last commit had reached entry {}",
                found.seq, noted.seq
            ),
        ),
        Some(noted) if noted.seq < found.seq => (
            FaultKind::Added,
            format!(
                "the record goes on to entry {}, and the store's last commit ended with entry {}",
                found.seq, noted.seq
            ),
        ),
        Some(_) => (
            FaultKind::Replaced,
            "the last entry is not the one that the store's last commit wrote".to_owned(),
        ),
        None => (
            FaultKind::Cut,
            "the store's note of where the record ends is gone".to_owned(),
        ),
    };
    report.add(Fault::whole(kind, what));
    Ok(())
}

/// An incident as it is shown, with the columns by which it is found.
#[derive(FromRow)]
struct ShownRow {
    seq: i64,
    version: i64,
    service: String,
    codename: String,
    upstream_connector: Option<String>,
    upstream_key: Option<String>,
    body: String,
}

async fn incidents(db: &mut Db, report: &mut Report) -> Result<(), StoreError> {
    let mut after = String::new();
    let mut pages: i64 = 0;
    loop {
        let ids: Vec<(String,)> = sql(
            "SELECT incident FROM (SELECT incident FROM snapshot UNION SELECT incident FROM entry) AS any_incident WHERE incident > $1 ORDER BY incident LIMIT $2",
        )
        .bind(after.as_str())
        .bind(ROWS)
        .all(db)
        .await?;
        let Some((last,)) = ids.last() else { break };
        after.clone_from(last);
        for (id,) in ids {
            report.incidents += 1;
            let told = replay(db, &id, report).await?;
            let Some(shown) = shown(db, &id, told, report).await? else {
                continue;
            };
            pages = pages.saturating_add(int(u64::try_from(shown.pages.len()).unwrap_or(u64::MAX)));
            beside(db, &shown, report).await?;
        }
    }
    let rows = count(sql("SELECT count(*) FROM page"), db).await?;
    if rows != pages {
        report.add(Fault::whole(
            FaultKind::Beside,
            format!("{rows} pages can be found by their id, and the incidents have {pages}"),
        ));
    }
    Ok(())
}

/// What a statement that counts gives.
pub(super) async fn count(statement: Sql, db: &mut Db) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = statement.optional(db).await?;
    Ok(row.map_or(0, |(count,)| count))
}

/// The incident that its entries tell, and the place of the last; None if they cannot be followed.
async fn replay(
    db: &mut Db,
    id: &str,
    report: &mut Report,
) -> Result<Option<(u64, Incident)>, StoreError> {
    let mut replay = Replay::default();
    let mut entries = Entries::of(id);
    while let Some(rows) = entries.next(db).await? {
        for row in rows {
            let seq = uint(row.seq);
            let followed = row
                .entry()
                .map_err(|error| error.to_string())
                .and_then(|entry| replay.step(&entry));
            if let Err(why) = followed {
                report.add(Fault::at(seq, id, FaultKind::Unreadable, why));
                return Ok(None);
            }
        }
    }
    let last = replay.last();
    Ok(replay.incident().map(|incident| (last, incident)))
}

/// The incident as it is shown, compared with what its entries tell.
async fn shown(
    db: &mut Db,
    id: &str,
    told: Option<(u64, Incident)>,
    report: &mut Report,
) -> Result<Option<Incident>, StoreError> {
    let mut differs = |why: String| report.add(Fault::of(id, FaultKind::Differs, why));
    let row: Option<ShownRow> = sql("SELECT seq, version, service, codename, upstream_connector, upstream_key, body FROM snapshot WHERE incident = $1")
        .bind(id)
        .optional(db)
        .await?;
    let Some(row) = row else {
        differs("it has entries and is not shown".to_owned());
        return Ok(None);
    };
    let shown: Incident = match serde_json::from_str(&row.body) {
        Ok(shown) => shown,
        Err(error) => {
            differs(format!("as it is shown it cannot be read: {error}"));
            return Ok(None);
        }
    };
    let upstream = shown.upstream.as_ref();
    let columns = [
        ("id", shown.id == id),
        ("version", int(shown.version) == row.version),
        ("service", shown.service == row.service),
        ("codename", shown.codename == row.codename),
        (
            "upstream",
            upstream.map(|u| u.connector.as_str()) == row.upstream_connector.as_deref()
                && upstream.map(|u| u.key.as_str()) == row.upstream_key.as_deref(),
        ),
    ];
    for (column, _) in columns.iter().filter(|(_, fits)| !fits) {
        differs(format!(
            "it is found under another {column} than it is shown with"
        ));
    }
    match told {
        None => {}
        Some((last, _)) if last != uint(row.seq) => differs(format!(
            "it is shown as of entry {}, its last is {last}",
            row.seq
        )),
        Some((_, told)) if !says(told.clone(), &shown) => differs(format!(
            "what is shown of it is not what its entries say{}",
            difference(&told, &shown)
        )),
        Some(_) => {}
    }
    Ok(Some(shown))
}

/// Whether what is shown is what the entries say. An earlier build left out how the latest change reads with its values.
fn says(mut told: Incident, shown: &Incident) -> bool {
    if shown.said.is_none() {
        told.said = None;
    }
    told == *shown
}

/// The first field that is not as told.
fn difference(told: &Incident, shown: &Incident) -> String {
    let field = |incident: &Incident| serde_json::to_value(incident).unwrap_or_default();
    let (told, shown) = (field(told), field(shown));
    let differing = told.as_object().and_then(|told| {
        told.iter()
            .find(|(key, value)| shown.get(key.as_str()) != Some(*value))
            .map(|(key, _)| key.clone())
    });
    differing.map_or_else(String::new, |key| format!(": {key}"))
}

/// What stands beside an incident: its number among those given out, its pages by their ids, what must still be sent.
async fn beside(db: &mut Db, incident: &Incident, report: &mut Report) -> Result<(), StoreError> {
    let mut odd = |what: String| report.add(Fault::of(&incident.id, FaultKind::Beside, what));
    if let Some((prefix, number)) = incident.id.rsplit_once('-')
        && let Ok(number) = number.parse::<i64>()
    {
        let last: Option<(i64,)> = sql("SELECT last FROM counter WHERE prefix = $1")
            .bind(prefix)
            .optional(db)
            .await?;
        if last.is_none_or(|(last,)| last < number) {
            odd("its number has not been given out yet, and would be given out again".to_owned());
        }
    }
    for page in &incident.pages {
        let of: Option<(String,)> = sql("SELECT incident FROM page WHERE id = $1")
            .bind(page.id.as_str())
            .optional(db)
            .await?;
        if of.is_none_or(|(of,)| of != incident.id) {
            odd(format!("its page {} cannot be found by its id", page.id));
        }
        // A first route's page is put into the outbox with its entry, and leaves it with another.
        let waits = page.state == PageState::Queued && page.step == 0 && page.route.is_some();
        if waits {
            let sent = sql("SELECT count(*) FROM outbox WHERE page = $1 AND done = 0")
                .bind(page.id.as_str());
            let sent = count(sent, db).await?;
            if sent == 0 {
                odd(format!(
                    "its page {} to {} is queued, and nothing is there to be sent",
                    page.id, page.team
                ));
            }
        }
    }
    Ok(())
}

/// A delivery, and the incident that its page belongs to.
#[derive(FromRow)]
struct SentRow {
    key: String,
    page: String,
    incident: String,
    step: i64,
    of: Option<String>,
}

async fn outbox(db: &mut Db, report: &mut Report) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let rows: Vec<SentRow> = sql("SELECT o.key, o.page, o.incident, o.step, p.incident AS of FROM outbox AS o LEFT JOIN page AS p ON p.id = o.page WHERE o.key > $1 ORDER BY o.key LIMIT $2")
            .bind(after.as_str())
            .bind(ROWS)
            .all(db)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after.clone_from(&last.key);
        for row in rows {
            let named = format!("{}-{}", row.page, row.step);
            let fits = row.of.as_deref() == Some(row.incident.as_str());
            if !fits || !row.key.starts_with(&named) {
                report.add(Fault::of(
                    &row.incident,
                    FaultKind::Beside,
                    format!(
                        "the delivery {} is of a page that the incident has not",
                        row.key
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
