//! In: captures. Out: the conversations of CareLink sticks, through the core and without Wireshark.

pub mod capture;
pub mod tcp;
