//! Feeds the property `alert` with what coverage leads to. What must hold stands in `property.rs`.
#![no_main]

#[path = "../property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::alert(data));
