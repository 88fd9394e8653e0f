//! The store port, on both engines: what every store must do, what several nodes on one database must do, and what must
//! hold while a database goes away. The same tests run on SQLite and on PostgreSQL, so that every statement is run on both.

mod contract;
mod fault;
mod line;
mod node;
mod place;
mod role;
