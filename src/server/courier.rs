//! Pages by the routes of room `paging`: which route a delivery names, and who hands a delivery over.

use futures::future::BoxFuture;

use super::outbox::{Courier, Ending, Letter};
use crate::domain::word::Tlp;
use crate::paging::message::PageMessage;
use crate::paging::{Attempt, Route, Routes, Sent};
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

    /// The route that a delivery names by its place in the team's list and its kind. A file that was changed meanwhile may
    /// have another one there, to which the kept body says nothing.
    fn route(&self, delivery: &Delivery) -> Option<&dyn Route> {
        let (place, kind) = delivery.route.split_once('/')?;
        self.routes
            .get_of(&delivery.team, place.parse().ok()?, kind)
    }
}

impl Courier for RouteCourier {
    fn message(&self, letter: &Letter<'_>) -> Vec<u8> {
        let view = letter.place.and_then(|place| letter.team.routes.get(place));
        // The exercise sink keeps what a cleared route would have been told.
        let clearance = view.map_or(Tlp::Red, |view| view.clearance);
        let team = letter.team;
        let message = PageMessage::new(
            letter.incident,
            letter.page,
            &team.name,
            clearance,
            letter.link,
        );
        let route = letter
            .place
            .and_then(|place| self.routes.get(&team.id, place));
        match route {
            Some(route) => route.body(letter.key, &message),
            None => message.body(),
        }
    }

    fn ending(&self, ending: &Ending<'_>) -> Option<Vec<u8>> {
        let letter = &ending.letter;
        let (team, place) = (letter.team, letter.place?);
        let route = self.routes.get_of(&team.id, place, ending.kind)?;
        if let Some(body) = route.resolution(letter.key) {
            // It may be open there though the answer to it was lost, and would go on calling people; what was never opened is
            // closed without harm.
            return Some(body);
        }
        if !ending.stood_down || !route.recalls() {
            return None;
        }
        let clearance = team.routes.get(place)?.clearance;
        let message = PageMessage::stand_down(
            letter.incident,
            letter.page,
            &team.name,
            clearance,
            ending.reason,
        );
        Some(route.body(letter.key, &message))
    }

    fn dedupes(&self, delivery: &Delivery) -> bool {
        self.route(delivery).is_none_or(|route| route.dedupes())
    }

    fn on_call<'a>(
        &'a self,
        team: &str,
        place: usize,
    ) -> Option<BoxFuture<'a, Result<Vec<String>, String>>> {
        self.routes.get(team, place)?.on_call(self.clock.now())
    }

    fn repeats(&self, delivery: &Delivery) -> bool {
        self.route(delivery).is_none_or(|route| route.repeats())
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery, repeat: bool) -> BoxFuture<'a, Sent> {
        Box::pin(async move {
            let Some(route) = self.route(delivery) else {
                let why = format!(
                    "the backend's file has no route {} for it any more",
                    delivery.route
                );
                return Sent::Failed(why);
            };
            let attempt = Attempt {
                key: &delivery.key,
                body: &delivery.body,
                repeat,
                now: self.clock.now(),
            };
            route.send(attempt).await
        })
    }
}
