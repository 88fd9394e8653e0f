//! The rules of the API, each proved by asking over a socket.

mod access;
mod auth;
mod behalf;
mod clock;
mod course;
mod document;
mod durable;
mod feed;
mod fold;
mod link;
mod mask;
mod outbox;
mod packed;
mod page;
mod paged;
mod preview;
mod read;
mod receiver;
mod redact;
mod restrict;
mod route;
mod rule;
mod seat;
mod socket;
mod worker;
mod write;
