//! In: events as typed values. Out: the history records that a pump stores for them.
//!
//! "Small" records are those of models up to the 522 and 722 (insulin in tenths of a unit), "large" ones those
//! of later models (insulin in fortieths). Records without such a distinction are the same in all models.

pub mod record;
mod setup;

/// A pump's local date and time, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Years since 2000, 0 to 127.
    pub year: u8,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

/// What a record keeps in the spare bits of its time stamp; each record uses them in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spare {
    /// Above the hour, three bits: a type, a pattern, a unit...
    pub hour: u8,
    /// Above the day, three bits: mostly who asked (0 pump, 2 radio, 3 linked meter, 5 sensor).
    pub day: u8,
    /// Above the year, one bit.
    pub year: u8,
}

impl Stamp {
    /// The five bytes of a dated record.
    #[must_use]
    pub const fn to_bytes(&self, spare: Spare) -> [u8; 5] {
        [
            self.month >> 2 << 6 | self.second,
            self.month << 6 | self.minute,
            spare.hour << 5 | self.hour,
            spare.day << 5 | self.day,
            spare.year << 7 | self.year,
        ]
    }

    /// The two bytes of a daily total; the time of day is left out.
    #[must_use]
    pub const fn date_bytes(&self) -> [u8; 2] {
        [self.month >> 1 << 5 | self.day, self.month << 7 | self.year]
    }
}

/// The common record of seven bytes: opcode, one value, stamp.
#[must_use]
pub fn plain(opcode: u8, value: u8, at: Stamp, spare: Spare) -> Vec<u8> {
    dated(opcode, &[value], at, spare, &[])
}

fn dated(opcode: u8, head: &[u8], at: Stamp, spare: Spare, body: &[u8]) -> Vec<u8> {
    [&[opcode], head, &at.to_bytes(spare), body].concat()
}

/// How the insulin of a bolus was given, with the number that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BolusType {
    /// At once, variable boluses switched off.
    Simple = 1,
    /// At once.
    Normal = 2,
    /// Evenly over a time.
    Square = 3,
    /// The part of a dual wave that is given at once.
    DualNormal = 4,
    /// The part of a dual wave that is given over a time.
    DualSquare = 5,
}

/// A delivered bolus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bolus {
    /// Normal, square or a part of a dual wave.
    pub kind: BolusType,
    /// Small: tenths of a unit, up to 255. Large: fortieths.
    pub programmed: u16,
    /// As `programmed`.
    pub delivered: u16,
    /// Insulin still active, in fortieths of a unit; small records have no place for it.
    pub active: u16,
    /// Duration in half hours, 0 unless square.
    pub half_hours: u8,
    /// Who asked: 0 pump, 1 remote control, 2 radio.
    pub requestor: u8,
}

impl Bolus {
    /// Record 0x01 of nine bytes.
    #[must_use]
    pub fn small(&self, at: Stamp) -> Vec<u8> {
        dated(0x01, &[low(self.programmed), low(self.delivered), self.half_hours], at, self.spare(), &[])
    }

    /// Record 0x01 of thirteen bytes.
    #[must_use]
    pub fn large(&self, at: Stamp) -> Vec<u8> {
        let [[p0, p1], [d0, d1], [a0, a1]] =
            [self.programmed, self.delivered, self.active].map(u16::to_be_bytes);
        dated(0x01, &[p0, p1, d0, d1, a0, a1, self.half_hours], at, self.spare(), &[])
    }

    const fn spare(&self) -> Spare {
        Spare { hour: self.kind as u8, day: self.requestor, year: 0 }
    }
}

/// What the bolus wizard worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wizard {
    /// Blood glucose, 0 when not entered: mg/dL, or tenths of mmol/L. Up to 1,023.
    pub bg: u16,
    /// 1 mg/dL, 2 mmol/L.
    pub bg_units: u8,
    /// Grams, or tenths of an exchange. Up to 1,023.
    pub carbs: u16,
    /// 1 grams, 2 exchanges.
    pub carb_units: u8,
    /// Small: grams per unit, up to 255. Large: tenths of a gram per unit, up to 4,095.
    pub carb_ratio: u16,
    /// Drop of blood glucose for one unit, in units of `bg`. Up to 1,023.
    pub sensitivity: u16,
    /// Target range of blood glucose, in units of `bg`.
    pub target: [u8; 2],
    /// Insulin to correct blood glucose, in tenths (small) or fortieths (large) of a unit; may be negative.
    pub correction: i16,
    /// Insulin for the food, as `correction`.
    pub food: u16,
    /// Insulin still active, as `correction`.
    pub active: u16,
    /// What the wizard proposed, as `correction`.
    pub estimate: u16,
}

