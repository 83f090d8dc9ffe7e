//! How the author writes an entry between braces, learned from an example.

use super::{
    brackets::Brackets,
    field_style::FieldStyle,
    lines,
    manner::{self, Manner},
    order::{Fields, Order},
    trivia::{Gap, Piece},
};
use crate::config::{
    Format,
    node::{Layout, Node},
};

/// How the author writes an entry between braces.
#[derive(Debug)]
pub(super) struct EntryStyle {
    /// Between the opening brace and the first key.
    open: String,
    /// Between fields.
    separator: String,
    /// Between the last value and the closing brace.
    close: String,
    fields: FieldStyle,
    order: Order,
}

/// How the author writes an array of entries.
#[derive(Debug)]
pub(super) struct ListStyle {
    /// Whether each field has its own line.
    pub(super) expanded: bool,
    /// Whether entries begin on the line on which the array opens.
    pub(super) hugs: bool,
}

impl ListStyle {
    /// Learns from the last array of namespaces between brackets, else of other bindings.
    pub(super) fn learn(manner: &Manner<'_>) -> Self {
        let Some(example) = example(manner) else {
            let expanded = manner.sheet.format == Format::Jsonc;
            return Self {
                expanded,
                hugs: false,
            };
        };
        let last = &manner.sheet.text[example.items[example.items.len() - 1].clone()];
        let expanded = last.contains('\n');
        Self {
            expanded,
            hugs: expanded && !example.opening().has(Piece::Break) && !manner.comma_first,
        }
    }
}

/// Finds the last array of namespaces between brackets, else of other objects without arrays.
fn example<'a>(manner: &Manner<'a>) -> Option<Brackets<'a>> {
    let mut namespaces = Vec::new();
    manner
        .sheet
        .root
        .walk(&mut |node| namespaces.extend(node.get("kv_namespaces")));
    let is_flat = |item: &Node| {
        let mut values = item.properties().iter().map(|p| &p.value);
        item.is_object() && values.all(|value| value.layout().is_none())
    };
    let mut lists = Brackets::all(manner.sheet);
    lists.retain(|it| {
        let items = it.node.items();
        !items.is_empty() && items.iter().all(is_flat)
    });
    let is_own = |it: &Brackets<'_>| namespaces.iter().any(|own| own.span == it.node.span);
    let at = lists.iter().rposition(is_own);
    let at = at.or_else(|| lists.len().checked_sub(1))?;
    Some(lists.swap_remove(at))
}

impl EntryStyle {
    /// Learns from the last of `entries` that shows how fields are separated.
    pub(super) fn learn(manner: &Manner<'_>, entries: &[Node]) -> Option<Self> {
        let several = |entry: &&Node| entry.properties().len() > 1;
        let entry = entries.iter().rfind(several).or(entries.last())?;
        let brackets = Brackets::of(manner.sheet, entry)?;
        let mut style = Self::like(manner, &brackets)?;
        style.order = Order::learn(manner.sheet, entries);
        Some(style)
    }

    fn like(manner: &Manner<'_>, entry: &Brackets<'_>) -> Option<Self> {
        let blanks = |gap: &Gap| blanks(manner, gap);
        let open = blanks(&entry.opening());
        let separator = match &entry.items[..] {
            [first, second, ..] => separator(manner, &entry.after(first), second.start),
            _ if open.contains('\n') => format!(",{open}"),
            _ if open.is_empty() => manner.comma.to_owned(),
            _ => manner::comma(true).to_owned(),
        };
        let last = entry.closing()?;
        let comma = if last.has(Piece::Comma) { "," } else { "" };
        Some(Self {
            open,
            separator,
            close: format!("{comma}{}", blanks(&last)),
            fields: FieldStyle::learn(manner.sheet, entry.node.properties()),
            order: Order::learn(manner.sheet, &[]),
        })
    }

    /// Returns the style on one line: that of the last such entry of the file, else the usual one.
    pub(super) fn on_one_line(manner: &Manner<'_>) -> Self {
        let mut examples = Vec::new();
        manner.sheet.root.walk(&mut |node| {
            let entries = node.items_of("kv_namespaces").iter();
            examples.extend(entries.filter_map(|entry| Brackets::of(manner.sheet, entry)));
        });
        let is_example = |it: &&Brackets<'_>| {
            it.is_on_one_line() && it.items.len() > 1 && it.node.layout() == Some(Layout::Inline)
        };
        let example = examples.iter().rfind(is_example);
        example
            .and_then(|example| Self::like(manner, example))
            .unwrap_or_else(|| Self {
                open: manner.brace.to_owned(),
                separator: manner.brace_comma.to_owned(),
                close: manner.brace.to_owned(),
                fields: FieldStyle::of_file(manner.sheet),
                order: Order::learn(manner.sheet, &[]),
            })
    }

    /// Returns the style over several lines, for an entry that begins at `indent`.
    pub(super) fn on_lines(manner: &Manner<'_>, ending: &str, indent: &str) -> Self {
        let inner = format!("{ending}{indent}{}", manner.unit);
        let fields = match example(manner) {
            Some(example) => FieldStyle::learn(
                manner.sheet,
                example.node.items().last().map_or(&[], Node::properties),
            ),
            None => FieldStyle::of_file(manner.sheet),
        };
        let order = Order::learn(manner.sheet, &[]);
        if manner.comma_first {
            return Self {
                open: " ".to_owned(),
                separator: format!("{inner}, "),
                close: inner,
                fields,
                order,
            };
        }
        Self {
            separator: format!(",{inner}"),
            open: inner,
            close: format!("{}{ending}{indent}", manner.last_comma()),
            fields,
            order,
        }
    }

    /// Writes an entry, ready for its place.
    pub(super) fn entry(&self, fields: &Fields<'_>) -> String {
        let fields = self.fields.fields(&self.order.sort(fields));
        format!(
            "{{{}{}{}}}",
            self.open,
            fields.join(&self.separator),
            self.close
        )
    }
}

/// Returns a comma and the blanks around it, as in `gap`, which ends at `next`.
fn separator(manner: &Manner<'_>, gap: &Gap, next: usize) -> String {
    let (line, broken) = gap.first_line();
    let comma_here = line.iter().any(|(piece, _)| *piece == Piece::Comma);
    if broken && !comma_here {
        let text = manner.sheet.text;
        let start = lines::start(text, next);
        if text[start..next].trim() == "," {
            let ending = lines::ending(text, gap.pieces[0].1.start);
            return format!("{ending}{}", &text[start..next]);
        }
    }
    format!(",{}", blanks(manner, gap))
}

/// Returns the blanks of a gap without its comments: a line break and an indentation, or spaces.
fn blanks(manner: &Manner<'_>, gap: &Gap) -> String {
    let text = manner.sheet.text;
    let is_break = |(piece, _): &&(Piece, _)| *piece == Piece::Break;
    if let Some((_, at)) = gap.pieces.iter().rfind(is_break) {
        let indent = lines::indent_of_line(text, at.end);
        return format!("{}{indent}", &text[at.clone()]);
    }
    if gap.has(Piece::Comment) {
        return " ".to_owned();
    }
    let blank = gap
        .pieces
        .iter()
        .filter(|(piece, _)| *piece == Piece::Blank);
    blank.map(|(_, at)| &text[at.clone()]).collect()
}
