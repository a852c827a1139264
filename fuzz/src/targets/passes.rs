// SPDX-License-Identifier: GPL-2.0-or-later
//! In: transfers. Out: those that are dissected as they come, as in a live capture, read at the end as if all had been
//! observed first; and a session that is never asked for a tree learns the same.

use crate::transfers::transfers;
use carelink_core::session::Session;
use carelink_core::transfer::Transfer;
use carelink_core::tree::outline::Outline;

fn tree(session: &Session, transfer: &Transfer<'_>) -> String {
    let mut outline = Outline::default();
    outline.clear();
    format!("{:?} {outline:?}", session.dissect(transfer, &mut outline))
}

/// Reads them in one pass and in two.
pub fn run(bytes: &[u8]) {
    let transfers = transfers(bytes);
    let (mut live, mut whole) = (Session::default(), Session::default());
    for transfer in &transfers {
        let verdict = live.observe(transfer);
        std::hint::black_box(tree(&live, transfer));
        assert_eq!(whole.observe(transfer), verdict, "frame {}", transfer.frame);
        assert_eq!(live.observe(transfer), verdict, "frame {} again", transfer.frame);
        assert_eq!(live.verdict(transfer), verdict, "frame {} where nobody looks", transfer.frame);
    }
    for transfer in &transfers {
        assert_eq!(tree(&live, transfer), tree(&whole, transfer), "frame {}", transfer.frame);
    }
}
