// SPDX-License-Identifier: GPL-2.0-or-later
//! In: C's calls, by the contract in `carelink.h`. Out: a status and a view; never a panic, never a callback.
//!
//! Everything unsafe of this crate is in this module. Each function that C can call does its work inside one
//! guard, which turns a panic into [`FAILED`] and starts the session afresh.

mod guard;
mod layout;

pub use guard::catch;
pub use layout::{
    ANSWERS, CL_DECLINED as DECLINED, CL_FAILED as FAILED, CL_OK as OK, FRAME, HAS_RSSI, Handle, NO_STREAM,
    OVER_RADIO, Options, RESPONDS, Report, Source, TRANSMITS, Transfer, View, WANT_INFO, WANT_REPORTS,
    WANT_TREE,
};

use crate::pump::model::{Known, Model, Pump};
use crate::transfer::{self, Verdict, says_left_out};
use crate::tree::expert::INTERNAL;
use crate::tree::opaque::UNKNOWN;
use crate::tree::outline::TextAt;
use crate::tree::sink::{Item, Role, Sink, Span, Value};
use crate::view::options;
use layout::{WantedFields, count};
use libc::c_char;
use std::ffi::CStr;

/// A new session, or NULL if there is no memory for one.
///
/// # Safety
/// `options` is NULL or points to its struct, and its model is NULL or a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_session_new(options: *const Options) -> *mut Handle {
    // SAFETY: the caller vouches that it is NULL or points to its struct.
    let options = unsafe { options.as_ref() }.map(|options| options::Options {
        verify: options.verify_crc != 0,
        reassemble: options.reassemble != 0,
        // SAFETY: the caller vouches for the text.
        pump: unsafe { model(options.pump_model) }.map(|model| Pump::of(model, Known::Forced)),
    });
    catch(|| Box::into_raw(Box::new(Handle::new(options.unwrap_or_default()))))
        .unwrap_or(std::ptr::null_mut())
}

/// 1 if `text` is a pump's model number, or 0.
///
/// # Safety
/// `text` is NULL or ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_is_pump_model(text: *const c_char) -> i32 {
    // SAFETY: as the caller vouches.
    unsafe { model(text) }.is_some().into()
}

/// 1 if `comment` says that packets of its stick were left out before its own, or 0.
///
/// # Safety
/// `comment` is NULL or ends in a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_says_left_out(comment: *const c_char) -> i32 {
    // SAFETY: as the caller vouches.
    unsafe { text(comment) }.is_some_and(says_left_out).into()
}

/// The model that a text names.
///
/// # Safety
/// `name` is NULL or ends in a NUL.
unsafe fn model(name: *const c_char) -> Option<Model> {
    // SAFETY: as the caller vouches.
    let name = unsafe { text(name) }?;
    catch(|| Model::parse(name.trim())).ok()?
}

/// A text of C's, if it is UTF-8.
///
/// # Safety
/// `text` is NULL or ends in a NUL, and stays as it is as long as the result is used.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: not NULL by the check before it, and the caller vouches for the NUL.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })?;
    text.to_str().ok()
}

/// Ends a session, and all that its views point to.
///
/// # Safety
/// `session` is NULL, or came from [`cl_session_new`] and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_session_free(session: *mut Handle) {
    if session.is_null() {
        return;
    }
    // SAFETY: the caller vouches that the pointer came from Box::into_raw and is given back once.
    let handle = unsafe { Box::from_raw(session) };
    // A panic while dropping has nobody to tell: the session is gone either way.
    let _ = catch(|| drop(handle));
}

/// Dissects one transfer into `view`.
///
/// # Safety
/// `session` is NULL or a live session that no other thread uses now. `transfer` and `view` are NULL or point to
/// their structs, `transfer.bytes` is NULL or points to `transfer.captured` bytes, and `transfer.looked_at`
/// is NULL or points to the first of as many ints as there are fields, `transfer.looked_at_step` bytes apart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_dissect(session: *mut Handle, transfer: *const Transfer, view: *mut View) -> i32 {
    // SAFETY: the caller vouches that a view that is not NULL can be written.
    let Some(view) = (unsafe { view.as_mut() }) else { return FAILED };
    *view = View::EMPTY;
    // SAFETY: the caller vouches that each is NULL or points to its struct, and that nobody else uses the session.
    let (Some(handle), Some(transfer)) = (unsafe { (session.as_mut(), transfer.as_ref()) }) else {
        return FAILED;
    };
    if transfer.bytes.is_null() && transfer.captured > 0 {
        return FAILED;
    }
    let bytes = match transfer.captured {
        0 => &[],
        // SAFETY: not NULL by the check above, and the caller vouches for the length; a usize holds any u32 here.
        len => unsafe { std::slice::from_raw_parts(transfer.bytes, len as usize) },
    };
    let status;
    (status, *view) = handle.guarded(bytes, |handle| handle.take(transfer, bytes));
    status
}