impl Wizard {
    /// Record 0x5B of twenty bytes.
    #[must_use]
    pub fn small(&self, at: Stamp) -> Vec<u8> {
        let [correction_high, correction_low] = self.correction.to_be_bytes();
        let [low_target, high_target] = self.target;
        self.record(
            at,
            &[
                low(self.carb_ratio),
                low(self.sensitivity),
                low_target,
                correction_low,
                low(self.food),
                correction_high << 4,
                0,
                low(self.active),
                0,
                low(self.estimate),
                high_target,
            ],
        )
    }

    /// Record 0x5B of twenty-two bytes.
    #[must_use]
    pub fn large(&self, at: Stamp) -> Vec<u8> {
        let [correction_high, correction_low] = self.correction.to_be_bytes();
        let [low_target, high_target] = self.target;
        let [[r0, r1], [f0, f1], [a0, a1], [e0, e1]] =
            [self.carb_ratio, self.food, self.active, self.estimate].map(u16::to_be_bytes);
        #[rustfmt::skip]
        let body = [
            r0 & 0x0F, r1, low(self.sensitivity), low_target, correction_low, f0, f1,
            correction_high << 3, a0, a1, e0, e1, high_target,
        ];
        self.record(at, &body)
    }

    /// The start that small and large records share, then `rest`.
    fn record(&self, at: Stamp, rest: &[u8]) -> Vec<u8> {
        let [bg_high, bg_low] = self.bg.to_be_bytes();
        let [carbs_high, carbs_low] = self.carbs.to_be_bytes();
        let [sensitivity_high, _] = self.sensitivity.to_be_bytes();
        let mixed = self.bg_units << 6 | self.carb_units << 4 | (carbs_high & 3) << 2 | bg_high & 3;
        let spare = Spare { hour: (sensitivity_high & 3) << 1, ..Spare::default() };
        dated(0x5B, &[bg_low], at, spare, &[&[carbs_low, mixed], rest].concat())
    }
}

/// Insulin of an earlier bolus that is still active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unabsorbed {
    /// Fortieths of a unit, up to 1,023.
    pub amount: u16,
    /// Age in minutes, up to 1,023.
    pub age: u16,
    /// Hours of the insulin action curve, up to 15.
    pub curve: u8,
}

/// Record 0x5C, newest bolus first, without a stamp: it belongs to the wizard record before it.
///
/// `None` with more than 84 entries: the record's length is one byte.
#[must_use]
pub fn unabsorbed(entries: &[Unabsorbed]) -> Option<Vec<u8>> {
    let length = u8::try_from(2 + 3 * entries.len()).ok()?;
    let bytes = entries.iter().flat_map(|entry| {
        let [amount_high, amount_low] = entry.amount.to_be_bytes();
        let [age_high, age_low] = entry.age.to_be_bytes();
        [amount_low, age_low, entry.curve << 6 | (age_high & 3) << 4 | entry.curve & 0x0C | amount_high & 3]
    });
    Some([0x5C, length].into_iter().chain(bytes).collect())
}

/// Record 0x0A: blood glucose entered or received, up to 1,023, in `units` (1 mg/dL, 2 tenths of mmol/L).
/// The requestor is 0 when it was entered at the pump, 3 when a linked meter sent it.
#[must_use]
pub fn blood_glucose(amount: u16, units: u8, requestor: u8, at: Stamp) -> Vec<u8> {
    let [high, low] = amount.to_be_bytes();
    plain(0x0A, low, at, Spare { hour: (high & 2) << 1 | units, day: requestor, year: high & 1 })
}

/// Record 0x3F: blood glucose, up to 2,047, from the meter with this id.
#[must_use]
pub fn meter_glucose(amount: u16, meter: [u8; 3], at: Stamp) -> Vec<u8> {
    let spare = Spare { hour: low(amount) & 7, day: 3, year: 0 };
    dated(0x3F, &[low(amount >> 3)], at, spare, &meter)
}

/// Records 0x33 and 0x16: a temporary basal rate in fortieths of a unit per hour, up to 2,047, and how long.
/// No half hours at all end it.
#[must_use]
pub fn temp_basal(rate: u16, half_hours: u8, requestor: u8, at: Stamp) -> Vec<u8> {
    let [high, low] = rate.to_be_bytes();
    temp_basal_pair(low, high & 7, half_hours, requestor, at)
}

