// SPDX-License-Identifier: GPL-2.0-or-later
//! In: records of a changed setup of the bolus wizard (0x5A, 0x2E). Out: the setup before and after.

use super::reading::Reading;
use crate::pump::carb_ratio::{large_ratio, small_ratio};
use crate::tree::cursor::Cursor;
use crate::tree::expert::Stop;
use crate::tree::field::Field;
use crate::tree::sink::Sink;
use crate::units::quantities::{CarbRatio, CarbUnit, Glucose, GlucoseUnit, TimeOfDay};
use arrayvec::ArrayVec;
use nom::Parser;
use nom::number::complete::{be_u16, u8};

crate::fields! {
    /// Whether the setup was and is complete, and the wizard on.
    FLAGS: X8, "carelink.history.wizard_setup.flags", "Flags", Confirmed;
    /// The setup was complete before the change.
    COMPLETE_OLD: Flag, "carelink.history.wizard_setup.complete_old", "Complete Before", Confirmed;
    /// The setup is complete.
    COMPLETE: Flag, "carelink.history.wizard_setup.complete", "Complete", Confirmed;
    /// The wizard was on before the change.
    ENABLED_OLD: Flag, "carelink.history.wizard_setup.enabled_old", "Enabled Before", Confirmed;
    /// The wizard is on.
    ENABLED: Flag, "carelink.history.wizard_setup.enabled", "Enabled", Confirmed;
    /// The setup before the change.
    OLD: Tree, "carelink.history.wizard_setup.old", "Before", Confirmed;
    /// The setup after the change.
    NEW: Tree, "carelink.history.wizard_setup.new", "After", Confirmed;
    /// Units, and how many carb ratios there are.
    UNITS: X8, "carelink.history.wizard_setup.units", "Units and Count", Confirmed;
    /// What carbohydrates are counted in.
    CARB_UNITS: U8, "carelink.history.wizard_setup.carb_units", "Carb Units", Confirmed, names CarbUnit::NAMES;
    /// What glucose is counted in.
    BG_UNITS: U8, "carelink.history.wizard_setup.bg_units", "BG Units", Confirmed, names GlucoseUnit::NAMES;
    /// Number of carb ratios.
    RATIO_COUNT: U8, "carelink.history.wizard_setup.ratio_count", "Carb Ratios", Inferred;
    /// How many sensitivities and targets there are.
    COUNTS: X8, "carelink.history.wizard_setup.counts", "Counts", Inferred;
    /// Number of sensitivities.
    SENSITIVITY_COUNT: U8, "carelink.history.wizard_setup.sensitivity_count", "Sensitivities", Inferred;
    /// Number of targets.
    TARGET_COUNT: U8, "carelink.history.wizard_setup.target_count", "Targets", Inferred;
    /// One carb ratio.
    RATIO_ENTRY: Tree, "carelink.history.wizard_setup.ratio", "Carb Ratio", Confirmed;
    /// One insulin sensitivity.
    SENSITIVITY_ENTRY: Tree, "carelink.history.wizard_setup.sensitivity", "Insulin Sensitivity", Confirmed;
    /// One target range.
    TARGET_ENTRY: Tree, "carelink.history.wizard_setup.target", "Target Range", Confirmed;
    /// When the entry takes effect, in minutes from midnight; sent in half hours.
    START: U16, "carelink.history.wizard_setup.start", "Start", Confirmed, unit " min";
    /// Grams that one unit of insulin covers, or units of insulin per exchange.
    RATIO: F64, "carelink.history.wizard_setup.ratio.value", "Ratio", Confirmed;
    /// How far one unit of insulin lowers blood glucose. Two high bits lie above the start.
    SENSITIVITY: F64, "carelink.history.wizard_setup.sensitivity.value", "Sensitivity", Confirmed;
    /// Lower end of the target range, or the target itself.
    TARGET_LOW: F64, "carelink.history.wizard_setup.target.low", "Low", Confirmed;
    /// Upper end of the target range.
    TARGET_HIGH: F64, "carelink.history.wizard_setup.target.high", "High", Confirmed;
    /// How long insulin is taken to act: after the change in the upper half, before it in the lower one.
    CURVES: X8, "carelink.history.wizard_setup.curves", "Insulin Action Curves", Confirmed;
    /// How long insulin was taken to act; 15 is not set.
    CURVE_OLD: U8, "carelink.history.wizard_setup.curve_old", "Action Curve Before", Confirmed, unit " h";
    /// How long insulin is taken to act; 15 is not set.
    CURVE: U8, "carelink.history.wizard_setup.curve", "Action Curve", Confirmed, unit " h";
}

/// An entry of a schedule, which repeats every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// When it takes effect.
    pub start: TimeOfDay,
    /// What holds from then on.
    pub value: T,
}

/// A schedule of the bolus wizard.
pub type Entries<T> = ArrayVec<Entry<T>, 8>;

/// A setup of the bolus wizard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// It is complete.
    pub complete: bool,
    /// The wizard is on.
    pub enabled: bool,
    /// What carbohydrates are counted in.
    pub carb_units: CarbUnit,
    /// What glucose is counted in.
    pub bg_units: GlucoseUnit,
    /// Carb ratios.
    pub ratios: Entries<CarbRatio>,
    /// Insulin sensitivities.
    pub sensitivities: Entries<Glucose>,
    /// Target ranges, low and high.
    pub targets: Entries<[Glucose; 2]>,
    /// How many hours insulin is taken to act; `None` if that is not set, or not told.
    pub curve: Option<u8>,
}

