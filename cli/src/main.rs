//! The `carelink` program.

use anyhow::Result;
use carelink_cli::capture;
use carelink_core::session::{Claim, Session, Verdict};

fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        let mut session = Session::default();
        let (mut ours, mut not) = (0, 0);
        let mut firsts = Vec::new();
        capture::read(std::fs::File::open(&path)?, |packet| {
            let transfer = packet.transfer(Claim::Ask);
            if session.observe(&transfer) == Verdict::Ours {
                ours += 1;
            } else {
                not += 1;
            }
            firsts.push(packet);
            Ok(())
        })?;
        println!("{path}: {ours} transfers, {not} others");
        let mut table = std::collections::BTreeMap::new();
        for t in session.tracker().transactions() {
            let what = t.pump_opcode().map_or_else(|| format!("{:?}", t.kind), |o| format!("{:02x}", o.0));
            *table.entry((what, t.outcome().to_string())).or_insert(0) += 1;
        }
        println!("{table:?}");
        let mut line = carelink_core::sink::InfoLine::default();
        for packet in &firsts {
            let mut outline = carelink_core::sink::Outline::default();
            session.dissect(&packet.transfer(Claim::Ask), &mut outline);
            let notes: Vec<_> = outline
                .notes()
                .iter()
                .map(|n| carelink_core::diagnosis::NOTES[n.note as usize].name)
                .collect();
            line.0.clear();
            session.dissect(&packet.transfer(Claim::Ask), &mut line);
            if std::env::var_os("V").is_some() || !notes.is_empty() {
                println!("{} {} {:?}", packet.frame, line.0, notes);
            }
        }
    }
    Ok(())
}
