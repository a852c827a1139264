// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is kept of a capture, item by item. Out: lists that grow by little, whose items are numbered from 1.

/// A list of so many bytes is small: it doubles when it is full.
const SMALL_LIST: usize = 1 << 16;

/// Makes room for so many items more. A list that is not small grows by a sixteenth: little of its memory lies idle.
pub(super) fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more && list.len() * size_of::<T>() > SMALL_LIST {
        list.reserve_exact(more.max(list.len() / 16));
    }
}

/// Adds an item to a list that grows as [`make_room`] says.
pub(super) fn append<T>(list: &mut Vec<T>, item: T) {
    make_room(list, 1);
    list.push(item);
}

/// Moves all items to the end of a list that grows as [`make_room`] says.
pub(super) fn file<T>(list: &mut Vec<T>, items: &mut Vec<T>) {
    make_room(list, items.len());
    list.append(items);
}

/// A number that counts from 1, of the item that `list` takes next.
pub(super) fn next_number<T>(list: &[T]) -> u32 {
    small(list.len() + 1)
}

/// The item with a number that counts from 1.
pub(super) fn numbered<T>(list: &[T], number: u32) -> Option<&T> {
    list.get((number as usize).checked_sub(1)?)
}

/// The same, to change it.
pub(super) fn numbered_mut<T>(list: &mut [T], number: u32) -> Option<&mut T> {
    list.get_mut((number as usize).checked_sub(1)?)
}

/// A size as the book keeps it.
pub(super) fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
