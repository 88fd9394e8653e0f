//! Proofs of the whole from outside: a backend on a real socket, spoken to as any client would.
//! One test program, so that it is linked once; what a room promises inside stands beside its code.

#[cfg(test)]
mod client;
