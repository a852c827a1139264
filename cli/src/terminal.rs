// SPDX-License-Identifier: GPL-2.0-or-later
//! In: pieces of a line, each with its style. Out: the line as it is to be written: cut and coloured on a terminal, plain
//! everywhere else.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// When to colour what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

static COLOR: OnceLock<Color> = OnceLock::new();

/// Sets when to colour, for all that is written from then on.
pub fn choose(color: Color) {
    // What was chosen first stays.
    let _ = COLOR.set(color);
}

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    color: bool,
    /// The columns of the terminal; `None` if lines are not cut.
    width: Option<usize>,
}

/// What is not to be seen first.
pub const DIM: Style = Style::new().dimmed();
/// What is to be seen first.
pub const STRONG: Style = Style::new().bold();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is open.
pub const OPEN: Style = AnsiColor::Yellow.on_default();
/// All else.
pub const PLAIN: Style = Style::new();

impl Look {
    /// That of standard output.
    #[must_use]
    pub fn of_output() -> Self {
        let output = io::stdout();
        let color = match COLOR.get().copied().unwrap_or_default() {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&output) != ColorChoice::Never,
        };
        let size = terminal_size::terminal_size_of(&output).filter(|_| output.is_terminal());
        Self { color, width: size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0) }
    }

    /// True if it is for a person in front of a terminal.
    #[must_use]
    pub const fn on_terminal(self) -> bool {
        self.width.is_some()
    }

    /// True if pieces are coloured.
    #[must_use]
    pub const fn is_colored(self) -> bool {
        self.color
    }

    /// A line of pieces.
    #[must_use]
    pub fn line<'t>(self, pieces: impl IntoIterator<Item = (Style, &'t str)>) -> String {
        let mut line = String::new();
        let pieces: Vec<_> = pieces.into_iter().collect();
        let whole: usize = pieces.iter().map(|(_, text)| text.width()).sum();
        let mut left = self.width.filter(|width| *width < whole).map(|width| width - 1);
        for (style, text) in pieces {
            let (shown, over) = match &mut left {
                None => (text, false),
                Some(left) => fitting(text, left),
            };
            let mark = if over { "\u{2026}" } else { "" };
            if self.color && style != PLAIN && !shown.is_empty() {
                line += &format!("{style}{shown}{style:#}{mark}");
            } else {
                line.push_str(shown);
                line.push_str(mark);
            }
            if over {
                break;
            }
        }
        line
    }
}

/// What of a text fits into so many columns, which it takes; and whether some of it does not.
fn fitting<'t>(text: &'t str, left: &mut usize) -> (&'t str, bool) {
    for (at, letter) in text.char_indices() {
        match left.checked_sub(letter.width().unwrap_or(0)) {
            Some(rest) => *left = rest,
            None => return (&text[..at], true),
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(color: bool, width: Option<usize>) -> Look {
        Look { color, width }
    }

    #[test]
    fn lines_are_cut_on_a_terminal_only() {
        let pieces = [(STRONG, "abc"), (PLAIN, "def")];
        for (width, expected) in
            [(None, "abcdef"), (Some(6), "abcdef"), (Some(5), "abcd…"), (Some(3), "ab…"), (Some(1), "…")]
        {
            assert_eq!(look(false, width).line(pieces), expected, "{width:?}");
        }
        assert_eq!(look(false, Some(4)).line([(PLAIN, "日本語")]), "日…", "wide letters");
    }

    #[test]
    fn colours_end_where_their_piece_does() {
        assert_eq!(look(true, None).line([(STRONG, "abc"), (PLAIN, "def")]), "\u{1b}[1mabc\u{1b}[0mdef");
        assert_eq!(look(true, Some(3)).line([(STRONG, "abc"), (PLAIN, "def")]), "\u{1b}[1mab\u{1b}[0m…");
    }
}