/// Records 0x33 and 0x16: a temporary basal rate in percent of the usual one, and how long.
#[must_use]
pub fn temp_basal_percent(percent: u8, half_hours: u8, requestor: u8, at: Stamp) -> Vec<u8> {
    temp_basal_pair(percent, 1 << 3, half_hours, requestor, at)
}

fn temp_basal_pair(value: u8, kind: u8, half_hours: u8, requestor: u8, at: Stamp) -> Vec<u8> {
    let spare = Spare { day: requestor, ..Spare::default() };
    let mut records = dated(0x33, &[value], at, spare, &[kind]);
    records.extend(plain(0x16, half_hours, at, spare));
    records
}

/// Record 0x03: tubing filled, in tenths of a unit. Nothing is programmed when it is done by hand.
#[must_use]
pub fn prime(programmed: u16, delivered: u16, at: Stamp) -> Vec<u8> {
    let [[p0, p1], [d0, d1]] = [programmed, delivered].map(u16::to_be_bytes);
    let spare = Spare { hour: u8::from(programmed == 0), ..Spare::default() };
    dated(0x03, &[p0, p1, d0, d1], at, spare, &[])
}

/// Record 0x06: an alarm, and the module (up to 63) and line of the firmware that raised it.
#[must_use]
pub fn alarm(code: u8, module: u8, line: u16, at: Stamp) -> Vec<u8> {
    let [l0, l1] = line.to_be_bytes();
    dated(0x06, &[code, l0, l1], at, Spare { hour: module >> 3, day: module & 7, year: 0 }, &[])
}

/// Records 0x08 and 0x09: the rates of a basal pattern (0 standard, 1 A, 2 B), each with its start in half
/// hours since midnight and fortieths of a unit per hour. `None` with more than 48 rates.
#[must_use]
pub fn basal_pattern(opcode: u8, pattern: u8, rates: &[(u8, u16)], at: Stamp) -> Option<Vec<u8>> {
    let count = u8::try_from(rates.len()).ok().filter(|count| *count <= 48)?;
    let mut body: Vec<u8> = rates
        .iter()
        .flat_map(|(start, rate)| {
            let [low, high] = rate.to_le_bytes();
            [*start, low, high]
        })
        .collect();
    body.resize(145, 0);
    Some(dated(opcode, &[count], at, Spare { hour: pattern, ..Spare::default() }, &body))
}

/// Record 0x07 of small models: insulin of a day in fortieths of a unit.
#[must_use]
pub fn daily_total(fortieths: u32, day: Stamp) -> Vec<u8> {
    [&[0x07], &fortieths.to_be_bytes()[..], &day.date_bytes()].concat()
}

/// What a day came to: record 0x6D of the 522 and 722. Insulin is in fortieths of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyDetail {
    /// Meter readings in mg/dL: mean, lowest, highest.
    pub glucose: [u16; 3],
    /// Number of meter readings.
    pub readings: u8,
    /// Basal insulin.
    pub basal: u16,
    /// Grams of carbohydrates.
    pub carbs: u16,
    /// Bolus insulin for food, for correction, by hand; together at most 65,535.
    pub boluses: [u16; 3],
    /// Number of boluses for food alone, for correction alone, for both, by hand.
    pub counts: [u8; 4],
    /// Sensor glucose in mg/dL: mean, lowest, highest.
    pub sensor: [u16; 3],
    /// Number of sensor readings.
    pub sensor_readings: u16,
    /// Number of calibrations.
    pub calibrations: u8,
}

