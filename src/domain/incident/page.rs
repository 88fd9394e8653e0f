//! A page as recorded: one request to one team to come, and how far it got.
//! How it is sent is the room `paging`; when it escalates is decided in `command::page`.

use serde::{Deserialize, Serialize};

use crate::domain::instant::Instant;
use crate::domain::view::PageView;
use crate::domain::word::{Answer, PageState, Urgency};

/// One request to one team to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub id: String,
    pub team: String,
    pub state: PageState,
    /// The kind of the route it goes by now; None: the team has none.
    pub route: Option<String>,
    /// 0 for the first route, +1 for each escalation.
    pub step: u32,
    pub attempts: u32,
    pub urgency: Urgency,
    pub answer: Option<Answer>,
    pub eta: Option<Instant>,
    pub queued_at: Instant,
    pub accepted_at: Option<Instant>,
    pub acknowledged_at: Option<Instant>,
    pub acknowledged_by: Option<String>,
    pub escalates_at: Option<Instant>,
    pub by: String,
    pub message: Option<String>,
    pub last_error: Option<String>,
}

impl Page {
    /// Whether the team still owes an answer.
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// The page as readers see it: its message, names and what a paging system said only for those who may.
    pub fn view(&self, may_read: bool) -> PageView {
        PageView {
            id: self.id.clone(),
            team: self.team.clone(),
            state: self.state,
            route: self.route.clone(),
            step: self.step,
            attempts: self.attempts,
            urgency: self.urgency,
            answer: self.answer,
            eta: self.eta,
            queued_at: self.queued_at,
            accepted_at: self.accepted_at,
            acknowledged_at: self.acknowledged_at,
            acknowledged_by: self.acknowledged_by.clone().filter(|_| may_read),
            escalates_at: self.escalates_at,
            by: if may_read {
                self.by.clone()
            } else {
                String::new()
            },
            message: self.message.clone().filter(|_| may_read),
            // Without a route the words are our own, and everybody must know that nobody was reached.
            last_error: self
                .last_error
                .clone()
                .filter(|_| may_read || self.route.is_none()),
        }
    }
}
