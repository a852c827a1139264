//! CareLink protocol core.