impl DailyDetail {
    /// The 44 bytes.
    #[must_use]
    pub fn to_bytes(&self, day: Stamp) -> Vec<u8> {
        let bolus = self.boluses.iter().sum();
        let total = u32::from(self.basal) + u32::from(bolus);
        let with_share = |part: u16, whole: u32| {
            let [high, low] = part.to_be_bytes();
            let [_, _, _, percent] = (u32::from(part) * 100).checked_div(whole).unwrap_or(0).to_be_bytes();
            [high, low, percent]
        };
        let high_bits = |values: [u16; 3]| {
            values.iter().enumerate().fold(0, |bits, (n, value)| bits | low(value >> 8 & 3) << (2 * n))
        };
        let mut bytes = vec![0x6D];
        bytes.extend(day.date_bytes());
        bytes.extend([0x05, high_bits(self.glucose)]);
        bytes.extend(self.glucose.map(low));
        bytes.push(self.readings);
        bytes.extend(total.to_be_bytes());
        bytes.extend(with_share(self.basal, total));
        bytes.extend(with_share(bolus, total));
        bytes.extend(self.carbs.to_be_bytes());
        bytes.extend(with_share(bolus, total));
        bytes.extend(self.boluses.iter().flat_map(|part| with_share(*part, u32::from(bolus))));
        bytes.push(self.counts.iter().sum());
        bytes.extend(self.counts);
        bytes.push(high_bits(self.sensor) | low(self.sensor_readings >> 8 & 3) << 6);
        bytes.extend(self.sensor.map(low));
        bytes.extend([low(self.sensor_readings), self.calibrations]);
        bytes
    }
}

/// The low byte.
const fn low(value: u16) -> u8 {
    value.to_be_bytes()[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Stamp = Stamp { year: 26, month: 11, day: 28, hour: 23, minute: 58, second: 57 };

    #[test]
    fn stamps_share_bytes_with_the_spare_bits() {
        #[rustfmt::skip]
        assert_eq!(AT.to_bytes(Spare { hour: 5, day: 3, year: 1 }),
            [0b10_111001, 0b11_111010, 0b101_10111, 0b011_11100, 0b1_0011010]);
        assert_eq!(AT.date_bytes(), [0b101_11100, 0b1_0011010]);
    }

    #[test]
    fn records_have_the_lengths_that_pumps_use() {
        let bolus = Bolus {
            kind: BolusType::Square,
            programmed: 45,
            delivered: 45,
            active: 0,
            half_hours: 4,
            requestor: 0,
        };
        assert_eq!(bolus.small(AT).len(), 9);
        assert_eq!(bolus.large(AT).len(), 13);
        #[rustfmt::skip]
        let wizard = Wizard {
            bg: 300, bg_units: 1, carbs: 260, carb_units: 1, carb_ratio: 10, sensitivity: 300,
            target: [90, 120], correction: -3, food: 45, active: 8, estimate: 42,
        };
        assert_eq!(wizard.small(AT).len(), 20);
        assert_eq!(wizard.large(AT).len(), 22);
        assert_eq!(blood_glucose(300, 1, 3, AT).len(), 7);
        assert_eq!(meter_glucose(300, [1, 2, 3], AT).len(), 10);
        assert_eq!(temp_basal(60, 2, 0, AT).len(), 8 + 7);
        assert_eq!(prime(0, 120, AT).len(), 10);
        assert_eq!(alarm(4, 18, 366, AT).len(), 9);
        assert_eq!(basal_pattern(0x08, 0, &[(0, 36)], AT).unwrap().len(), 152);
        assert_eq!(daily_total(1000, AT).len(), 7);
        #[rustfmt::skip]
        let detail = DailyDetail {
            glucose: [140, 80, 300], readings: 5, basal: 800, carbs: 150, boluses: [400, 100, 0],
            counts: [3, 1, 0, 0], sensor: [0; 3], sensor_readings: 0, calibrations: 0,
        };
        assert_eq!(detail.to_bytes(AT).len(), 44);
    }

    #[test]
    fn high_bits_go_to_their_places() {
        #[rustfmt::skip]
        let wizard = Wizard {
            bg: 0x1AB, bg_units: 1, carbs: 0x2CD, carb_units: 2, carb_ratio: 10, sensitivity: 0x132,
            target: [90, 120], correction: -3, food: 45, active: 8, estimate: 42,
        };
        let bytes = wizard.small(AT);
        assert_eq!((bytes[1], bytes[7], bytes[8]), (0xAB, 0xCD, 0b01_10_10_01));
        assert_eq!(bytes[4] >> 5, 0b010);
        assert_eq!((bytes[12], bytes[14]), (0xFD, 0xF0));
        // 4 hours are 04, 5 hours 44, 3 hours C0: as in real records.
        let curve = |curve| unabsorbed(&[Unabsorbed { amount: 7, age: 20, curve }]).unwrap()[4];
        assert_eq!([curve(4), curve(5), curve(3)], [0x04, 0x44, 0xC0]);
        let wide = unabsorbed(&[Unabsorbed { amount: 0x123, age: 0x234, curve: 4 }]).unwrap();
        assert_eq!(wide, [0x5C, 5, 0x23, 0x34, 0x25]);
    }
}
