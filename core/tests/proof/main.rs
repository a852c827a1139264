// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the sample sessions, damaged, reordered and mixed. Out: proof of what the dissector promises of any traffic.

mod cases;
mod faults;
mod foreign;
mod growth;
mod left_out;
mod limits;
mod memory;
mod meters;
mod replay;
mod wanted;

mod round_trip;
mod rows;
mod streams;
mod totality;
mod traffic;
