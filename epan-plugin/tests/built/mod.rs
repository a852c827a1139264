// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: the path of the plugin that cargo built along with these tests.

use std::env;
use std::path::PathBuf;

/// Cargo puts the library beside the tests that link to it.
pub fn plugin() -> PathBuf {
    env::current_exe().expect("a test knows where it is").with_file_name("libcarelink_epan.so")
}
