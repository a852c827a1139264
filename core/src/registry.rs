// SPDX-License-Identifier: GPL-2.0-or-later
//! In: the fields that each room declares. Out: one list of them all, each at the place that its number says.

use crate::tree::field::{Field, FieldDef, Numbered, count};
use crate::{carrier, history, nextlink, pump, sensor, stick, tree, view};

/// Lists the rooms that declare fields, and numbers their fields one after the other.
macro_rules! rooms {
    ($($room:ident),+) => {
        const ROOMS: &[&[&[Field]]] = &[$($room::TABLES),+];
        rooms! { @from 0; $($room)+ }
    };
    (@from $first:expr; $room:ident $($rest:ident)*) => {
        impl Numbered for $room::Room {
            const FIRST: u16 = $first;
        }
        rooms! { @from <$room::Room as Numbered>::FIRST + count($room::TABLES); $($rest)* }
    };
    (@from $first:expr;) => {
        /// How many fields there are.
        pub const COUNT: usize = $first as usize;
    };
}

rooms! { tree, carrier, stick, nextlink, pump, history, sensor, view }

/// The rows of all fields, in the order of their numbers.
pub fn fields() -> impl Iterator<Item = &'static FieldDef> {
    ROOMS.iter().copied().flatten().copied().flatten().map(|field| field.def())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_at_the_place_that_its_number_says() {
        let numbers: Vec<_> = ROOMS.concat().concat().iter().map(|field| usize::from(field.id())).collect();
        assert_eq!(numbers, (0..COUNT).collect::<Vec<_>>());
    }
}
