// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the session scripts of this crate. Out: the captures beside them, rebuilt.

fn main() -> anyhow::Result<()> {
    for path in carelink_samples::build_all(carelink_samples::directory())? {
        println!("{}", path.display());
    }
    Ok(())
}
