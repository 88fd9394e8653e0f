//! The binary: installs what only a process may install, then hands over to `cli`.

fn main() {}
