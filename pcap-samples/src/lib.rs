//! Sample captures.
