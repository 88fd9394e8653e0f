//! The outbox's rows: put, claimed under a lease, put off, done. Who may claim what is `store::claim`; what a lease is good
//! for stands there too.

use sqlx::FromRow;

use super::db::{Db, Sql, sql};
use super::row::{DeliveryRow, WaitingRow};
use crate::domain::delivery::EXERCISE;
use crate::store::claim::{
    Claim, Claimed, Claims, Held, HeldBack, LONGEST_WAIT_MS, Lease, MINUTE_MS, Minute, Waiting,
    choose,
};
use crate::store::{OutboxChange, StoreError};

/// Most pages of which one claim tells that they wait for a cap.
const HELD_BACK_TOLD: i64 = 64;

#[derive(FromRow)]
struct HeldRow {
    key: String,
    page: String,
    team: String,
}

/// Carries out one change.
pub(super) async fn put(db: &mut Db, change: &OutboxChange) -> Result<(), StoreError> {
    let change: Sql = match change {
        OutboxChange::Put(delivery) => sql("INSERT INTO outbox (key, page, incident, team, route, step, body, attempts, next_at, queued_at, stand_down) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (key) DO NOTHING")
            .bind(delivery.key.as_str())
            .bind(delivery.page.as_str())
            .bind(delivery.incident.as_str())
            .bind(delivery.team.as_str())
            .bind(delivery.route.as_str())
            .bind(i64::from(delivery.step))
            .bind(delivery.body.as_slice())
            .bind(i64::from(delivery.attempts))
            .bind(delivery.next_at.timestamp_millis())
            .bind(delivery.queued_at.timestamp_millis())
            .bind(i64::from(delivery.stand_down)),
        OutboxChange::Retry {
            key,
            attempts,
            next_at,
            may_have_arrived,
        } => sql("UPDATE outbox SET attempts = $2, next_at = $3, lease_until = 0, may_have_arrived = CASE WHEN $4 = 1 THEN 1 ELSE may_have_arrived END WHERE key = $1 AND done = 0")
            .bind(key.as_str())
            .bind(i64::from(*attempts))
            .bind(next_at.timestamp_millis())
            .bind(i64::from(*may_have_arrived)),
        // What was sent is needed no more: a text that is redacted later would have to go from here too.
        OutboxChange::Done { key } => {
            sql("UPDATE outbox SET done = 1, lease_until = 0, body = $2 WHERE key = $1")
                .bind(key.as_str())
                .bind(&[][..])
        }
        OutboxChange::Withdraw { key } => {
            sql("UPDATE outbox SET done = 1 WHERE key = $1 AND done = 0 AND lease_until = 0")
                .bind(key.as_str())
        }
        OutboxChange::WithdrawPage { page } => sql(
            "UPDATE outbox SET done = 1 WHERE page = $1 AND done = 0 AND lease_until = 0 AND stand_down = 0",
        )
        .bind(page.as_str()),
        OutboxChange::Reword { key, body, begun } => {
            let reword = match begun {
                true => "UPDATE outbox SET body = $2 WHERE key = $1 AND done = 0",
                false => {
                    "UPDATE outbox SET body = $2 WHERE key = $1 AND done = 0 AND first_at IS NULL"
                }
            };
            sql(reword).bind(key.as_str()).bind(body.as_slice())
        }
        OutboxChange::HeldBack { key } => {
            sql("UPDATE outbox SET held_back = 1 WHERE key = $1").bind(key.as_str())
        }
    };
    change.run(db).await?;
    Ok(())
}

/// Whether nobody claimed the same after this lease was given.
pub(super) async fn holds(db: &mut Db, lease: &Lease) -> Result<bool, StoreError> {
    let fence = match lease.of {
        Held::Delivery => sql("SELECT fence FROM outbox WHERE key = $1"),
        Held::Connector => sql("SELECT fence FROM intake WHERE name = $1"),
    };
    let fence: Option<(i64,)> = fence.bind(lease.key.as_str()).optional(db).await?;
    Ok(fence == Some((lease.fence,)))
}

