// SPDX-License-Identifier: GPL-2.0-or-later
//! What the verbs and the plugin's own tests share: the repository's folders in; a tshark with our plugin, and
//! the stable text of what it shows, out.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let tshark = xtask::tshark::Tshark::prepare()?;
//! for capture in xtask::workspace::samples()? {
//!     println!("{}", xtask::golden::tree(&tshark, &capture)?);
//! }
//! # Ok(()) }
//! ```

pub mod golden;
pub mod plugin;
pub mod process;
pub mod profile;
pub mod tshark;
pub mod user;
pub mod workspace;
