//! The door as a protocol, spoken to by a client in the same process: what a fault or a flood on one connection does to others.
