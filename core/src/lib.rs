//! CareLink protocol core.
pub mod crc;