/// The pages of an incident of which no attempt was begun, by their first routes.
pub(super) async fn not_begun(db: &mut Db, incident: &str) -> Result<Vec<String>, StoreError> {
    let pages: Vec<(String,)> = sql("SELECT page FROM outbox WHERE incident = $1 AND done = 0 AND step = 0 AND stand_down = 0 AND first_at IS NULL AND lease_until = 0 ORDER BY key")
        .bind(incident)
        .all(db)
        .await?;
    Ok(pages.into_iter().map(|(page,)| page).collect())
}

/// What waits: of every route as many first attempts and as many others as could be taken at most.
async fn waiting(db: &mut Db, claim: &Claim, now: i64) -> Result<Vec<WaitingRow>, StoreError> {
    // What the node itself is sending is passed over afterwards, and takes places here.
    let most = claim.caps.of_route.saturating_mul(2).max(1);
    let node_now = claim.now.timestamp_millis();
    let rows = sql("SELECT key, team, route, queued_at, first_at, stand_down, lease_until, holder, may_have_arrived FROM (SELECT key, team, route, queued_at, first_at, stand_down, lease_until, holder, may_have_arrived, ROW_NUMBER() OVER (PARTITION BY team, route, stand_down, CASE WHEN first_at IS NULL THEN 0 ELSE 1 END ORDER BY queued_at DESC, key) AS place FROM outbox WHERE done = 0 AND (first_at IS NULL OR next_at <= $4 OR next_at > $3) AND (lease_until <= $1 OR holder = $5)) AS due WHERE place <= $2")
        .bind(now)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .bind(node_now.saturating_add(LONGEST_WAIT_MS))
        .bind(node_now)
        .bind(claim.node.as_str())
        .all(db)
        .await?;
    Ok(rows)
}

/// What may be sent now: the rows that wait, those of them that are chosen, and how full the minute is with them.
async fn chosen(
    db: &mut Db,
    claim: &Claim,
    now: i64,
) -> Result<(Vec<WaitingRow>, Vec<Waiting>, Minute), StoreError> {
    let counts: Vec<(String, i64)> = sql(
        "SELECT team, count(*) FROM outbox WHERE first_at > $1 AND first_at <= $2 AND stand_down = 0 AND route <> $3 GROUP BY team",
    )
    .bind(now.saturating_sub(MINUTE_MS))
    .bind(now)
    .bind(EXERCISE)
    .all(db)
    .await?;
    let counts = counts
        .into_iter()
        .map(|(team, count)| (team, usize::try_from(count).unwrap_or(usize::MAX)));
    let mut minute = Minute::new(counts);
    let rows = waiting(db, claim, now).await?;
    let all: Vec<Waiting> = rows.iter().map(WaitingRow::waiting).collect();
    let chosen = choose(all, &claim.under_way, &mut minute, &claim.caps);
    Ok((rows, chosen, minute))
}

/// What the asking node had been given before and is not sending it was never told of: nothing went out for it.
fn claimed(row: DeliveryRow, before: &WaitingRow, node: &str) -> Result<Claimed, StoreError> {
    let interrupted = before.lease_until > 0 && before.holder.as_deref() != Some(node);
    let lease = Lease {
        of: Held::Delivery,
        key: before.key.clone(),
        fence: row.fence,
    };
    Ok(Claimed {
        delivery: row.delivery()?,
        lease,
        repeat: interrupted || before.may_have_arrived != 0,
        interrupted,
    })
}

/// Hands out what may be sent now, each under a lease of its own.
///
/// `now` is the time of leases, which is the database's where it has many nodes; an attempt that was put off is due by the
/// clock of the nodes that put it off.
pub(super) async fn claim(db: &mut Db, claim: &Claim, now: i64) -> Result<Claims, StoreError> {
    let until = now.saturating_add(claim.lease_ms);
    let (rows, chosen, minute) = chosen(db, claim, now).await?;
    let mut taken = Vec::new();
    for chosen in chosen {
        let row: Option<DeliveryRow> = sql("UPDATE outbox SET fence = fence + 1, lease_until = $3, holder = $4, first_at = coalesce(first_at, $2) WHERE key = $1 AND done = 0 AND (lease_until <= $2 OR holder = $4) RETURNING key, page, incident, team, route, step, body, attempts, next_at, queued_at, stand_down, fence")
            .bind(chosen.key.as_str())
            .bind(now)
            .bind(until)
            .bind(claim.node.as_str())
            .optional(db)
            .await?;
        if let (Some(row), Some(before)) = (row, rows.iter().find(|of| of.key == chosen.key)) {
            taken.push(claimed(row, before, &claim.node)?);
        }
    }
    let held_back = held_back(db, claim, &minute).await?;
    Ok(Claims { taken, held_back })
}

