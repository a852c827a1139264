// SPDX-License-Identifier: GPL-2.0-or-later
//! In: Wireshark's headers, `shim.h` and `carelink.h`, as bindgen read them. Out: their data types in Rust.
//!
//! The types of `carelink.h` are here to be compared, member by member, with what the core declares.

#![allow(missing_docs, non_camel_case_types, non_upper_case_globals, reason = "the names are C's")]
#![allow(clippy::all, clippy::undocumented_unsafe_blocks, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/sys.rs"));

mod layout {
    //! In: the two declarations of the contract. Out: a failed build where they differ.

    use super::*;
    use carelink_core::ffi::{self, Options, Report, Source, Transfer, View};
    use carelink_core::transfer::{Carrier, Direction};
    use carelink_core::tree::outline::{ExpertAt, Node};
    use carelink_core::tree::sink::Role;
    use std::mem::offset_of;

    macro_rules! same {
        ($($c:ident = $rust:ident { $($member:ident),+ })+) => {$(
            const _: () = {
                assert!(size_of::<$c>() == size_of::<$rust>() && align_of::<$c>() == align_of::<$rust>());
                $(assert!(offset_of!($c, $member) == offset_of!($rust, $member));)+
            };
            // Patterns without `..`: a member that is missing from the list above is found.
            const _: fn(&$c, &$rust) = |$c { $($member: _),+ }, $rust { $($member: _),+ }| ();
        )+};
        ($($c:ident == $rust:expr),+ $(,)?) => {
            $(const _: () = assert!($c as u64 == $rust as u64);)+
        };
    }
    same! {
        cl_node = Node { value, field, depth, role, source, start, len, label, guessed }
        cl_expert = ExpertAt { node, expert, detail }
        cl_source = Source { bytes, len, name }
        cl_view = View { nodes, experts, sources, reports, texts, n_nodes, n_experts, n_sources, n_reports, texts_len, stream, info, root, stick }
        cl_options = Options { pump_model, verify_crc, reassemble }
        cl_report = Report {
            asked, pump_asked, object, object_len, object_name, len, pump, pump_command, device_command, outcome,
            pump_nak, device_nak, bad_crcs, direction, device_code, pump_opcode, flags, rssi, device
        }
        cl_transfer = Transfer {
            bytes, captured, reported, interface, number, time, frame, layer, direction, carrier, endpoint, certain, visited, want, left_out,
            wanted_step, wanted
        }
    }
    same! {
        CL_OK == ffi::OK,
        CL_DECLINED == ffi::DECLINED,
        CL_FAILED == ffi::FAILED,
        CL_WANT_TREE == ffi::WANT_TREE,
        CL_WANT_INFO == ffi::WANT_INFO,
        CL_WANT_REPORTS == ffi::WANT_REPORTS,
        CL_FRAME == ffi::FRAME,
        CL_ANSWERS == ffi::ANSWERS,
        CL_RESPONDS == ffi::RESPONDS,
        CL_HAS_RSSI == ffi::HAS_RSSI,
        CL_TRANSMITS == ffi::TRANSMITS,
        CL_OVER_RADIO == ffi::OVER_RADIO,
        CL_NO_STREAM == ffi::NO_STREAM,
        CL_TO_STICK == Direction::ToStick,
        CL_FROM_STICK == Direction::FromStick,
        CL_TRANSFERS == Carrier::Transfers,
        CL_STREAM == Carrier::Stream,
        CL_WIRE == Role::Wire,
        CL_HEAD == Role::Head,
        CL_DERIVED == Role::Derived,
        CL_GENERATED == Role::Generated,
        CL_HIDDEN == Role::Hidden,
    }
}
