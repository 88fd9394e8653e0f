//! Pages by the routes of room `paging`: which route a delivery names, and what its outcome means for the attempt.

use futures::future::BoxFuture;

use super::outbox::{Attempt, Courier, Letter};
use crate::domain::word::Tlp;
use crate::paging::message::PageMessage;
use crate::paging::{Routes, Sent};
use crate::store::Delivery;
use crate::time::SharedClock;

/// A courier over the routes of a backend's file.
pub struct RouteCourier {
    routes: Routes,
    clock: SharedClock,
}

impl RouteCourier {
    /// Over routes that were made ready.
    pub fn new(routes: Routes, clock: SharedClock) -> RouteCourier {
        RouteCourier { routes, clock }
    }
}

impl Courier for RouteCourier {
    fn message(&self, letter: &Letter<'_>) -> Vec<u8> {
        let route = letter.place.and_then(|place| letter.team.routes.get(place));
        // The exercise sink keeps what a cleared route would have been told.
        let clearance = route.map_or(Tlp::Red, |route| route.clearance);
        let team = &letter.team.name;
        PageMessage::new(letter.incident, letter.page, team, clearance, letter.link).body()
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Attempt> {
        Box::pin(async move {
            let place = delivery
                .route
                .split('/')
                .next()
                .and_then(|place| place.parse().ok());
            let Some(route) = place.and_then(|place| self.routes.get(&delivery.team, place)) else {
                let why = format!(
                    "the backend's file has no route {} for it any more",
                    delivery.route
                );
                return Attempt::Failed(why);
            };
            match route
                .send(&delivery.key, &delivery.body, self.clock.now())
                .await
            {
                Sent::Accepted => Attempt::Accepted,
                Sent::Unknown(why) => Attempt::Unknown(why),
                Sent::NotSent {
                    why,
                    retry_after_ms,
                } => Attempt::Refused {
                    why,
                    retry_after_ms,
                },
                Sent::Refused(why) => Attempt::Failed(why),
            }
        })
    }
}
