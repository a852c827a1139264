//! CareLink protocol core.
#![cfg_attr(not(feature = "capi"), forbid(unsafe_code))]

pub mod checksum;
pub mod crc;
pub mod cursor;
pub mod diagnosis;
pub mod dissect;
pub mod emit;
pub mod events;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod field;
pub mod history;
pub mod names;
pub mod opaque;
pub mod page;
pub mod pump;
pub mod radio;
pub mod sensor;
pub mod session;
pub mod sink;
pub mod stick;
pub mod summary;
pub mod time;
pub mod track;
pub mod units;
