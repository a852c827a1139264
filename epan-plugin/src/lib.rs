//! CareLink plugin.
