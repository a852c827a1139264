// SPDX-License-Identifier: GPL-2.0-or-later
//! In: generated downloads, hundreds of thousands of frames long. Out: proof that no frame costs an allocation of its own,
//! and that little is kept of each.

use allocation_counter::{AllocationInfo, measure};
use carelink_core::session::Session;
use carelink_core::transfer::Transfer;
use carelink_samples::generate::Load;

/// What the first visit of some frames asks of the allocator.
fn visited<'a>(session: &mut Session, frames: impl Iterator<Item = Transfer<'a>>) -> AllocationInfo {
    measure(|| {
        for frame in frames {
            session.observe(&frame);
        }
    })
}

/// How many lists grow with a capture: facts, commands, frames that were put together, transactions, how they were carried
/// and where their replies are; and of frames and of replies each the bytes, the parts, and where both end.
const LISTS: u64 = 14;

/// How often a list that grows by a sixty-fourth part is made larger until it has doubled, with one more for where it begins.
const GROWTHS: u64 = 46;

/// Lists that grow in proportion ask for memory as often from `n` to `2 n` items as from `2 n` to `4 n`. Anything that
/// asked for it in each frame, or in one of a thousand, would ask twice as often.
#[test]
fn a_frame_costs_no_allocation_of_its_own() {
    let load = Load::new(36);
    let mut session = Session::default();
    let mut frames = load.frames(400_000);
    visited(&mut session, frames.by_ref().take(50_000));
    for count in [50_000, 100_000, 200_000] {
        let growth = visited(&mut session, frames.by_ref().take(count));
        eprintln!("{} allocations in {count} further frames", growth.count_total);
        assert!(growth.count_total <= LISTS * GROWTHS, "{growth:?}");
    }
    let again = visited(&mut session, load.frames(400_000));
    assert_eq!(again.count_total, 0, "frames that were seen before: {again:?}");
}

/// What is kept beyond the bytes of frames and replies that were put together, in bytes per frame.
fn kept(load: &Load, frames: u32) -> f64 {
    let mut session = Session::default();
    let used = visited(&mut session, load.frames(frames)).bytes_current;
    let reassembled = i64::try_from(session.tracker().reassembled() + session.transactions().kept())
        .expect("it fits memory");
    let each = f64::from(i32::try_from(used - reassembled).expect("some megabytes")) / f64::from(frames);
    eprintln!("{each:.1} bytes for each of {frames} frames");
    each
}

#[test]
fn at_most_49_bytes_are_kept_of_a_frame() {
    let load = Load::new(36);
    let [once, twice] = [200_000, 400_000].map(|frames| kept(&load, frames));
    assert!(once <= 49.0 && twice <= 49.0);
    // The lists hold a little more than they need.
    assert!((once - twice).abs() <= once / 32.0, "it grows as the capture does");
}

/// Takes a minute unless it is optimised: `cargo test --release --test proof -- --ignored ten_million --nocapture`.
#[test]
#[ignore = "long"]
fn ten_million_frames_keep_as_little() {
    let load = Load::new(36);
    for frames in (1..=10).map(|millions| millions * 1_000_000) {
        assert!(kept(&load, frames) <= 48.0);
    }
}
