//! The clocks as a whole: the worked cases, a table for every kind and rule, and what must hold whatever is given.

mod file;
mod law;
mod property;
mod rule;
mod stand;
mod worked;
