//! The manner of a file: how its author writes what is between brackets.
//!
//! It decides where the text next to an edit says nothing. Without any example it is the manner of
//! prettier and taplo.

use super::{
    Sheet,
    brackets::Brackets,
    field_style::FieldStyle,
    lines, majority,
    trivia::{Gap, Piece},
};
use crate::config::{
    Format,
    node::{Node, NodeKind},
};

/// The width at which prettier and taplo break lines.
const WIDTH: usize = 80;
/// Other widths in use. No edit makes a wider line, however wide those of the author are.
const WIDER: [usize; 2] = [100, 120];

/// How the author writes what is between brackets.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and all combinations occur"
)]
pub(super) struct Manner<'a> {
    pub(super) sheet: Sheet<'a>,
    /// One step of indentation.
    pub(super) unit: &'a str,
    /// How wide a line gets before the author breaks it.
    pub(super) width: usize,
    /// Whether the last item has a comma too, where each has its own line.
    pub(super) trailing_comma: bool,
    /// Whether lines begin with the comma.
    pub(super) comma_first: bool,
    /// Whether what fits on one line is on one line.
    pub(super) collapses: bool,
    /// Whether several objects share a line.
    pub(super) lists_on_one_line: bool,
    /// What is inside of braces on one line.
    pub(super) brace: &'static str,
    /// What is inside of brackets on one line.
    pub(super) bracket: &'static str,
    /// A comma and what follows it on one line.
    pub(super) comma: &'static str,
    /// The same between braces.
    pub(super) brace_comma: &'static str,
}

impl<'a> Manner<'a> {
    pub(super) fn read(sheet: Sheet<'a>) -> Self {
        let all = Brackets::all(sheet);
        let all = || all.iter().filter(|it| !it.items.is_empty());
        let one_line = || all().filter(|it| it.is_on_one_line());
        let compact = sheet.format == Format::Jsonc && FieldStyle::of_file(sheet).is_compact();
        let padded = |objects| {
            let same = one_line().filter(move |it| it.is_object() == objects);
            majority(same.map(|it| is_blank(&it.opening())))
        };
        let several = || one_line().filter(|it| it.items.len() > 1);
        let is_spaced = |it: &Brackets<'_>| is_blank(&it.after(&it.items[0]));
        let spaced = majority(several().map(is_spaced)).unwrap_or(!compact);
        let brace = padded(true).unwrap_or(!compact);
        // Only of those who leave as much room inside of braces.
        let alike = several().filter(|it| it.is_object() && is_blank(&it.opening()) == brace);
        let brace_spaced = majority(alike.map(is_spaced)).unwrap_or(brace || spaced);
        let widths = one_line().filter(|it| it.can_break());
        let widest = widths.map(|it| width(&sheet.text[it.line()])).max();
        Self {
            sheet,
            unit: unit(sheet, all()),
            width: usual_width(widest.unwrap_or_default()),
            trailing_comma: trailing_comma(sheet, all()),
            comma_first: all().any(is_comma_first),
            collapses: !all().any(could_be_on_one_line),
            lists_on_one_line: one_line().any(Brackets::is_list),
            brace: blank_if(brace),
            bracket: blank_if(padded(false).unwrap_or(false)),
            comma: comma(spaced),
            brace_comma: comma(brace_spaced),
        }
    }

    /// Whether the whole file is on one line, without blanks.
    pub(super) fn is_minified(&self) -> bool {
        let root = &self.sheet.text[self.sheet.root.span.clone()];
        self.sheet.format == Format::Jsonc && self.comma == "," && !root.contains('\n')
    }

    /// Whether `node` is inside of what is on one line.
    pub(super) fn shares_line(&self, node: &Node) -> bool {
        Brackets::all(self.sheet).iter().any(|outer| {
            let span = &outer.node.span;
            let is_around = span.start < node.span.start && node.span.end < span.end;
            is_around && outer.is_on_one_line()
        })
    }

