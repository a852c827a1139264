// SPDX-License-Identifier: GPL-2.0-or-later
//! In: Wireshark's look-ups in this library. Out: the symbols that make it a plugin for one Wireshark version.
//!
//! The shim (`csrc/`) registers and draws; `carelink_core` reads the bytes. This crate holds what must be Rust's:
//! the exported symbols, because a Rust library exports no symbols of C, and the registration [`tables`], because
//! fields and expert infos are declared in Rust.

pub mod sys;
pub mod tables;

use carelink_core::ffi::catch;
use libc::{c_char, c_int};
use sys::{WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// This plugin's version, as a C text.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "Wireshark looks for this name")]
pub static plugin_version: [c_char; VERSION.len() + 1] = {
    let mut text = [0; VERSION.len() + 1];
    let mut at = 0;
    while at < VERSION.len() {
        text[at] = VERSION.as_bytes()[at] as c_char;
        at += 1;
    }
    text
};

/// The major version of Wireshark that this was built for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "Wireshark looks for this name")]
pub static plugin_want_major: c_int = WIRESHARK_VERSION_MAJOR.cast_signed();

/// The minor version of Wireshark that this was built for.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "Wireshark looks for this name")]
pub static plugin_want_minor: c_int = WIRESHARK_VERSION_MINOR.cast_signed();

/// Wireshark calls this once, after it has loaded the plugin.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_register() {
    match catch(tables::tables) {
        // SAFETY: the tables are valid and live on; nothing here needs dropping, should epan jump over this frame.
        Ok(Ok(tables)) => unsafe { sys::clshim_register(tables) },
        // Wireshark has no channel for a plugin's start-up errors but the terminal.
        Ok(Err(fault)) => eprintln!("CareLink: {fault}: the plugin is not registered"),
        Err(panic) => eprintln!("CareLink: {panic}: the plugin is not registered"),
    }
}

/// What the plugin offers: bit 0 says that it dissects. Versions before 4.2 do not ask.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_describe() -> u32 {
    1
}
