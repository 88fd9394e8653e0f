//! Notification clocks: how they are counted. Pure arithmetic over recorded facts; no present of its own.
