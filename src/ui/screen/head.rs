//! The head of every screen: time and sources, counts and mark, the nearest duties, what is missing.
