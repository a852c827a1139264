// SPDX-License-Identifier: GPL-2.0-or-later
//! In: nothing. Out: ids of what is kept of a device's frames.

use crate::exchange::list::ids;

ids! {
    /// Tells the commands of hosts apart.
    pub struct RequestId;
    /// Tells the frames apart that came in several transfers.
    pub struct ReassemblyId;
}
