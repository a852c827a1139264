// SPDX-License-Identifier: GPL-2.0-or-later
//! In: Wireshark's headers, `carelink.h` and the shim. Out: `sys.rs` and the compiled shim, both in OUT_DIR.
//!
//! This is the build script of `epan-plugin`, and runs in that folder. It writes nothing outside OUT_DIR.

use std::env;
use std::ffi::OsStr;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const CONTRACT: &str = "../core/include";
const SHIM: &str = "csrc";

/// What to install, by system.
const NEEDS: &str = include_str!("needs.txt");

fn main() -> ExitCode {
    for path in ["../build.rs", "../needs.txt", CONTRACT, SHIM] {
        println!("cargo::rerun-if-changed={path}");
    }
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let headers = wireshark_headers()?;
    compile_shim(&headers)?;
    describe_data(&headers)?;
    if target_is("macos") {
        // Wireshark itself brings the symbols of epan; other systems leave them open without being asked.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup");
    }
    Ok(())
}

/// Whether this is the system that is built for.
fn target_is(system: &str) -> bool {
    env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok(system)
}

/// The include paths of Wireshark and of glib, which it needs.
fn wireshark_headers() -> Result<Vec<PathBuf>, String> {
    pkg_config::Config::new()
        .atleast_version("4.0")
        // The program that loads the plugin brings the library; only Windows wants to be told of it before.
        .cargo_metadata(target_is("windows"))
        .probe("wireshark")
        .map(|library| library.include_paths)
        .map_err(|error| {
            let tool = Command::new("pkg-config").arg("--version").output();
            let cause = match (tool, error) {
                (Err(_), _) => "pkg-config is missing".to_owned(),
                (
                    _,
                    pkg_config::Error::Failure { output, .. }
                    | pkg_config::Error::ProbeFailure { output, .. },
                ) => String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
                (_, error) => error.to_string().trim().replace('\n', "; "),
            };
            format!("the headers of Wireshark 4.0 or later were not found ({cause}). Install them:\n{NEEDS}")
        })
}

fn compile_shim(headers: &[PathBuf]) -> Result<(), String> {
    let mut build = cc::Build::new();
    build
        .files(["shim.c", "taps.c", "flow.c"].map(|file| Path::new(SHIM).join(file)))
        .include(CONTRACT)
        .std("c11");
    let msvc = build.try_get_compiler().is_ok_and(|compiler| compiler.is_like_msvc());
    for path in headers {
        // As system headers, so that warnings are about our own code only.
        if msvc {
            build.include(path)
        } else {
            build.flag("-isystem").flag(path)
        };
    }
    build.extra_warnings(true).warnings_into_errors(true);
    build.try_compile("carelink_shim").map_err(|error| format!("the shim does not compile: {error}"))
}

/// Lets bindgen describe epan's data types and `carelink.h` in Rust. epan's functions stay out: only C calls them.
fn describe_data(headers: &[PathBuf]) -> Result<(), String> {
    let mut builder = bindgen::builder()
        .header(format!("{SHIM}/shim.h"))
        .clang_args(["-std=c11", "-I", CONTRACT])
        .allowlist_type("clshim_tables|ftenum|field_display_e|ft_framenum_type|value_string|unit_name_string")
        .allowlist_type(
            "true_false_string|cl_(node|note|source|report|report_flag|options|view|transfer|status|want|role|direction|carrier)",
        )
        .allowlist_function("clshim_register")
        .allowlist_var("CL_NO_STREAM|WIRESHARK_VERSION_(MAJOR|MINOR)|BASE_(UNIT|EXT)_STRING|PI_[A-Z_]+")
        .prepend_enum_name(false)
        .generate_comments(false)
        .derive_default(true)
        // Cargo watches the headers that were read: another Wireshark means another build.
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()));
    for path in headers {
        builder = builder.clang_arg("-isystem").clang_arg(path.to_string_lossy());
    }
    if let Some(path) = compiler_headers() {
        // After all others: used only where libclang came without headers of its own.
        builder = builder.clang_arg("-idirafter").clang_arg(path.to_string_lossy());
    }
    // bindgen panics if there is no libclang to load.
    let bindings = panic::catch_unwind(panic::AssertUnwindSafe(|| builder.generate()))
        .map_err(|_| {
            format!("libclang was not found. Set LIBCLANG_PATH to the folder that it is in, or install it:\n{NEEDS}")
        })?
        .map_err(|error| format!("bindgen cannot read the headers of Wireshark: {error}"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    bindings.write_to_file(out.join("sys.rs")).map_err(|error| format!("sys.rs cannot be written: {error}"))
}

/// The folder where the C compiler keeps `stddef.h` and the like.
fn compiler_headers() -> Option<PathBuf> {
    let compiler = cc::Build::new().try_get_compiler().ok()?;
    let output = compiler.to_command().arg("-print-file-name=include").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (output.status.success() && path.file_name() == Some(OsStr::new("include"))).then_some(path)
}