/// A changed setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WizardSetup {
    /// Before.
    pub old: Config,
    /// After.
    pub new: Config,
}

/// The three layouts of a setup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Record 0x2E of the 512: one target, not a range.
    Oldest,
    /// Record 0x5A up to the 522.
    Small,
    /// Record 0x5A from the 523 on.
    Large,
}

/// Number that stands for "no action curve set".
const NO_CURVE: u8 = 15;

pub(super) fn oldest<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<WizardSetup, Stop> {
    setup(c, r, Form::Oldest)
}

pub(super) fn change<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>) -> Result<WizardSetup, Stop> {
    setup(c, r, if r.layout.large() { Form::Large } else { Form::Small })
}

fn setup<S: Sink>(c: &mut Cursor<'_, '_, S>, r: &mut Reading<'_>, form: Form) -> Result<WizardSetup, Stop> {
    let flags = r.byte(1);
    let flag = |bit: u8| flags >> bit & 1 != 0;
    c.packed(FLAGS, u8, |c, _| {
        for (bit, field) in (0..).zip([COMPLETE_OLD, COMPLETE, ENABLED_OLD, ENABLED]) {
            c.derived(field, &flag(bit));
        }
    })?;
    r.stamp(c)?;
    let mut old = c.group(OLD, |c| config(c, form))?;
    let mut new = c.group(NEW, |c| config(c, form))?;
    (old.complete, old.enabled) = (flag(0), flag(2));
    (new.complete, new.enabled) = (flag(1), flag(3));
    if form != Form::Oldest {
        c.packed(CURVES, u8, |c, curves| {
            let set = |hours| Some(hours).filter(|hours| *hours != NO_CURVE);
            (old.curve, new.curve) = (set(curves & 0x0F), set(curves >> 4));
            c.derived(CURVE_OLD, &(curves & 0x0F));
            c.derived(CURVE, &(curves >> 4));
        })?;
    }
    Ok(WizardSetup { old, new })
}

fn config<S: Sink>(c: &mut Cursor<'_, '_, S>, form: Form) -> Result<Config, Stop> {
    let units = c.packed(UNITS, u8, |c, units| {
        c.derived(CARB_UNITS, &CarbUnit::from(units & 3));
        c.derived(BG_UNITS, &GlucoseUnit::from(units >> 2 & 3));
        c.derived(RATIO_COUNT, &(units >> 4));
    })?;
    let counts = c.packed(COUNTS, u8, |c, counts| {
        c.derived(SENSITIVITY_COUNT, &(counts & 0x0F));
        c.derived(TARGET_COUNT, &(counts >> 4));
    })?;
    let (carb_units, bg_units) = (CarbUnit::from(units & 3), GlucoseUnit::from(units >> 2 & 3));
    let glucose = |high, low| Glucose { count: u16::from_be_bytes([high, low]), unit: bg_units };

    let size = if form == Form::Large { 3 } else { 2 };
    let ratios = entries(c, RATIO_ENTRY, size, units >> 4, |c| {
        let start = c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
        let value = if form == Form::Large {
            c.read_shown(RATIO, be_u16.map(|count| large_ratio(carb_units, count)))?
        } else {
            c.read_shown(RATIO, u8.map(|count| small_ratio(carb_units, count)))?
        };
        c.title(format_args!("From {start}: {value}"));
        Ok(Entry { start, value })
    })?;
    if form == Form::Large {
        c.within(2, |c| {
            c.fill();
            Ok(())
        })?;
    }
    let sensitivities = entries(c, SENSITIVITY_ENTRY, 2, counts & 0x0F, |c| {
        let mut high = 0;
        let parser = u8.map(|byte| {
            high = byte >> 6;
            TimeOfDay::half_hours(byte & 0x3F)
        });
        let start = c.read_shown(START, parser)?;
        let value = c.read_shown(SENSITIVITY, u8.map(|low| glucose(high, low)))?;
        c.title(format_args!("From {start}: {value}"));
        Ok(Entry { start, value })
    })?;
    let size = if form == Form::Oldest { 2 } else { 3 };
    let targets = entries(c, TARGET_ENTRY, size, counts >> 4, |c| {
        let start = c.read_shown(START, u8.map(TimeOfDay::half_hours))?;
        let low = c.read_shown(TARGET_LOW, u8.map(|low| glucose(0, low)))?;
        let high = if form == Form::Oldest {
            low
        } else {
            c.read_shown(TARGET_HIGH, u8.map(|low| glucose(0, low)))?
        };
        c.title(format_args!("From {start}: {low} to {high}"));
        Ok(Entry { start, value: [low, high] })
    })?;
    Ok(Config {
        complete: false,
        enabled: false,
        carb_units,
        bg_units,
        ratios,
        sensitivities,
        targets,
        curve: None,
    })
}

/// Reads `count` entries of `size` bytes where there is room for eight; a later entry that starts at midnight ends
/// them too.
fn entries<T, S: Sink>(
    c: &mut Cursor<'_, '_, S>,
    field: Field,
    size: usize,
    count: u8,
    mut entry: impl FnMut(&mut Cursor<'_, '_, S>) -> Result<Entry<T>, Stop>,
) -> Result<Entries<T>, Stop> {
    let mut entries = Entries::new();
    c.within(8 * size, |c| {
        while entries.len() < usize::from(count) && !entries.is_full() {
            if !entries.is_empty() && c.rest().first().is_some_and(|start| start & 0x3F == 0) {
                break;
            }
            entries.push(c.group(field, &mut entry)?);
        }
        c.fill();
        Ok(entries)
    })
}
