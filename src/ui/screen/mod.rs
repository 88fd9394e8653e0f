//! The screens, each with its small state beside its drawing, and the head and foot they share.
//! Which screen is seen, and what all of them share, is the app's.

pub mod clocks;
pub mod foot;
pub mod head;
pub mod incident;
pub mod lanes;
pub mod people;
pub mod teams;
pub mod wall;
pub mod words;

/// Which screen is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScreenName {
    #[default]
    Lanes,
    Teams,
    Clocks,
    People,
    Incident,
    Wall,
}

#[cfg(test)]
mod tests;
