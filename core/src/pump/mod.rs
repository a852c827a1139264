//! In: the bytes of pump commands and replies. Out: typed values, for the pump's model.

pub mod model;
