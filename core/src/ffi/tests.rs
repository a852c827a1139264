// SPDX-License-Identifier: GPL-2.0-or-later
//! In: calls as C makes them, also wrong ones. Out: the statuses and views that the contract promises.

use super::*;
use crate::registry::{self, COUNT};
use crate::tree::outline::Node;
use std::ffi::CStr;
use std::ptr;

const WIRE: [u8; 3] = [0x01, 0x55, 0x00];

fn transfer(want: u8) -> Transfer {
    Transfer {
        bytes: WIRE.as_ptr(),
        captured: 3,
        reported: 3,
        interface: 0,
        number: 0x1_0005,
        time: 0,
        frame: 1,
        layer: 0,
        direction: 1,
        carrier: 0,
        endpoint: 2,
        certain: 1,
        visited: 0,
        want,
        left_out: 0,
        wanted_step: 0,
        wanted: ptr::null(),
    }
}

/// A session that is freed at the end of its test.
struct Guard(*mut Handle);

impl Guard {
    fn new() -> Self {
        // SAFETY: NULL asks for the usual options.
        Self(unsafe { cl_session_new(ptr::null()) })
    }
    fn dissect(&self, transfer: &Transfer) -> (i32, View) {
        let mut view = View::EMPTY;
        // SAFETY: the session lives as long as self, the others are references, and WIRE backs all bytes.
        let status = unsafe { cl_dissect(self.0, transfer, &raw mut view) };
        (status, view)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // SAFETY: it came from cl_session_new, and is freed here only.
        unsafe { cl_session_free(self.0) }
    }
}

fn text(view: &View, at: TextAt) -> String {
    // SAFETY: each text of a view ends in a NUL, and the session has not been called since.
    let text = unsafe { CStr::from_ptr(view.texts.add(at.0 as usize)) };
    text.to_str().expect("texts are UTF-8").to_owned()
}

fn nodes(view: &View) -> Vec<Node> {
    // SAFETY: the view says how many nodes there are, and the session has not been called since.
    unsafe { std::slice::from_raw_parts(view.nodes, view.n_nodes as usize) }.to_vec()
}

#[test]
fn a_tree_is_made_only_if_it_is_wanted() {
    let session = Guard::new();
    let (status, view) = session.dissect(&transfer(WANT_TREE));
    assert_eq!(status, OK);
    let nodes = nodes(&view);
    assert!(!nodes.is_empty());
    for node in nodes {
        assert!(registry::fields().nth(node.field.into()).is_some());
        assert!(node.source > 0 || node.start + node.len <= 3, "{node:?} lies outside the transfer");
    }
    let (status, view) = session.dissect(&Transfer { visited: 1, ..transfer(WANT_INFO) });
    assert_eq!((status, view.n_nodes), (OK, 0));
    let (status, view) = session.dissect(&Transfer { visited: 1, ..transfer(0) });
    assert_eq!((status, view.n_nodes, text(&view, view.info).as_str()), (OK, 0, ""));
}

#[test]
fn reports_are_made_only_if_they_are_wanted() {
    let session = Guard::new();
    let command = [0x04, 0x00, 0x00];
    let asked = Transfer { bytes: command.as_ptr(), direction: 0, time: 7, ..transfer(WANT_REPORTS) };
    let (_, view) = session.dissect(&asked);
    assert_eq!((view.n_nodes, view.n_reports, view.stream), (0, 1, 0));
    let reply = Transfer { frame: 2, ..transfer(WANT_REPORTS | WANT_TREE) };
    let (_, view) = session.dissect(&reply);
    // SAFETY: the view has one report, and the session has not been called since.
    let report = unsafe { &*view.reports };
    assert_eq!((view.n_reports, report.asked, report.device_code), (1, 7, 4));
    assert_eq!(report.flags, FRAME | ANSWERS);
    assert_eq!(text(&view, report.device_command), "Read Product Info");
    assert_eq!(text(&view, report.outcome), "", "a reply that is too short ends nothing");
    let (_, view) = session.dissect(&Transfer { visited: 1, want: WANT_TREE, ..reply });
    assert_eq!(view.n_reports, 0);
}

