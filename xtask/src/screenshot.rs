// SPDX-License-Identifier: GPL-2.0-or-later
//! A capture in; a picture of Wireshark with it out.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xtask::tshark::Tshark;
use xtask::{process, profile, workspace};

use crate::apt;
use crate::demo;

/// Width and height of the screen, in pixels.
const SCREEN: (&str, &str) = ("1400", "900");

/// A place within the packet details, below the few layers that are there before they are unfolded.
const DETAILS: (&str, &str) = ("350", "800");

/// Wireshark paints when it has time.
const SETTLE: Duration = Duration::from_secs(3);

/// Wireshark takes several seconds to show its window.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends its process when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens the capture in a Wireshark that nobody sees, selects the frame, and takes the picture; `picture` is a path from
/// the workspace's root.
///
/// # Errors
/// If something is missing, or no window appears.
pub fn run(capture: Option<PathBuf>, frame: Option<u32>, picture: &Path) -> Result<()> {
    apt::ensure(&[apt::BUILD, apt::SCREEN].concat())?;
    let samples = workspace::samples()?;
    let capture = capture.or_else(|| samples.first().cloned());
    let capture = capture.context("there are no sample captures: cargo xtask samples")?;
    let tshark = Tshark::prepare()?;
    let frame = match frame {
        Some(number) => number.to_string(),
        None => demo::last_reply(&tshark, &capture)?.frame,
    };
    let picture = workspace::root().join(picture);

    let (_screen, display) = screen()?;
    let copy = tshark.lend(&capture)?;
    profile::copy_to(&profile::folder(&tshark.home().join(".config/wireshark")))?;
    let runtime = tshark.home().join("run");
    fs::create_dir(&runtime)?;
    fs::set_permissions(&runtime, Permissions::from_mode(0o700))?;
    let owner = fs::metadata(tshark.home())?;
    chown(&runtime, Some(owner.uid()), Some(owner.gid()))?;
    let mut wireshark = tshark.command("wireshark");
    wireshark.env("DISPLAY", &display).env("QT_QPA_PLATFORM", "xcb").env("XDG_RUNTIME_DIR", runtime);
    wireshark
        .args(["-C", profile::NAME, "-Y", "carelink", "-g", &frame, "-r"])
        .arg(&copy)
        .stderr(Stdio::null());
    println!("Starting Wireshark {} on {}, frame {frame}", tshark.version(), capture.display());
    let _wireshark = Running(wireshark.spawn().context("cannot start wireshark")?);

    let name = copy.file_name().context("a capture without a name")?.to_string_lossy().into_owned();
    let xdotool =
        |words: &[&str]| process::read(Command::new("xdotool").env("DISPLAY", &display).args(words));
    let window = wait_for("the window of Wireshark", || {
        let found = xdotool(&["search", "--onlyvisible", "--name", &name]).ok()?;
        found.lines().next_back().map(str::to_owned)
    })?;
    let (width, height) = SCREEN;
    xdotool(&["windowmove", &window, "0", "0", "windowsize", &window, width, height])?;
    sleep(SETTLE);
    // A click into the packet details, then the last of the layers, which is ours, with all below it.
    let (x, y) = DETAILS;
    xdotool(&["mousemove", x, y, "click", "1", "key", "End", "key", "shift+Right"])?;
    sleep(SETTLE);
    fs::create_dir_all(picture.parent().context("no folder")?)?;
    let mut import = Command::new("import");
    process::run(import.env("DISPLAY", &display).args(["-window", "root"]).arg(&picture))?;
    println!("Wrote {}", picture.display());
    Ok(())
}

/// Starts a screen, and returns it with its name.
fn screen() -> Result<(Running, String)> {
    let (width, height) = SCREEN;
    let geometry = format!("{width}x{height}x24");
    for number in 99..120 {
        let socket = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
        if socket.exists() {
            continue;
        }
        let display = format!(":{number}");
        let mut xvfb = Command::new("Xvfb");
        // Without -ac only the user who started it may draw.
        xvfb.args([&display, "-screen", "0", &geometry, "-nolisten", "tcp", "-ac"]).stderr(Stdio::null());
        let screen = Running(xvfb.spawn().context("cannot start Xvfb")?);
        wait_for("Xvfb", || socket.exists().then_some(()))?;
        return Ok((screen, display));
    }
    bail!("all the screens are taken: end an Xvfb (DISPLAY is {:?})", env::var_os("DISPLAY"))
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Ok(found);
        }
        sleep(Duration::from_millis(200));
    }
    bail!("{what} did not appear within {} s", PATIENCE.as_secs())
}
