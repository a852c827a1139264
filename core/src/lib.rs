//! CareLink protocol core.
#![cfg_attr(not(feature = "capi"), forbid(unsafe_code))]

pub mod cursor;
pub mod diagnosis;
#[cfg(feature = "capi")]
pub mod ffi;
pub mod field;
pub mod names;
pub mod opaque;
pub mod pump;
pub mod session;
pub mod sink;
pub mod time;
pub mod units;
