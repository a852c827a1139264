// SPDX-License-Identifier: GPL-2.0-or-later
//! The samples in; the pictures of README and guide out.

mod report;
mod screen;
mod wireshark;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use carelink_samples::files::sample;
use xtask::tshark::Tshark;
use xtask::workspace;

use self::screen::Screen;
use self::wireshark::{Gui, Look};
use crate::{apt, matrix};

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
enum Scene {
    /// The main window, with the details of a frame: of the last answer of a pump, if none is named.
    Main { frame: Option<u32> },
    /// The window of Statistics > CareLink.
    Statistics,
    /// The window of Statistics > Flow Graph.
    FlowGraph,
    /// The main window of a Wireshark without our plugin, with the sample scrubbed and annotated.
    Annotated,
    /// What `carelink report` writes of this sample and another, in a browser.
    Report { other: &'static str },
}

/// A picture: its name, what the name of its sample begins with, and what it shows.
type Picture = (&'static str, &'static str, Scene);

/// All that README and guide show.
const PICTURES: &[Picture] = &[
    ("wireshark", "11-", Scene::Main { frame: Some(168) }),
    ("meter", "20-", Scene::Main { frame: None }),
    ("statistics", "04-", Scene::Statistics),
    ("flow-graph", "11-", Scene::FlowGraph),
    ("annotated", "11-", Scene::Annotated),
    ("report", "11-", Scene::Report { other: "14-" }),
];

/// What to photograph.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The names of the pictures to take, without .png [default: all of README and guide]
    #[arg(conflicts_with = "capture")]
    names: Vec<String>,
    /// Photograph this capture instead, to the file "capture.png"
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Which of its frames to select [default: the last answer of a pump]
    #[arg(long, requires = "capture")]
    frame: Option<u32>,
    /// The folder to write to; of the workspace, if it is relative
    #[arg(short, long, value_name = "FOLDER", default_value = "docs")]
    output: PathBuf,
    /// In the chroot of this suite of Debian, as matrix makes it, with its Wireshark; paths are of the workspace
    #[arg(long)]
    suite: Option<String>,
}

/// Takes the pictures.
///
/// # Errors
/// If something is missing, or a window does not appear.
pub fn run(options: &Options) -> Result<()> {
    if let Some(suite) = &options.suite {
        let verb = options.verb();
        return matrix::run_in(suite, &verb.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let known = || PICTURES.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
    for name in &options.names {
        let is_known = PICTURES.iter().any(|(known, ..)| known == name);
        ensure!(is_known, "there is no picture {name}, only {}", known());
    }
    let folder = workspace::root().join(&options.output);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    apt::ensure(&[apt::BUILD, apt::SCREEN].concat())?;
    let at = |name: &str| folder.join(name).with_extension("png");
    if let Some(capture) = &options.capture {
        return take(Scene::Main { frame: options.frame }, capture, &at("capture"));
    }
    let wanted = |name: &str| options.names.is_empty() || options.names.iter().any(|one| one == name);
    for &(name, start, scene) in PICTURES.iter().filter(|(name, ..)| wanted(name)) {
        take(scene, &sample(start), &at(name)).with_context(|| format!("the picture {name}"))?;
    }
    Ok(())
}

fn take(scene: Scene, capture: &Path, picture: &Path) -> Result<()> {
    match scene {
        Scene::Main { frame } => {
            let screen = Screen::start(1400, 900)?;
            let tshark = Tshark::prepare()?;
            let gui = Gui::start(&screen, &tshark, &Look::with_profile(&tshark, capture, frame)?)?;
            gui.unfold()?;
            screen.photograph(picture)
        }
        Scene::Statistics => window(capture, ("· CareLink ·", (1100, 700)), None, picture),
        // The list of flows there is by its place, for nothing else tells it.
        Scene::FlowGraph => {
            window(capture, ("· Flow ·", (1400, 715)), Some(((737, 665), "CareLink")), picture)
        }
        Scene::Annotated => {
            let screen = Screen::start(1400, 700)?;
            let tshark = Tshark::bare()?;
            let folder = tempfile::tempdir()?;
            let (public, annotated) =
                (folder.path().join("public.pcapng"), folder.path().join("annotated.pcapng"));
            report::program(&["scrub", "--times", "--unknown", "--output"], [&public, capture])?;
            report::program(&["annotate", "--level", "brief", "--output"], [&annotated, &public])?;
            let _gui = Gui::start(&screen, &tshark, &Look::with_comments(&tshark, &annotated)?)?;
            screen.photograph(picture)
        }
        Scene::Report { other } => report::photograph(&[capture.to_owned(), sample(other)], picture),
    }
}

/// Opens a window of the menu Statistics, and chooses what is asked for in its list at this place.
fn window(
    capture: &Path,
    (title, size): (&str, (u32, u32)),
    choice: Option<((u32, u32), &str)>,
    picture: &Path,
) -> Result<()> {
    let screen = Screen::start(size.0, size.1)?;
    let tshark = Tshark::prepare()?;
    let gui = Gui::start(&screen, &tshark, &Look::with_profile(&tshark, capture, None)?)?;
    let window = gui.open_statistics(title)?;
    screen.fill(&window)?;
    if let Some((place, entry)) = choice {
        screen.choose(place, entry)?;
    }
    screen.photograph(picture)
}

impl Options {
    /// The same verb, for the chroot of a suite.
    fn verb(&self) -> Vec<String> {
        let mut words = ["screenshot", "--output"].map(str::to_owned).to_vec();
        words.push(self.output.display().to_string());
        if let Some(capture) = &self.capture {
            words.extend(["--capture".to_owned(), capture.display().to_string()]);
        }
        words.extend(self.frame.into_iter().flat_map(|frame| ["--frame".to_owned(), frame.to_string()]));
        words.extend(self.names.iter().cloned());
        words
    }
}
