// SPDX-License-Identifier: GPL-2.0-or-later
//! In: what is kept of a capture, item by item. Out: lists that grow by little, whose items have ids of their own.

use std::marker::PhantomData;
use std::num::NonZeroU32;

/// Tells the items of one kind of list apart, by a number that counts from 1.
pub trait Id: Copy {
    /// The id with this number.
    fn of(number: NonZeroU32) -> Self;
    /// Its number.
    fn number(self) -> NonZeroU32;
}

/// Declares ids.
macro_rules! ids {
    ($($(#[$doc:meta])+ $vis:vis struct $id:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $id(::std::num::NonZeroU32);

        impl $crate::exchange::list::Id for $id {
            fn of(number: ::std::num::NonZeroU32) -> Self {
                Self(number)
            }
            fn number(self) -> ::std::num::NonZeroU32 {
                self.0
            }
        }
    )+};
}
pub(crate) use ids;

/// Items by their ids.
#[derive(Debug)]
pub(crate) struct List<I, T> {
    items: Vec<T>,
    ids: PhantomData<I>,
}

impl<I, T> Default for List<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), ids: PhantomData }
    }
}

fn id<I: Id>(index: usize) -> I {
    I::of(NonZeroU32::MIN.saturating_add(small(index)))
}

fn index(id: impl Id) -> usize {
    id.number().get() as usize - 1
}

impl<I: Id, T> List<I, T> {
    /// Adds an item.
    pub fn push(&mut self, item: T) -> I {
        let id = id(self.items.len());
        append(&mut self.items, item);
        id
    }

    /// The item with an id; `None` if the id is another list's.
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(index(id))
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.items.get_mut(index(id))
    }

    /// All items, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.items.iter().enumerate().map(|(index, item)| (id(index), item))
    }

    /// The same, to change them.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (I, &mut T)> + ExactSizeIterator {
        self.items.iter_mut().enumerate().map(|(index, item)| (id(index), item))
    }

    /// The items that were added before the one with this id.
    pub fn before(&self, id: I) -> &[T] {
        self.items.get(..index(id)).unwrap_or_default()
    }
}

/// A list of so many bytes is small: it doubles when it is full.
const SMALL_LIST: usize = 1 << 17;

/// Makes room for so many items more. A list that is not small grows by a sixty-fourth part: little of its memory lies idle.
pub(crate) fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more && list.len() * size_of::<T>() > SMALL_LIST {
        list.reserve_exact(more.max(list.len() / 64));
    }
}

/// Adds an item to a list that grows as [`make_room`] says.
pub(crate) fn append<T>(list: &mut Vec<T>, item: T) {
    make_room(list, 1);
    list.push(item);
}

/// Moves all items to the end of a list that grows as [`make_room`] says.
pub(crate) fn file<T>(list: &mut Vec<T>, items: &mut Vec<T>) {
    make_room(list, items.len());
    list.append(items);
}

/// Items one behind the other, each with the offset that it begins at; `len` tells how long one is.
pub(crate) fn placed<T>(
    items: &[T],
    len: impl Fn(&T) -> usize + Clone,
) -> impl Iterator<Item = (usize, &T)> + Clone {
    items.iter().scan(0, move |end, item| {
        let start = *end;
        *end += len(item);
        Some((start, item))
    })
}

/// A size as it is kept.
pub(crate) fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
