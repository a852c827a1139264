//! CareLink protocol core.
pub mod crc;
pub mod emit;
