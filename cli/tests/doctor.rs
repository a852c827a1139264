// SPDX-License-Identifier: GPL-2.0-or-later
//! In: machines that lack one thing or another. Out: what the doctor finds, and what is to be done.
#![cfg(target_os = "linux")]

use anyhow::Result;
use carelink_cli::doctor::Machine;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

/// A machine with a stick on bus 3, and a Wireshark that has the plugin in its version and the profile.
fn sound() -> Result<(TempDir, Machine)> {
    let home = tempfile::tempdir()?;
    let root = home.path();
    for (path, text) in [
        ("dev/usbmon0", ""),
        ("dev/usbmon3", ""),
        ("sys/bus/usb/devices/1-1/idVendor", "1d6b\n"),
        ("sys/bus/usb/devices/1-1/idProduct", "0002\n"),
        ("sys/bus/usb/devices/3-2/idVendor", "0a21\n"),
        ("sys/bus/usb/devices/3-2/idProduct", "8001\n"),
        ("sys/bus/usb/devices/3-2/busnum", "3\n"),
        ("global/4.4/epan/carelink.so", ""),
        ("config/profiles/CareLink/preferences", ""),
    ] {
        write(root, path, text)?;
    }
    wireshark(root, "4.4.7", env!("CARGO_PKG_VERSION"), "global/4.4")?;
    let machine = Machine { root: root.to_owned(), tshark: root.join("tshark") };
    Ok((home, machine))
}

fn write(root: &Path, path: &str, text: &str) -> Result<()> {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    Ok(fs::write(path, text)?)
}

/// A tshark of this version that has loaded this version of the plugin from this folder.
fn wireshark(root: &Path, version: &str, plugin: &str, from: &str) -> Result<()> {
    let (minor, _) = version.rsplit_once('.').unwrap_or_default();
    let here = root.display();
    let script = format!(
        "#!/bin/sh\n\
         case \"$*\" in\n\
         --version) echo 'TShark (Wireshark) {version} (Git).' ;;\n\
         '-G plugins') printf 'usbdump.so\\t0.0.1\\tfile type\\t/usr/usbdump.so\\n'\n\
         [ -f {here}/{from}/epan/carelink.so ] && printf 'carelink.so     \\t{plugin}\\tdissector\\t{here}/{from}/epan/carelink.so\\n' ;;\n\
         '-G folders') printf 'Personal configuration:\\t{here}/config\\nPersonal Plugins:    \\t{here}/personal/{minor}\\nGlobal Plugins:      \\t{here}/global/{minor}\\n' ;;\n\
         esac\n"
    );
    let path = root.join("tshark");
    fs::write(&path, script)?;
    Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
}

/// What is wrong, and what is to be done, each without the folder of the machine.
fn complaints(machine: &Machine) -> Vec<(String, String)> {
    let short = |text: &str| text.replace(&machine.root.display().to_string(), "");
    let findings = machine.examine();
    findings
        .iter()
        .filter_map(|finding| Some((short(&finding.state), short(finding.remedy.as_ref()?))))
        .collect()
}

fn a_sound_machine_needs_nothing() -> Result<()> {
    let (_home, machine) = sound()?;
    let told: Vec<_> = machine.examine().iter().map(ToString::to_string).collect();
    assert_eq!(complaints(&machine), []);
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.contains(&"ok   usbmon3 can be read".to_owned()), "{told:?}");
    assert!(told.contains(&"ok   Wireshark 4.4.7 is there".to_owned()), "{told:?}");
    Ok(())
}

/// One thing is taken away or changed: the complaint begins with this, and what is to be done holds that.
///
/// One test for all: a script cannot be run while another thread's child still holds it open.
#[test]
fn each_lack_is_told_with_what_to_do() -> Result<()> {
    a_sound_machine_needs_nothing()?;
    type Change = fn(&Path) -> Result<()>;
    let rows: &[(Change, &str, &str)] = &[
        (|root| Ok(fs::remove_dir_all(root.join("dev"))?), "usbmon is not loaded", "sudo modprobe usbmon"),
        (|root| Ok(fs::remove_dir_all(root.join("sys"))?), "no CareLink stick (0a21:8001)", "plug it in"),
        (|root| Ok(fs::remove_file(root.join("tshark"))?), "there is no Wireshark", "--tshark"),
        (|root| Ok(fs::remove_dir_all(root.join("config"))?), "the profile CareLink", "cargo xtask install"),
        (
            |root| Ok(fs::remove_dir_all(root.join("global"))?),
            "the plugin is not installed",
            "cargo xtask install",
        ),
        (
            |root| wireshark(root, "4.4.7", "0.0.9", "global/4.4"),
            "the plugin 0.0.9 is loaded from /global/4.4/epan/carelink.so; this program is",
            "cargo xtask install",
        ),
        (
            |root| wireshark(root, "4.6.0", "0.1.0", "global/4.6"),
            "the plugin is there only for another version: /global/4.4/epan/carelink.so",
            "cargo xtask install",
        ),
        (
            |root| write(root, "personal/4.4/epan/carelink.so", ""),
            "the plugin 0.1.0 is loaded from /global/4.4/epan/carelink.so, and the one in /personal/4.4",
            "rm /personal/4.4/epan/carelink.so",
        ),
        (
            |root| wireshark(root, "4.4.7", "0.1.0", "personal/4.4"),
            "Wireshark did not load the plugin /global/4.4/epan/carelink.so",
            "ordinary user",
        ),
        (
            |root| {
                write(root, "global/5.0/epan/carelink.so", "")?;
                wireshark(root, "5.0.0", "0.1.0", "global/5.0")
            },
            "Wireshark 5.0.0 is there; the plugin is tested with 4.0, 4.4, 4.6",
            "cargo xtask test",
        ),
    ];
    for (change, state, remedy) in rows {
        let (home, machine) = sound()?;
        change(home.path())?;
        let told = complaints(&machine);
        let [(complaint, advice)] = &told[..] else { panic!("{state}: {told:?}") };
        assert!(complaint.starts_with(state), "{state}: {complaint}");
        assert!(advice.contains(remedy), "{state}: {advice}");
    }
    Ok(())
}
