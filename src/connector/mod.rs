//! Incidents from elsewhere: what a foreign record means in our words. Each format stays private to its file.
//! Who asks for it and where it goes stands in `cli` and `server`.

pub mod veris;
