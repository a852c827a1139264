// SPDX-License-Identifier: GPL-2.0-or-later
//! In: a row of an export that no event of the captures goes with, or an event that no row goes with. Out: whether the other
//! side should have it, or why it cannot.

use super::judge::{Side, Verdict};
use super::pump::Owners;
use crate::found::held::{Held, Place};
use crate::found::holdings::Holding;
use crate::found::{Asking, Collection, Device, Found};
use crate::vendor::Official;
use carelink_core::sensor;
use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, ToSpan as _};
use std::collections::{BTreeMap, BTreeSet};

/// Why one side cannot have an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Absent {
    OtherDownload,
    SensorPages,
    HistoryPages,
    Older,
    Gap,
    Newer,
    OtherPump,
    /// The export does not reach to it.
    OutsideExport,
    /// The pump was asked at another time than the vendor's program asked it.
    NoDownload,
}

impl Absent {
    /// Its words in JSON and CSV, which say why.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OtherDownload => "settings of another download",
            Self::SensorPages => "sensor pages that are not here",
            Self::HistoryPages => "history pages that are not here",
            Self::Older => "older than the oldest page",
            Self::Gap => "in a gap between pages",
            Self::Newer => "newer than the last record",
            Self::OtherPump => "another pump",
            Self::OutsideExport => "ours, outside the time of the export",
            Self::NoDownload => "ours, settings at a time when the vendor's program read none",
        }
    }
}

/// What lies how far beside an asking for the pump's state is not of it.
const BESIDE: SignedDuration = SignedDuration::from_secs(60);
/// The same if its time is estimated.
const ABOUT: SignedDuration = SignedDuration::from_hours(1);

/// What bytes of each pump the captures have, and which times the export has of it.
pub(crate) struct Bytes<'a> {
    owners: &'a Owners,
    pumps: BTreeMap<&'a str, Known<'a>>,
}

/// The same of one pump.
#[derive(Default)]
struct Known<'a> {
    holdings: Vec<&'a Holding>,
    /// The first and the last row of the export.
    reach: Option<(DateTime, DateTime)>,
    /// When the vendor's program read the settings of the pump.
    downloads: BTreeSet<DateTime>,
    /// When it was asked about its state: from, to, and whether that is certain.
    asked: Vec<(DateTime, DateTime, bool)>,
    /// When its clock was set, by the export: what it showed before and after.
    set: Vec<DateTime>,
}

impl<'a> Bytes<'a> {
    pub fn new(collection: &'a Collection, rows: &[&'a Official], owners: &'a Owners) -> Self {
        let mut of_pump: BTreeMap<&str, Vec<&Official>> = BTreeMap::new();
        for &row in rows {
            of_pump.entry(owners.of_row(row)).or_default().push(row);
        }
        let names: BTreeSet<&str> = of_pump.keys().copied().collect();
        let known = |name: &'a str| {
            let rows = of_pump.get(name).map_or(&[][..], |rows| rows);
            let is_its = |pump: &Device| owners.of_pump(pump) == name;
            let holdings: Vec<_> =
                collection.holdings.iter().filter(|holding| is_its(&holding.pump)).collect();
            let askings = collection.askings.iter().filter(|asking| is_its(&asking.pump));
            let asked = askings.map(|asking| when(asking, &holdings, rows)).collect();
            (name, Known::of(holdings, asked, rows))
        };
        Self { owners, pumps: names.into_iter().map(known).collect() }
    }

    /// The verdict on a row that no event goes with.
    pub fn of_row<'r>(&self, row: &'r Official) -> Verdict<'r> {
        let (kind, known) = (row.event.kind.as_ref(), self.pumps.get(self.owners.of_row(row)));
        let Some(pump) = known else { return Verdict::Missing(row, false) };
        let not = |why| Verdict::NotJudged(Side::Export(row), why);
        if is_setting(kind) {
            return match pump.asked(row.event.time) {
                Some(certain) => Verdict::Missing(row, !certain),
                None => not(Absent::OtherDownload),
            };
        }
        let (from, to) = stored(row);
        let places = |held: fn(&Holding) -> &Held| {
            pump.holdings.iter().map(move |holding| held(holding).place(from, to, &pump.set))
        };
        let history = || places(|holding| &holding.history);
        let sensor = || places(|holding| &holding.sensor);
        let of_sensor = sensor::events::tell(kind);
        // Names that nobody knows may be of either.
        let of_both =
            !of_sensor && (kind.starts_with("Sensor") || kind.starts_with("Glucose") || kind.ends_with("GH"));
        let nearest = if of_both {
            history().chain(sensor()).min()
        } else if of_sensor {
            sensor().min()
        } else {
            history().min()
        };
        match nearest.unwrap_or(Place::NoPages) {
            Place::Here => Verdict::Missing(row, false),
            Place::Unread => Verdict::Missing(row, true),
            _ if of_sensor => not(Absent::SensorPages),
            Place::Older => not(Absent::Older),
            Place::Gap => not(Absent::Gap),
            Place::Newer => not(Absent::Newer),
            Place::NoPages => not(Absent::HistoryPages),
        }
    }

    /// The verdict on an event that no row goes with.
    pub fn of_event<'r>(&self, found: &'r Found) -> Verdict<'r> {
        let time = found.event.time;
        let not = |why| Verdict::NotJudged(Side::Capture(found), why);
        let near = |download: &DateTime| time.duration_since(*download).abs() <= BESIDE;
        let pump = self.pumps.get(self.owners.of_pump(&found.pump));
        let within =
            |pump: &&Known<'_>| pump.reach.is_some_and(|(first, last)| (first..=last).contains(&time));
        match pump.filter(within) {
            None => not(Absent::OutsideExport),
            Some(pump) if is_setting(&found.event.kind) && !pump.downloads.iter().any(near) => {
                not(Absent::NoDownload)
            }
            Some(_) => Verdict::OnlyOurs(found),
        }
    }
}

