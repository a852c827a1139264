// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what inputs cost. Out: what a byte costs as a rule, and which inputs cost far more than that.
//!
//! Costs are of any unit, as long as it is the same for all. The cost of the empty input is taken off each: it is the price of
//! the call, and no byte is to blame for it.

/// So many times what a byte costs as a rule is too much.
pub const LIMIT: f64 = 100.0;

/// Shorter inputs count as so long: their bytes still pay for what is set up once, when there is anything at all.
pub const LEAST: usize = 64;

/// What an input costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// How many bytes it has.
    pub len: usize,
    /// What it costs, the call included.
    pub total: f64,
}

impl Cost {
    /// What each byte costs, if the call costs this much.
    #[must_use]
    pub fn per_byte(self, call: f64) -> f64 {
        // No input has 2^52 bytes.
        (self.total - call).max(0.0) / self.len.max(LEAST) as f64
    }
}

/// What a byte costs in half of the inputs at most; nothing if there are none.
#[must_use]
pub fn median(costs: &[Cost], call: f64) -> Option<f64> {
    let mut each: Vec<_> = costs.iter().map(|cost| cost.per_byte(call)).collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied()
}

/// How many times the median a byte of this one costs.
#[must_use]
pub fn ratio(cost: Cost, call: f64, median: f64) -> f64 {
    cost.per_byte(call) / median.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(of: impl Fn(usize) -> usize) -> Vec<Cost> {
        let cost = |len: usize| Cost { len, total: 500.0 + of(len) as f64 };
        (0..=12).map(|power| cost(1 << power)).chain([cost(0)]).collect()
    }

    fn most(costs: &[Cost]) -> f64 {
        let median = median(costs, 500.0).expect("there are some");
        costs.iter().map(|&cost| ratio(cost, 500.0, median)).fold(0.0, f64::max)
    }

    #[test]
    fn what_is_linear_is_never_slow() {
        assert!(most(&costs(|len| 7 * len)) < 1.5);
    }

    #[test]
    fn what_is_set_up_once_makes_no_short_input_slow() {
        assert!(most(&costs(|len| if len == 0 { 0 } else { 2_000 + 7 * len })) < LIMIT / 10.0);
    }

    #[test]
    fn one_that_is_quadratic_is_found_among_those_that_are_not() {
        let mut costs = costs(|len| 7 * len);
        costs.push(Cost { len: 2_000, total: 500.0 + 7.0 * 2_000.0 * 150.0 });
        assert!(most(&costs) > LIMIT);
    }

    #[test]
    fn none_is_no_median() {
        assert_eq!(median(&[], 0.0), None);
    }
}
