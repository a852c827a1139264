// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a number of frames, and who looks at them. Out: nothing; it is there to be profiled.
//!
//! `traffic FRAMES [none|line|tree]` observes and dissects generated downloads. Under callgrind, two runs of different
//! length tell the instructions per frame.

use carelink_core::transfer::Transfer;

use carelink_core::session::Session;
use carelink_core::tree::outline::Outline;
use carelink_core::tree::sink::InfoLine;
use carelink_samples::generate::Load;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().ok_or("how many frames?")?.parse()?;
    let mut outline = Outline::default();
    let mut line = InfoLine::default();
    let dissect: &mut dyn FnMut(&Session, &Transfer<'_>) = match arguments.next().as_deref() {
        None | Some("none") => &mut |_, _| {},
        Some("line") => &mut |session, frame| {
            line.0.clear();
            session.dissect(frame, &mut line);
        },
        Some("tree") => &mut |session, frame| {
            outline.clear();
            session.dissect(frame, &mut outline);
        },
        Some(_) => return Err("who looks at them?".into()),
    };
    let mut session = Session::default();
    for frame in Load::new(36).frames(count) {
        session.observe(&frame);
        dissect(&session, &frame);
    }
    Ok(())
}
