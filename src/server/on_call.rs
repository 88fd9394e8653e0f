//! Who a page would wake, as the systems that it goes by tell it: asked before the page is sent, all at once and within a short
//! time. Nobody waits for a system that is away; why it is not known is told then.

use futures::future::join_all;

use super::state::ServerState;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::text::SafeText;
use crate::time::timeout;
use crate::wire::OnCallBody;

/// How long the systems may take to tell it.
const WITHIN_MS: i64 = 3_000;
/// How much of why it is not known is told, in cells.
const WHY_CELLS: usize = 160;
/// Most names that one route tells.
const NAMES: usize = 20;

/// Who the pages among these events would wake.
pub async fn of(state: &ServerState, incident: &Incident, events: &[Event]) -> Vec<OnCallBody> {
    if incident.exercise {
        return Vec::new();
    }
    let source = incident.upstream.as_ref().map(|of| of.connector.as_str());
    let mut asked = Vec::new();
    for event in events {
        let Event::PageQueued { team, .. } = event else {
            continue;
        };
        let routes = state.directory.team(team).map(|team| &team.routes);
        for (place, route) in routes.into_iter().flatten().enumerate() {
            let (Some(connector), true) = (&route.connector, route.reaches_for(source)) else {
                continue;
            };
            let Some(asking) = state.courier.on_call(team, place) else {
                continue;
            };
            asked.push(async move {
                let told = match timeout(&*state.clock, WITHIN_MS, asking).await {
                    Ok(told) => told,
                    Err(_) => Err(format!("{connector} did not answer within 3 s")),
                };
                let line = |text: &str| SafeText::line(text).truncated(WHY_CELLS);
                let (people, why) = match told {
                    Ok(people) => (
                        people.iter().take(NAMES).map(|name| line(name)).collect(),
                        None,
                    ),
                    Err(why) => (Vec::new(), Some(line(&why))),
                };
                OnCallBody {
                    team: team.clone(),
                    connector: connector.clone(),
                    people,
                    why,
                }
            });
        }
    }
    join_all(asked).await
}
