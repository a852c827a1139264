// SPDX-License-Identifier: GPL-2.0-or-later
//! In: `carelink.h`, the built plugin, a C compiler. Out: the proof that C can use the one with the other.

mod built;

use std::env;
use std::path::Path;
use std::process::Command;

#[test]
fn c_can_use_the_core_through_the_header_alone() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract");
    let compiled = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(here.join("../core/include"))
        .arg(here.join("tests/contract.c"))
        // Wireshark's library is loaded with the program: if it lacks a symbol that the plugin needs, the plugin
        // does not load, as it would not in Wireshark.
        .args(["-Wl,--no-as-needed", "-lwireshark", "-ldl", "-o"])
        .arg(&program)
        .output()
        .expect("a C compiler built the shim, so there is one");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let ran = Command::new(&program).arg(built::plugin()).output().expect("it was just built");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
