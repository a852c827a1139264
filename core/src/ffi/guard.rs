// SPDX-License-Identifier: GPL-2.0-or-later
//! In: work that might panic. Out: its result, or the panic's message.

#[cfg(not(panic = "unwind"))]
compile_error!(
    "the C ABI turns a panic into a message in the tree, and needs panic=unwind: build without panic=abort"
);

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once, PoisonError};

thread_local! {
    /// True while this thread does guarded work. It owns nothing, so that the library can be unloaded.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Where the last guarded panic happened: only the hook is told.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Runs `work`.
///
/// # Errors
/// The message of the panic and its place in the source, if `work` panics. What `work` was changing is then in an
/// unknown state: the caller must replace it.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    redirect_hook();
    GUARDED.set(true);
    // That broken state stays unseen is the caller's duty, stated above.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.map_err(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|&text| text.to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic without a message".to_owned());
        let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{what} ({place})")
    })
}

/// Keeps the messages of guarded panics off the terminal: they are shown in the tree instead.
fn redirect_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if GUARDED.get() {
                let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
                *place = panic.location().map(ToString::to_string).unwrap_or_default();
            } else {
                usual(panic);
            }
        }));
    });
}
