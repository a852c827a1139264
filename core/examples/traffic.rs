//! In: a number of frames, and who looks at them. Out: what the core keeps of them, in bytes per frame, as it grows.
//!
//! `traffic FRAMES [none|line|tree]` observes and dissects generated downloads. Under callgrind, two runs of different
//! length tell the instructions per frame.

use carelink_core::session::{Session, Transfer};
use carelink_core::sink::{InfoLine, Outline};
use carelink_samples::generate::Load;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().ok_or("how many frames?")?.parse()?;
    let mut outline = Outline::default();
    let mut line = InfoLine::default();
    let dissect: &mut dyn FnMut(&Session, &Transfer<'_>) = match arguments.next().as_deref() {
        None | Some("none") => &mut |session, frame| {
            session.dissect(frame, &mut ());
        },
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
    let load = Load::new(36);
    let mut session = Session::default();
    let mut kept = 0;
    println!("{:>10} {:>12} {:>6} {:>12}", "frames", "kept bytes", "each", "reassembled");
    let mut frames = load.frames(count);
    for tenth in 1..=10 {
        let until = u64::from(count) * tenth / 10;
        let used = allocation_counter::measure(|| {
            for frame in frames.by_ref() {
                session.observe(&frame);
                dissect(&session, &frame);
                if u64::from(frame.frame) == until {
                    break;
                }
            }
        });
        kept += used.bytes_current;
        let reassembled = session.tracker().reassembled();
        println!(
            "{until:10} {kept:12} {:6.1} {reassembled:12}",
            (kept as f64 - reassembled as f64) / until as f64
        );
    }
    Ok(())
}