#[test]
fn only_what_is_looked_at_is_made() {
    /// As epan keeps them: an int somewhere in a larger row.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Row {
        wanted: i32,
        other: [i32; 3],
    }
    let session = Guard::new();
    let (_, all) = session.dissect(&transfer(WANT_TREE));
    let wanted = nodes(&all).last().expect("the whole tree has items").field;
    assert!(nodes(&all).iter().any(|node| node.field != wanted));
    let mut rows = [Row { wanted: 0, other: [1; 3] }; COUNT];
    rows[usize::from(wanted)].wanted = 1;
    let step = u16::try_from(size_of::<Row>()).expect("a row is small");
    let seen = Transfer { wanted: &raw const rows[0].wanted, wanted_step: step, ..transfer(WANT_TREE) };
    let (_, view) = session.dissect(&seen);
    assert!(view.n_nodes > 0 && nodes(&view).iter().all(|node| node.field == wanted));
    assert_eq!(text(&view, view.info), "", "nobody asked for the line");
}

#[test]
fn a_model_is_a_number_with_a_letter_or_none() {
    let known = |text: &CStr| {
        // SAFETY: the text ends in a NUL.
        unsafe { cl_is_pump_model(text.as_ptr()) }
    };
    assert_eq!([c"722", c" 554 ", c"723K", c"", c"many"].map(known), [1, 1, 1, 0, 0]);
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { cl_is_pump_model(ptr::null()) }, 0);
}

#[test]
fn null_pointers_fail_without_a_view() {
    let session = Guard::new();
    let good = transfer(WANT_TREE);
    let mut view = View { n_nodes: 9, ..View::EMPTY };
    // SAFETY: NULL is what the contract allows and the test is about.
    unsafe {
        assert_eq!(cl_dissect(ptr::null_mut(), &raw const good, &raw mut view), FAILED);
        assert_eq!((view.n_nodes, text(&view, view.info).as_str()), (0, ""));
        assert_eq!(cl_dissect(session.0, ptr::null(), &raw mut view), FAILED);
        assert_eq!(cl_dissect(session.0, &raw const good, ptr::null_mut()), FAILED);
        cl_session_free(ptr::null_mut());
    }
    let (status, view) = session.dissect(&Transfer { bytes: ptr::null(), ..good });
    assert_eq!((status, view.n_nodes), (FAILED, 0));
    let none = Transfer { bytes: ptr::null(), captured: 0, ..good };
    assert_ne!(session.dissect(&none).0, FAILED, "no bytes need no pointer");
}

#[test]
fn a_panic_is_told_in_the_tree_and_the_session_goes_on() {
    let session = Guard::new();
    // SAFETY: the session is live, and this is the only use of it.
    let handle = unsafe { &mut *session.0 };
    let (status, view) = handle.guarded(&WIRE, |_| panic!("made by the {}", "test"));
    assert_eq!((status, view.n_nodes, view.n_experts), (FAILED, 1, 1));
    let info = text(&view, view.info);
    let message = info.strip_prefix("Mistake in the CareLink dissector: ").expect("the note's own sentence");
    assert!(message.starts_with("made by the test (") && message.contains("tests.rs:"), "{message}");
    // SAFETY: the view says that there is one expert info.
    let expert = unsafe { *view.experts };
    assert_eq!(
        (expert.node, expert.expert, text(&view, expert.detail)),
        (0, INTERNAL.id(), message.to_owned())
    );
    let leaf = nodes(&view)[0];
    assert_eq!((leaf.field, leaf.start, leaf.len), (UNKNOWN.id(), 0, 3));

    let (status, view) = session.dissect(&transfer(WANT_TREE));
    assert_eq!(status, OK);
    for at in 0..view.n_experts as usize {
        // SAFETY: the view says that there are so many expert infos.
        assert_ne!(unsafe { *view.experts.add(at) }.expert, INTERNAL.id());
    }
}

#[test]
fn numbers_outside_the_contract_mean_not_known() {
    let odd = Transfer { direction: 9, endpoint: 0, reported: 1, ..transfer(0) };
    let seen = odd.read(&WIRE);
    assert_eq!((seen.direction, seen.endpoint, seen.reported), (None, None, 3));
}

#[test]
fn a_comment_tells_that_packets_were_left_out() {
    let says = |comment: Option<&CStr>| {
        // SAFETY: it is NULL or ends in a NUL.
        unsafe { cl_says_left_out(comment.map_or(ptr::null(), CStr::as_ptr)) }
    };
    let comment = std::ffi::CString::new(format!("{}: 7", transfer::LEFT_OUT)).expect("no NUL");
    assert_eq!(says(Some(&comment)), 1);
    assert_eq!((says(Some(c"another comment")), says(Some(c"\xff")), says(None)), (0, 0, 0));
}
