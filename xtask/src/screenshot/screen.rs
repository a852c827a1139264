// SPDX-License-Identifier: GPL-2.0-or-later
//! Keys and clicks in; a screen that nobody sees, and pictures of it, out.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use xtask::process;

/// Windows paint when they have time.
pub const SETTLE: Duration = Duration::from_secs(3);

/// Wireshark takes several seconds to show its window.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends its process when it goes out of scope.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen, which ends with this value.
pub struct Screen {
    /// Its name, as programs take it in `DISPLAY`.
    pub display: String,
    size: (String, String),
    _xvfb: Running,
}

impl Screen {
    /// Starts a screen of so many pixels.
    ///
    /// # Errors
    /// If there is no Xvfb, or it does not start.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut xvfb = Command::new("Xvfb");
        // It takes a number that is free, and tells it. Without -ac only the user who started it may draw.
        xvfb.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &format!("{width}x{height}x24"),
            "-nolisten",
            "tcp",
            "-ac",
        ]);
        xvfb.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut xvfb = Running(xvfb.spawn().context("cannot start Xvfb")?);
        let told = xvfb.0.stdout.take().context("no output of Xvfb")?;
        let mut number = String::new();
        BufReader::new(told).read_line(&mut number)?;
        ensure!(
            !number.trim().is_empty(),
            "Xvfb does not start: is /tmp/.X11-unix a folder that all may write to?"
        );
        let size = (width.to_string(), height.to_string());
        Ok(Self { display: format!(":{}", number.trim()), size, _xvfb: xvfb })
    }

    /// What xdotool prints.
    ///
    /// # Errors
    /// If it fails.
    pub fn xdotool(&self, words: &[&str]) -> Result<String> {
        process::read(Command::new("xdotool").env("DISPLAY", &self.display).args(words))
    }

    /// The newest window whose title matches, if there is one by now.
    pub fn window(&self, title: &str) -> Option<String> {
        // xdotool fails where it finds none.
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title]).ok()?;
        found.lines().next_back().map(str::to_owned)
    }

    /// Waits for a window whose title matches.
    ///
    /// # Errors
    /// If none appears.
    pub fn wait_for_window(&self, title: &str) -> Result<String> {
        wait_for(&format!("a window with {title}"), || self.window(title))
    }

    /// Lets a window fill the screen, and gives it the keys.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn fill(&self, window: &str) -> Result<()> {
        let (width, height) = (self.size.0.as_str(), self.size.1.as_str());
        self.xdotool(&["windowmove", window, "0", "0", "windowsize", window, width, height])?;
        self.xdotool(&["windowraise", window, "windowfocus", window])?;
        sleep(SETTLE);
        Ok(())
    }

    /// Chooses an entry of the list at this place.
    ///
    /// # Errors
    /// If xdotool fails.
    pub fn choose(&self, (x, y): (u32, u32), entry: &str) -> Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        self.xdotool(&["mousemove", &x, &y, "click", "1"])?;
        sleep(SETTLE);
        self.xdotool(&["type", entry])?;
        self.xdotool(&["key", "Return"])?;
        Ok(())
    }

    /// Writes what is on the screen.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn photograph(&self, picture: &Path) -> Result<()> {
        sleep(SETTLE);
        let mut import = Command::new("import");
        process::run(import.env("DISPLAY", &self.display).args(["-window", "root"]).arg(picture))?;
        println!("Wrote {}", picture.display());
        Ok(())
    }
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
