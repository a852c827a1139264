// SPDX-License-Identifier: GPL-2.0-or-later
//! A capture in; the CareLink part of what Wireshark shows for it, as text that is the same in every version, out.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use roxmltree::{Document, Node, ParsingOptions};

use crate::tshark::Tshark;

/// What tshark must be told before it takes our samples' carriers for CareLink. Other captures do not mind.
pub const CARRIERS: &[&str] = &[
    "-o",
    r#"uat:user_dlts:"User 0 (DLT=147)","carelink","0","","0","""#,
    "-d",
    "tcp.port==7305,carelink",
    "-d",
    "rtacser.data,carelink",
];

/// The file that holds the tree which a capture is expected to show.
#[must_use]
pub fn expected(capture: &Path) -> PathBuf {
    capture.with_extension("expected")
}

/// What Wireshark shows after two passes: for each frame that our dissector took, its number and Info column,
/// and below them one line per item of our tree with `start+length`, label and filter name.
///
/// # Errors
/// If tshark fails, or prints what we cannot read.
pub fn tree(tshark: &Tshark, capture: &Path) -> Result<String> {
    let show =
        |form: &[&str]| tshark.read(capture, [CARRIERS, &["-2", "-Y", "carelink", "-T"], form].concat());
    let pdml = show(&["pdml"])?;
    let table = show(&["fields", "-e", "frame.number", "-e", "_ws.col.Info"])?;
    let infos = table.lines().filter_map(|line| line.split_once('\t')).collect();
    normalise(&pdml, &infos).with_context(|| format!("cannot follow tshark on {}", capture.display()))
}

/// Compares what a capture shows with what it is expected to show.
///
/// # Errors
/// With the first line that differs, and as [`tree`].
pub fn check(tshark: &Tshark, capture: &Path) -> Result<()> {
    let path = expected(capture);
    let wanted = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let shown = tree(tshark, capture)?;
    let Some((line, wanted, shown)) = first_difference(&wanted, &shown) else { return Ok(()) };
    bail!(
        "Wireshark {} differs from {}, line {line}:\n  expected: {wanted}\n  shown:    {shown}\n\
         If what it shows is right: cargo xtask samples --bless",
        tshark.version(),
        path.display(),
    )
}

/// The number of the first line that differs, counted from 1, and its two versions.
fn first_difference<'a>(wanted: &'a str, shown: &'a str) -> Option<(usize, &'a str, &'a str)> {
    const END: &str = "(end)";
    let (mut wanted, mut shown) = (wanted.lines(), shown.lines());
    (1..)
        .map_while(|line| match (wanted.next(), shown.next()) {
            (None, None) => None,
            (wanted, shown) => Some((line, wanted.unwrap_or(END), shown.unwrap_or(END))),
        })
        .find(|(_, wanted, shown)| wanted != shown)
}

/// The text of a PDML document's CareLink trees. `infos` has the Info column by frame number.
fn normalise(pdml: &str, infos: &HashMap<&str, &str>) -> Result<String> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(pdml, options)?;
    let mut text = String::new();
    for packet in document.root_element().children().filter(|node| node.has_tag_name("packet")) {
        let number = packet
            .descendants()
            .find(|node| node.attribute("name") == Some("num"))
            .and_then(|node| node.attribute("show"))
            .context("a packet without a number")?;
        let info = infos.get(number).with_context(|| format!("no Info column for frame {number}"))?;
        writeln!(text, "frame {number}: {info}")?;
        let ours: Vec<_> =
            packet.children().filter(|node| node.attribute("name") == Some("carelink")).collect();
        ensure!(!ours.is_empty(), "frame {number} passed the filter and has no CareLink tree");
        for protocol in ours {
            outline(protocol, 1, &mut text)?;
        }
    }
    Ok(text)
}

fn outline(item: Node<'_, '_>, depth: usize, text: &mut String) -> Result<()> {
    let of = |name| item.attribute(name).unwrap_or_default();
    write!(text, "{:indent$}", "", indent = 2 * depth)?;
    // Zero-length items are computed ones; where Wireshark puts them says nothing.
    if !matches!(of("size"), "" | "0") {
        write!(text, "{}+{} ", of("pos"), of("size"))?;
    }
    text.push_str(&label(item));
    let mut children = item.children().filter(Node::is_element);
    if of("name") == "_ws.expert" {
        // Its children repeat the severity, the group and the message; only the filter name is new.
        let name = children.next().and_then(|child| child.attribute("name")).unwrap_or_default();
        writeln!(text, " [{name}]")?;
        return Ok(());
    }
    if !of("name").is_empty() {
        write!(text, " [{}]", of("name"))?;
    }
    if of("hide") == "yes" {
        text.push_str(" hidden");
    }
    text.push('\n');
    children.try_for_each(|child| outline(child, depth + 1, text))
}

