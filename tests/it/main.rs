//! Proofs of the whole from outside: a backend on a real socket, spoken to as any client would.
//! One test program, so that it is linked once; what a room promises inside stands beside its code.

#[cfg(test)]
mod alert;
#[cfg(test)]
mod api;
#[cfg(test)]
mod backend;
#[cfg(test)]
mod board;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod client;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod command;
#[cfg(test)]
mod connector;
#[cfg(test)]
mod display;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hook;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod import;
#[cfg(test)]
mod init;
#[cfg(test)]
mod life;
#[cfg(test)]
mod metric;
#[cfg(test)]
mod microsoft;
#[cfg(test)]
mod packaging;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod prism;
#[cfg(test)]
mod program;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod record;
#[cfg(test)]
mod regimes;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod store;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod token;
