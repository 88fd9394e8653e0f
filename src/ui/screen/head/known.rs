//! How much is known at all: what was heard of the sources, and to which services a token is limited.

use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// How much of what there is was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Every source has given its whole list.
    All,
    /// Not every one: there may be more.
    Some,
    /// None has: nothing is known, not even that there is nothing.
    Nothing,
}

impl Known {
    /// A count of what was heard: `3`, `3+`, `?`.
    pub fn count(self, count: usize) -> String {
        match self {
            Known::All => count.to_string(),
            Known::Some => format!("{count}+"),
            Known::Nothing => "?".to_owned(),
        }
    }
}

/// How much of what there is was heard; a board without a source knows all of it.
pub fn known(shared: &Shared) -> Known {
    let sources = &shared.board.sources;
    let whole = sources.iter().filter(|source| source.complete).count();
    match (
        sources.len() - whole,
        shared.index.rows().next().is_some() || whole > 0,
    ) {
        (0, _) => Known::All,
        (_, true) => Known::Some,
        (_, false) => Known::Nothing,
    }
}

/// The services that tokens are limited to, and that one of them is none: `services: azure`.
pub fn scope(shared: &Shared) -> Option<(String, Role)> {
    let (mut named, mut unknown) = (Vec::new(), Vec::new());
    for about in shared
        .board
        .sources
        .iter()
        .filter_map(|of| of.about.as_ref())
    {
        for service in &about.you.services {
            let known = about.services.iter().any(|of| of.id == *service);
            let list = if known { &mut named } else { &mut unknown };
            if !list.contains(service) {
                list.push(service.clone());
            }
        }
    }
    match (named.is_empty(), unknown.is_empty()) {
        (true, true) => None,
        (_, true) => Some((format!("services: {}", named.join(", ")), Role::Notice)),
        _ => Some((
            format!("NO SUCH SERVICE: {}", unknown.join(", ")),
            Role::Alarm,
        )),
    }
}