/// What may be sent now by the only process that writes to the database, while nothing can be written: a page does not
/// wait for a disk. The leases are those that stand, which nobody else can take.
pub(super) async fn claim_unwritten(db: &mut Db, claim: &Claim) -> Result<Claims, StoreError> {
    let (rows, chosen, _) = chosen(db, claim, claim.now.timestamp_millis()).await?;
    let mut taken = Vec::new();
    for chosen in chosen {
        let row: Option<DeliveryRow> = sql("SELECT key, page, incident, team, route, step, body, attempts, next_at, queued_at, stand_down, fence FROM outbox WHERE key = $1")
            .bind(chosen.key.as_str())
            .optional(db)
            .await?;
        if let (Some(row), Some(before)) = (row, rows.iter().find(|of| of.key == chosen.key)) {
            taken.push(claimed(row, before, &claim.node)?);
        }
    }
    Ok(Claims {
        taken,
        held_back: Vec::new(),
    })
}

/// The pages that a cap keeps waiting and that do not say so yet.
async fn held_back(
    db: &mut Db,
    claim: &Claim,
    minute: &Minute,
) -> Result<Vec<HeldBack>, StoreError> {
    let mut rows: Vec<HeldRow> = Vec::new();
    match minute.full(&claim.caps) {
        None => {
            rows = sql("SELECT key, page, team FROM outbox WHERE done = 0 AND held_back = 0 AND first_at IS NULL AND stand_down = 0 AND route <> $2 ORDER BY queued_at DESC, key LIMIT $1")
                .bind(HELD_BACK_TOLD)
                .bind(EXERCISE)
                .all(db)
                .await?;
        }
        Some(teams) => {
            for team in teams {
                let of_team: Vec<HeldRow> = sql("SELECT key, page, team FROM outbox WHERE done = 0 AND held_back = 0 AND first_at IS NULL AND stand_down = 0 AND route <> $2 AND team = $3 ORDER BY queued_at DESC, key LIMIT $1")
                    .bind(HELD_BACK_TOLD)
                    .bind(EXERCISE)
                    .bind(team)
                    .all(db)
                    .await?;
                rows.extend(of_team);
            }
        }
    }
    let told = rows.into_iter().filter_map(|row| {
        let why = minute.holds_back(&row.team, &claim.caps)?;
        Some(HeldBack {
            key: row.key,
            page: row.page,
            why,
        })
    });
    Ok(told.collect())
}

/// Makes leases last longer; gives those that another node has by now, or that have nothing left to hold.
pub(super) async fn renew(
    db: &mut Db,
    leases: &[Lease],
    until: i64,
) -> Result<Vec<Lease>, StoreError> {
    let mut lost = Vec::new();
    for lease in leases {
        let done = sql(
            "UPDATE outbox SET lease_until = $3 WHERE key = $1 AND fence = $2 AND lease_until > 0",
        )
        .bind(lease.key.as_str())
        .bind(lease.fence)
        .bind(until)
        .run(db)
        .await?;
        if done == 0 {
            lost.push(lease.clone());
        }
    }
    Ok(lost)
}

/// Ends the leases of a process that is gone: the file has one server at a time.
///
/// # Errors
/// The database does not do it; the leases run out by themselves.
pub async fn end_leases(db: &mut Db) -> Result<(), StoreError> {
    sql("UPDATE outbox SET lease_until = 1 WHERE done = 0 AND lease_until > 1")
        .run(db)
        .await?;
    Ok(())
}