/// The item's label, without the differences between versions: 4.6 writes a short time in milliseconds where
/// 4.4 has seconds, and each version cuts long bytes at another place.
fn label(item: Node<'_, '_>) -> String {
    let of = |name| item.attribute(name).unwrap_or_default();
    let label = item.attribute("showname").unwrap_or_else(|| of("show")).trim_end();
    let Some((name, value)) = label.split_once(": ") else { return label.to_owned() };
    let unit =
        value.split_once(' ').filter(|(number, _)| number.parse::<f64>().is_ok()).map(|(_, unit)| unit);
    let (shown, bytes) = (of("show"), of("value"));
    // What was cut is told behind the bytes in 4.0, behind the name since 4.4.
    let (name, start) = (name.strip_suffix(" […]").unwrap_or(name), value.trim_end_matches('…'));
    let cut = label.len() > name.len() + ": ".len() + start.len();
    if matches!(unit, Some("seconds" | "milliseconds" | "microseconds" | "nanoseconds")) {
        format!("{name}: {shown} s")
    } else if cut && bytes.starts_with(start) {
        format!("{name}: {bytes}")
    } else {
        label.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDML: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<?xml-stylesheet type="text/xsl" href="pdml2html.xsl"?>
<pdml version="0">
<packet>
  <proto name="geninfo" pos="0" showname="General information" size="66">
    <field name="num" pos="0" show="7" showname="Number" value="7" size="66"/>
  </proto>
  <proto name="usb" showname="USB URB" size="64" pos="0"><field name="usb.src" show="host" size="0" pos="0"/></proto>
  <proto name="carelink" showname="CareLink USB" size="2" pos="64">
    <field name="carelink.opcode" showname="Opcode: Power &amp; wait (0x04)" size="1" pos="64" show="4" value="04"/>
    <field name="" show="Text only" size="1" pos="65" value="00">
      <field name="carelink.transaction" showname="Transaction: 1" hide="yes" size="0" pos="0" show="1"/>
    </field>
  </proto>
</packet>
</pdml>"#;

    #[test]
    fn keeps_our_items_only() -> Result<()> {
        let text = normalise(PDML, &HashMap::from([("7", "Power")]))?;
        let rows = [
            "frame 7: Power",
            "  64+2 CareLink USB [carelink]",
            "    64+1 Opcode: Power & wait (0x04) [carelink.opcode]",
            "    65+1 Text only",
            "      Transaction: 1 [carelink.transaction] hidden",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), rows);
        Ok(())
    }

    #[test]
    fn versions_agree() -> Result<()> {
        let label = |field: &str| Ok::<_, anyhow::Error>(label(Document::parse(field)?.root_element()));
        let time = "Time: 0.0015 s";
        assert_eq!(label(r#"<field showname="Time: 0.001500000 seconds" show="0.0015"/>"#)?, time);
        assert_eq!(label(r#"<field showname="Time: 1.500000 milliseconds" show="0.0015"/>"#)?, time);
        assert_eq!(label(r#"<field showname="Data: 0102…" value="010203"/>"#)?, "Data: 010203");
        assert_eq!(label(r#"<field showname="Data: 010203" value="010203"/>"#)?, "Data: 010203");
        assert_eq!(label(r#"<field showname="Note: to be…" value="010203"/>"#)?, "Note: to be…");
        Ok(())
    }

    #[test]
    fn an_expert_info_is_one_line() -> Result<()> {
        let field = r#"<field name="_ws.expert" showname="Expert Info (Error/Checksum): Bad CRC" size="0" pos="64">
            <field name="carelink.crc.bad" showname="Bad CRC"/><field name="_ws.expert.message" hide="yes"/></field>"#;
        let mut text = String::new();
        outline(Document::parse(field)?.root_element(), 0, &mut text)?;
        assert_eq!(text, "Expert Info (Error/Checksum): Bad CRC [carelink.crc.bad]\n");
        Ok(())
    }

    #[test]
    fn the_first_difference_is_told() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\nd\n"), Some((2, "b", "c")));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "(end)", "b")));
        assert_eq!(first_difference("a\nb\n", "a\n"), Some((2, "b", "(end)")));
    }

    #[test]
    fn a_frame_without_our_tree_is_an_error() {
        let foreign = PDML.replace(r#"proto name="carelink""#, r#"proto name="other""#);
        assert!(normalise(&foreign, &HashMap::from([("7", "Power")])).is_err());
        assert!(normalise(PDML, &HashMap::new()).is_err());
    }
}
