// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the pumps of captures, and the devices of an export. Out: whose rows are to be compared, or that the export is of
//! another pump.

use crate::conversation::model;
use crate::found::{Collection, Device};
use crate::vendor::{Export, Official};
use anyhow::{Result, bail};
use carelink_core::pump::model::Model;
use std::collections::BTreeSet;

/// Which device of an export is which pump of the captures: rows and events of one go together. Where nothing tells, all do.
#[derive(Debug, Default)]
pub(super) struct Owners(Vec<Device>);

impl Owners {
    /// Whose an event is.
    pub fn of_pump(&self, pump: &Device) -> &str {
        self.0.iter().find(|known| known.product == pump.product).map_or("", |known| &known.product)
    }

    /// Whose a row is.
    pub fn of_row(&self, row: &Official) -> &str {
        self.0.iter().find(|known| is_name_of(known, &row.device)).map_or("", |known| &known.product)
    }
}

/// Whose rows are compared.
pub(super) struct Choice {
    /// The devices, by their names in the export; `None` for all.
    pub devices: Option<BTreeSet<String>>,
    pub owners: Owners,
    /// Whose the captures are.
    pub pumps: Vec<String>,
    /// What makes it doubtful that the export is of the same pump.
    pub warnings: Vec<String>,
}

/// Chooses the device that is named, or else those of the captures' pumps, or else all.
///
/// # Errors
/// If the export is of other pumps.
pub(super) fn choose(export: &Export, found: &Collection, device: Option<&str>) -> Result<Choice> {
    let ours = pumps(found);
    let pumps: Vec<_> = ours.iter().map(words).collect();
    let theirs: BTreeSet<&str> = export.events.iter().map(|row| row.device.as_str()).collect();
    let listed = theirs.iter().copied().collect::<Vec<_>>().join(", ");
    if let Some(device) = device {
        if !theirs.contains(device) {
            bail!("the export has no rows of the device {device}; it has rows of: {listed}");
        }
        let devices = Some(BTreeSet::from([device.to_owned()]));
        return Ok(Choice { devices, owners: Owners::default(), pumps, warnings: Vec::new() });
    }
    check_serials(export, &ours)?;
    let mut warnings = Vec::new();
    let known = |name: &&&str| ours.iter().any(|pump| is_name_of(pump, name));
    let devices: BTreeSet<_> = theirs.iter().filter(known).map(|name| (*name).to_owned()).collect();
    if !devices.is_empty() {
        let named = |pump: &&Device| devices.iter().any(|name| is_name_of(pump, name));
        let owners = Owners(ours.iter().copied().filter(named).cloned().collect());
        return Ok(Choice { devices: Some(devices), owners, pumps, warnings });
    }
    let told = pumps.join(", ");
    if !ours.is_empty()
        && ours.iter().all(|pump| pump.is_exact())
        && theirs.iter().all(|name| number(name).is_some())
    {
        bail!(
            "the export is of another pump: it has rows of {listed}, and the capture is of {told}; to compare all the same, \
             name the device with --device"
        );
    }
    if !ours.is_empty() && theirs.iter().any(|name| !name.is_empty()) {
        warnings.push(format!(
            "nothing tells whether the export is of the same pump: it has rows of {listed}, and the capture is of {told}"
        ));
    }
    Ok(Choice { devices: None, owners: Owners::default(), pumps, warnings })
}

fn pumps(found: &Collection) -> Vec<&Device> {
    let pages = found.holdings.iter().map(|holding| &holding.pump);
    let askings = found.askings.iter().map(|asking| &asking.pump);
    let mut pumps: Vec<&Device> = Vec::new();
    for pump in pages.chain(askings).chain(found.events.iter().map(|found| &found.pump)) {
        if !pumps.contains(&pump) {
            pumps.push(pump);
        }
    }
    pumps
}

/// `Paradigm 522, serial 578398`
fn words(pump: &&Device) -> String {
    match pump.serial {
        Some(serial) => format!("{}, serial {serial}", pump.product),
        None => pump.product.clone(),
    }
}

fn is_name_of(pump: &Device, name: &str) -> bool {
    let same = || number(&pump.product).zip(number(name)).is_some_and(|(ours, theirs)| ours == theirs);
    pump.to_string() == name || (pump.is_exact() && same())
}

/// The model in a vendor's name: 523 of `Paradigm Revel - 523`.
fn number(name: &str) -> Option<Model> {
    name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| model(word).ok()).next_back()
}

/// Looks whether the lines above an export's rows name another pump's serial number.
///
/// # Errors
/// If they do.
fn check_serials(export: &Export, ours: &[&Device]) -> Result<()> {
    let known: Vec<_> = ours.iter().filter_map(|pump| pump.serial).map(|serial| serial.to_string()).collect();
    if known.is_empty()
        || export.serials.is_empty()
        || known.iter().any(|serial| export.serials.contains(serial))
    {
        return Ok(());
    }
    let theirs = export.serials.iter().cloned().collect::<Vec<_>>().join(", ");
    bail!(
        "the export is of another pump: its head names the serial number {theirs}, and the capture is of {}; to compare all \
         the same, name the device of its rows with --device",
        known.join(", ")
    );
}