    /// Writes what is between brackets that open on a line with the indentation `base`, an item a
    /// line.
    pub(super) fn on_lines(&self, items: &[String], ending: &str, base: &str) -> String {
        let inner = format!("{ending}{base}{}", self.unit);
        if self.comma_first {
            return format!(" {}{inner}", items.join(&format!("{inner}, ")));
        }
        let items = items.join(&format!(",{inner}"));
        format!("{inner}{items}{}{ending}{base}", self.last_comma())
    }

    /// Returns the comma after the last item, where each has its own line.
    pub(super) fn last_comma(&self) -> &'static str {
        if self.trailing_comma { "," } else { "" }
    }
}

/// Counts the columns of a line, of which a tab takes two as for prettier.
pub(super) fn width(text: &str) -> usize {
    text.chars().count() + text.matches('\t').count()
}

fn usual_width(widest: usize) -> usize {
    let [wide, wider] = WIDER;
    match widest {
        0..=WIDTH => WIDTH,
        _ if widest <= wide => wide,
        _ => wider,
    }
}

/// Returns a comma and what follows it on one line.
pub(super) fn comma(spaced: bool) -> &'static str {
    if spaced { ", " } else { "," }
}

fn blank_if(padded: bool) -> &'static str {
    if padded { " " } else { "" }
}

fn is_blank(gap: &Gap) -> bool {
    gap.has(Piece::Blank)
}

/// Finds one step of indentation: how much further the first item is than its container.
///
/// The first indented line of the file would not do: it may belong to a comment or a text.
fn unit<'a, 'b>(sheet: Sheet<'a>, all: impl Iterator<Item = &'b Brackets<'a>>) -> &'a str
where
    'a: 'b,
{
    let step = |outer: usize, inner: usize| {
        let base = lines::indent_of_line(sheet.text, outer);
        let step = lines::indent(sheet.text, inner)?.strip_prefix(base)?;
        (!step.is_empty()).then_some(step)
    };
    let mut in_brackets = all.filter_map(|it| step(it.node.span.start, it.items[0].start));
    let mut below_header = None;
    sheet.root.walk(&mut |node| {
        if sheet.format == Format::Toml
            && matches!(node.kind, NodeKind::Object(..))
            && let Some(first) = node.properties().first()
        {
            below_header = below_header.or(step(node.span.start, first.key_span.start));
        }
    });
    in_brackets.next().or(below_header).unwrap_or("  ")
}

/// Whether the author puts a comma after the last of several lines. TOML's usage is to do so.
fn trailing_comma<'a, 'b>(sheet: Sheet<'a>, all: impl Iterator<Item = &'b Brackets<'a>>) -> bool
where
    'a: 'b,
{
    let votes = all.filter(|it| it.can_break()).filter_map(|it| {
        let gap = it.closing()?;
        gap.has(Piece::Break).then(|| gap.has(Piece::Comma))
    });
    let votes: Vec<_> = votes.collect();
    let outermost = votes.first().copied();
    majority(votes.into_iter())
        .or(outermost)
        .unwrap_or(sheet.format == Format::Toml)
}

fn is_comma_first(brackets: &Brackets<'_>) -> bool {
    let [first, _, ..] = &brackets.items[..] else {
        return false;
    };
    let gap = brackets.after(first);
    let (line, broken) = gap.first_line();
    broken && !line.iter().any(|(piece, _)| *piece == Piece::Comma)
}

/// Whether an array is on several lines though it would fit on one, where formatters would join them.
fn could_be_on_one_line(brackets: &Brackets<'_>) -> bool {
    let text = brackets.sheet.text;
    let gaps = brackets.items.iter().map(|item| brackets.after(item));
    let mut gaps = gaps.chain([brackets.opening()]);
    let items = &brackets.items;
    let has_lines = items.iter().any(|item| text[item.clone()].contains('\n'));
    let is_list = brackets.sheet.format == Format::Jsonc && brackets.is_list();
    if brackets.is_on_one_line() || brackets.is_object() || has_lines || is_list {
        return false;
    }
    let before = lines::start(text, brackets.node.span.start)..brackets.node.span.start;
    let joined: usize = items
        .iter()
        .map(|item| width(&text[item.clone()]) + 2)
        .sum();
    !gaps.any(|gap| gap.has(Piece::Comment)) && width(&text[before]) + joined < WIDTH
}