impl Handle {
    /// What `work` finds; if it panics, the bytes as they are and the panic's message, and the session starts afresh.
    fn guarded(&mut self, bytes: &[u8], work: impl FnOnce(&mut Self) -> (i32, View)) -> (i32, View) {
        catch(|| work(self))
            .or_else(|message| catch(|| self.confess(bytes, &message)))
            .unwrap_or((FAILED, View::EMPTY))
    }

    /// Observes on the first visit, then shows what the caller wishes to see.
    fn take(&mut self, transfer: &Transfer, bytes: &[u8]) -> (i32, View) {
        let seen = transfer.read(bytes);
        let verdict = match transfer.visited {
            0 => self.session.observe(&seen),
            _ => self.session.verdict(&seen),
        };
        if verdict == Verdict::Declined {
            return (DECLINED, View::EMPTY);
        }
        let number = self.session.stream(seen.stream);
        let view = if transfer.want == 0 { View::EMPTY } else { self.look(transfer, &seen, number) };
        (OK, View { stream: number.unwrap_or(NO_STREAM), ..view })
    }

    /// Dissects into the sink that the caller's wishes ask for. Kept apart from frames that nobody looks at.
    #[inline(never)]
    fn look(&mut self, transfer: &Transfer, seen: &transfer::Transfer<'_>, number: Option<u32>) -> View {
        let Self { session, outline, line, reports, .. } = self;
        outline.clear();
        line.0.clear();
        reports.clear();
        if transfer.want & WANT_TREE != 0 {
            outline.want(transfer.wanted());
            session.dissect(seen, outline);
            outline.want(WantedFields::ALL);
        } else if transfer.want & WANT_INFO != 0 {
            session.dissect(seen, line);
        }
        let mut stick = TextAt::default();
        if transfer.want & WANT_REPORTS != 0 {
            reports.extend(session.report(seen).iter().map(|report| {
                let object =
                    report.object.as_ref().map(|object| session.transactions().reply(object.transaction).0);
                Report::new(report, object.unwrap_or_default(), outline)
            }));
            stick = outline.keep(format_args!("{}", seen.device(number)));
        }
        View { stick, ..self.view() }
    }

    /// Starts afresh, and shows the bytes as they are, with the mistake that kept them from being read.
    fn confess(&mut self, bytes: &[u8], message: &str) -> (i32, View) {
        *self = Self::new(self.session.options());
        let span = Span::new(0, 0, bytes.len());
        let mark = self.outline.leaf(Item { field: UNKNOWN, span, value: Value::Bytes, role: Role::Wire });
        self.outline.expert(mark, INTERNAL, format_args!("{message}"));
        self.outline.info(format_args!("{}: {message}", INTERNAL.def().summary));
        (FAILED, self.view())
    }

    /// What C may look at until the next call.
    fn view(&mut self) -> View {
        let Self { outline, line, sources, reports, .. } = self;
        line.0.push_str(outline.info_line());
        let info = match line.0.as_str() {
            "" => TextAt::default(),
            text => outline.keep(format_args!("{text}")),
        };
        let root = match (line.0.as_str(), outline.ended().to_owned()) {
            ("", _) => TextAt::default(),
            (text, ended) if ended.is_empty() => outline.keep(format_args!("CareLink, {text}")),
            (text, ended) => outline.keep(format_args!("CareLink, {text}, {ended}")),
        };
        sources.clear();
        for index in 0..outline.sources().len() {
            let name = outline.sources()[index].0;
            let name = outline.keep(format_args!("{name}"));
            let bytes = &outline.sources()[index].1;
            sources.push(Source { bytes: bytes.as_ptr(), len: count(bytes.len()), name });
        }
        View {
            nodes: outline.nodes().as_ptr(),
            experts: outline.experts().as_ptr(),
            sources: sources.as_ptr(),
            reports: reports.as_ptr(),
            texts: outline.texts().as_ptr().cast(),
            n_nodes: count(outline.nodes().len()),
            n_experts: count(outline.experts().len()),
            n_sources: count(sources.len()),
            n_reports: count(reports.len()),
            texts_len: count(outline.texts().len()),
            stream: NO_STREAM,
            info,
            root,
            stick: TextAt::default(),
        }
    }
}

#[cfg(test)]
mod tests;