impl<'a> Known<'a> {
    fn of(holdings: Vec<&'a Holding>, asked: Vec<(DateTime, DateTime, bool)>, rows: &[&Official]) -> Self {
        let times = || rows.iter().map(|row| row.event.time);
        let settings = rows.iter().filter(|row| is_setting(&row.event.kind));
        let changes = rows.iter().filter(|row| row.event.kind.starts_with("ChangeTime"));
        // In milliseconds since 1970.
        let new = |row: &&&Official| {
            let since = SignedDuration::try_from_secs_f64(row.event.number("NEW_TIME")? / 1000.0).ok()?;
            date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()
        };
        let before = changes.clone().map(|row| row.event.time);
        Self {
            holdings,
            reach: times().min().zip(times().max()),
            downloads: settings.map(|row| row.event.time).collect(),
            asked,
            set: before.chain(changes.filter_map(|row| new(&row))).collect(),
        }
    }

    /// Whether a pump was asked about its state at that time, by its clock: true if that is certain.
    fn asked(&self, time: DateTime) -> Option<bool> {
        let at = |(from, to, _): &&(DateTime, DateTime, bool)| (*from..=*to).contains(&time);
        self.asked.iter().filter(at).map(|(.., certain)| *certain).max()
    }
}

/// From when to when a pump was asked, by its clock, and whether that is certain. Where nothing tells its clock, the download
/// of its newest page was after the last record there, and before the next one that the export has.
fn when(asking: &Asking, holdings: &[&Holding], rows: &[&Official]) -> (DateTime, DateTime, bool) {
    let wide = |from: DateTime, to: DateTime, slack| (from.saturating_sub(slack), to.saturating_add(slack));
    if let Some((from, to)) = asking.span() {
        let (from, to) = wide(from, to, if asking.estimated { ABOUT } else { BESIDE });
        return (from, to, !asking.estimated);
    }
    let holding = holdings.iter().find(|holding| holding.pump == asking.pump);
    let Some(&last) = holding.and_then(|holding| holding.newest.get(&asking.source)) else {
        return (DateTime::MIN, DateTime::MAX, false);
    };
    let of_history =
        |row: &&&Official| !is_setting(&row.event.kind) && !sensor::events::tell(&row.event.kind);
    let times = rows.iter().filter(of_history).map(|row| stored(row).1);
    let next = times.filter(|time| *time > last).min().unwrap_or(DateTime::MAX);
    let (from, to) = wide(last, next, ABOUT);
    (from, to, false)
}

/// True for the events that the vendor's program makes of what a pump says of its state.
fn is_setting(kind: &str) -> bool {
    kind.starts_with("Current")
}

/// From when to when the record of a row may have been stored. A bolus is stored when it is over, and a day's total when the
/// day is.
fn stored(row: &Official) -> (DateTime, DateTime) {
    let (time, number) = (row.event.time, |key: &str| row.event.number(key).unwrap_or_default());
    let later = match row.event.kind.as_ref() {
        "ResultDailyTotal" => {
            let over = time.saturating_add(1.day());
            return (over, over);
        }
        // In milliseconds; eight hours at most.
        "BolusSquare" => SignedDuration::from_secs_f64(number("DURATION").clamp(0.0, 28_800_000.0) / 1000.0),
        // A pump gives 1.5 units a minute, or more.
        "BolusNormal" | "Prime" => SignedDuration::from_secs_f64(number("AMOUNT").clamp(0.0, 99.0) * 40.0),
        _ => SignedDuration::ZERO,
    };
    (time, time.saturating_add(later))
}
