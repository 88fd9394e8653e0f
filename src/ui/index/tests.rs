//! Proofs of the lists.
