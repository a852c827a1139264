// SPDX-License-Identifier: GPL-2.0-or-later
//! In: numbers from the wire. Out: their names, without ever refusing a number that has none.

/// Declares an open enumeration: known values have names, any other is kept as `Unknown(n)`.
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $type:ident: $int:ident { $($(#[doc = $doc:literal])* $variant:ident = $value:literal => $name:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $type {
            $(#[doc = $name] $(#[doc = $doc])* $variant,)+
            /// A number without a known name.
            Unknown($int),
        }
        impl $type {
            /// The known values and their names.
            pub const NAMES: &'static [(u32, &'static str)] = &[$(($value, $name)),+];

            /// The name, if the number has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self { $(Self::$variant => Some($name),)+ Self::Unknown(_) => None }
            }
        }
        impl From<$int> for $type {
            fn from(number: $int) -> Self {
                match number { $($value => Self::$variant,)+ other => Self::Unknown(other) }
            }
        }
        impl From<$type> for $int {
            fn from(value: $type) -> Self {
                match value { $($type::$variant => $value,)+ $type::Unknown(other) => other }
            }
        }
        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "unknown ({:#04x})", $int::from(*self)),
                }
            }
        }
        impl $crate::tree::sink::Show for $type {
            fn show(&self) -> $crate::tree::sink::Value<'_> {
                $crate::tree::sink::Value::Unsigned(u64::from($int::from(*self)))
            }
        }
    };
}

/// The name of `number` in a table of names, if it has one.
#[must_use]
pub fn lookup(names: &[(u32, &'static str)], number: u64) -> Option<&'static str> {
    entry(names, number).copied()
}

/// The same, where it stands in the table: a reference that takes half as much to keep.
#[must_use]
pub fn entry<'n>(names: &'n [(u32, &'static str)], number: u64) -> Option<&'n &'static str> {
    names.iter().find(|(value, _)| u64::from(*value) == number).map(|(_, name)| name)
}
