//! Insertions into a file, in the style of its author.

use tree_sitter::Node;

use super::{
    Field,
    source::{Source, children, is_comment},
};

/// A list of members: the braces and what is between them.
#[derive(Clone, Copy)]
pub(super) struct List<'t>(pub(super) Node<'t>);

impl<'t> List<'t> {
    pub(super) fn members(&self) -> Vec<Node<'t>> {
        let mut members = children(self.0);
        members.retain(|node| !is_comment(*node));
        members
    }
}

/// Texts to insert into a file; nothing else is done to it.
pub(super) struct Insertions<'a> {
    text: &'a str,
    line_end: &'static str,
    list: Vec<(usize, String)>,
}

impl<'a> Insertions<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let windows = text.matches("\r\n").count();
        let is_windows = windows * 2 > text.matches('\n').count();
        let line_end = if is_windows { "\r\n" } else { "\n" };
        let list = Vec::new();
        Self {
            text,
            line_end,
            list,
        }
    }

    /// Inserts `with`, whose line ends become the file's.
    fn at(&mut self, offset: usize, with: &str) {
        self.list.push((offset, with.replace('\n', self.line_end)));
    }

    /// Returns where something is once everything is inserted.
    pub(super) fn moved(&self, offset: usize) -> usize {
        let before = self.list.iter().filter(|(at, _)| *at <= offset);
        offset + before.map(|(_, with)| with.len()).sum::<usize>()
    }

    /// Returns the text with everything inserted.
    pub(super) fn apply(mut self) -> String {
        self.list.sort_by_key(|(offset, _)| *offset);
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for (offset, with) in &self.list {
            out.push_str(&self.text[done..*offset]);
            out.push_str(with);
            done = *offset;
        }
        out.push_str(&self.text[done..]);
        out
    }

    /// Adds a declaration at the end, after an empty line.
    ///
    /// A file without imports and exports is not made a module: its other names are global.
    pub(super) fn declaration(&mut self, source: &Source<'_>, declaration: &str) {
        let body = self.text.trim_start_matches('\u{feff}');
        let gap = match () {
            () if body.trim().is_empty() => "",
            () if body.ends_with('\n') => "\n",
            () => "\n\n",
        };
        let export = if source.is_script() { "" } else { "export " };
        self.at(self.text.len(), &format!("{gap}{export}{declaration}\n"));
    }

    /// Declares a type with these fields.
    pub(super) fn interface(&mut self, source: &Source<'_>, name: &str, bindings: &[Field<'_>]) {
        let fields = fields(bindings, "  ", ";\n");
        self.declaration(source, &format!("interface {name} {{\n{fields}}}"));
    }

    /// Imports `KVNamespace`, after the last import, or else after what heads the file.
    pub(super) fn import(&mut self, source: &Source<'_>) {
        let import = "import type { KVNamespace } from '@cloudflare/workers-types';\n";
        let statements = children(source.root());
        let last = statements.iter().rfind(|s| s.kind() == "import_statement");
        if let Some(last) = last {
            match self.text[last.end_byte()..].find('\n') {
                Some(at) => self.at(last.end_byte() + at + 1, import),
                None => self.at(self.text.len(), &format!("\n{import}")),
            }
            return;
        }
        let start = self.text.len() - self.text.trim_start_matches('\u{feff}').len();
        let head = statements
            .iter()
            .take_while(|node| self.heads_the_file(**node))
            .last();
        let after = head.and_then(|node| Some(node.end_byte() + self.rest(*node).find('\n')? + 1));
        let gap = if after.is_some() { "\n" } else { "" };
        let behind = if self.text[start..].trim().is_empty() {
            "\n"
        } else if self
            .rest_at(after.unwrap_or(start))
            .starts_with(['\n', '\r'])
        {
            ""
        } else {
            "\n"
        };
        self.at(after.unwrap_or(start), &format!("{gap}{import}{behind}"));
    }

    /// Whether a node is a line for programs, or a comment on the file as a whole.
    fn heads_the_file(&self, node: Node<'_>) -> bool {
        let text = &self.text[node.byte_range()];
        let rest = self.rest(node);
        let is_apart = rest.split_once('\n').is_some_and(|(line, below)| {
            let below = below.trim_start_matches([' ', '\t', '\r']);
            line.trim().is_empty() && below.starts_with('\n')
        });
        is_comment(node) && (text.starts_with("///") || text.starts_with("#!") || is_apart)
    }

    fn rest(&self, node: Node<'_>) -> &'a str {
        self.rest_at(node.end_byte())
    }

    fn rest_at(&self, offset: usize) -> &'a str {
        &self.text[offset..]
    }

    /// Adds fields to a list of members.
    pub(super) fn fields(&mut self, to: List<'_>, names: &[Field<'_>]) {
        let body = to.0;
        let one_line = body.start_position().row == body.end_position().row;
        let members = to.members();
        match (members.last(), children(body).last()) {
            (None, None) => self.between_braces(body, names),
            (Some(last), _) if one_line => self.on_the_line(*last, names),
            // Only a block comment can be there: a line comment would hide the brace.
            (None, Some(comment)) if one_line => {
                let fields = fields(names, " ", ";");
                self.at(comment.end_byte(), &fields);
            }
            (Some(last), _) => self.on_lines(to, *last, names),
            (None, Some(comment)) => {
                let indent = self.indent(comment.start_byte());
                let mut comments = children(body).into_iter();
                match comments.find(|comment| self.closes_a_region(*comment)) {
                    Some(end) => self.above(end, indent, names),
                    None => self.above_the_brace(body, indent, ";", names),
                }
            }
        }
    }

    /// Whether a comment is `//#endregion`, or one of its spellings.
    fn closes_a_region(&self, comment: Node<'_>) -> bool {
        let text = &self.text[comment.byte_range()];
        let text = text.trim_start_matches(['/', '*', ' ', '\t', '#']);
        text.starts_with("endregion")
    }

    /// Adds lines above that of a comment.
    fn above(&mut self, comment: Node<'_>, indent: &str, names: &[Field<'_>]) {
        let start = self.text[..comment.start_byte()].rfind('\n');
        let fields = fields(names, indent, ";\n");
        self.at(start.map_or(0, |at| at + 1), &fields);
    }

    fn between_braces(&mut self, body: Node<'_>, names: &[Field<'_>]) {
        let outer = self.indent(body.start_byte());
        let unit = self.unit();
        let between = &self.text[body.start_byte() + 1..body.end_byte() - 1];
        let fields = fields(names, &format!("\n{outer}{unit}"), ";");
        let close = if between.contains('\n') {
            String::new()
        } else {
            format!("\n{outer}")
        };
        self.at(body.start_byte() + 1, &format!("{fields}{close}"));
    }

    /// Returns what a level is indented by.
    fn unit(&self) -> &'static str {
        if self.text.contains("\n\t") {
            "\t"
        } else {
            "  "
        }
    }

    fn on_the_line(&mut self, last: Node<'_>, names: &[Field<'_>]) {
        let (end, separator) = if let Some((at, separator)) = self.separator_after(last) {
            (at + separator.len(), separator)
        } else {
            self.at(last.end_byte(), ";");
            (last.end_byte(), ";")
        };
        self.at(end, &fields(names, " ", separator));
    }

    fn on_lines(&mut self, to: List<'_>, last: Node<'_>, names: &[Field<'_>]) {
        let (body, members) = (to.0, to.members());
        let mut separators = members
            .iter()
            .rev()
            .filter_map(|member| self.separator_after(*member));
        let separator = separators.next().map_or("", |(_, separator)| separator);
        if self.separator_after(last).is_none() && !separator.is_empty() {
            self.at(last.end_byte(), separator);
        }
        let is_behind_the_brace = last.start_position().row == body.start_position().row;
        let unit = if is_behind_the_brace { self.unit() } else { "" };
        let indent = format!("{}{unit}", self.indent(last.start_byte()));
        let end = self.end_with_comments(body, last);
        let close = body.end_byte() - 1;
        match self.text[end..close].find('\n') {
            Some(line_end) if self.is_blank(end, end + line_end) => {
                let fields = fields(names, &indent, &format!("{separator}\n"));
                self.at(end + line_end + 1, &fields);
            }
            _ => self.above_the_brace(body, &indent, separator, names),
        }
    }

    /// Returns where the comments end that belong to a member: those on its line, and those that go on
    /// below, further in than the member. Others, such as `//#endregion`, belong to what follows.
    fn end_with_comments(&self, body: Node<'_>, member: Node<'_>) -> usize {
        let mut last = member;
        let mut end = member.end_byte();
        if let Some((at, separator)) = self.separator_after(member) {
            end = at + separator.len();
        }
        let following = children(body).into_iter();
        for comment in following.filter(|node| node.start_byte() > member.start_byte()) {
            let start = comment.start_position();
            let gap = start.row - last.end_position().row;
            let is_further_in = gap == 1 && start.column > member.start_position().column;
            if gap > 0 && !is_further_in {
                break;
            }
            last = comment;
            // It may be ahead of the `;`.
            end = end.max(comment.end_byte());
        }
        end
    }

    /// Whether there is only white space in a range.
    fn is_blank(&self, start: usize, end: usize) -> bool {
        self.text[start..end].trim().is_empty()
    }

    /// Adds lines right above the line of the closing brace, below every member and comment.
    fn above_the_brace(
        &mut self,
        body: Node<'_>,
        indent: &str,
        separator: &str,
        names: &[Field<'_>],
    ) {
        let close = body.end_byte() - 1;
        let line = self.text[..close].rfind('\n').map_or(0, |at| at + 1);
        if self.text[line..close].trim().is_empty() {
            self.at(line, &fields(names, indent, &format!("{separator}\n")));
        } else {
            // The brace is on the line of a member or a comment, and then on that of the last field.
            let end = self.text[..close].trim_end().len();
            self.at(end, &fields(names, &format!("\n{indent}"), separator));
        }
    }

    /// Returns the `;` or `,` that ends a member, and where it is; comments may be between.
    fn separator_after(&self, member: Node<'_>) -> Option<(usize, &'a str)> {
        let rest = self.rest(member);
        let mut left = rest.trim_start_matches([' ', '\t']);
        while let Some(comment) = left.strip_prefix("/*") {
            let (_, behind) = comment.split_once("*/")?;
            left = behind.trim_start_matches([' ', '\t']);
        }
        let at = member.end_byte() + rest.len() - left.len();
        let separator = left.get(..1)?;
        matches!(separator, ";" | ",").then_some((at, separator))
    }

    /// Returns what the line of `offset` begins with.
    fn indent(&self, offset: usize) -> &'a str {
        let start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let line = &self.text[start..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

/// Returns one field for each name, between what goes before and after it.
fn fields(names: &[Field<'_>], before: &str, after: &str) -> String {
    let fields: Vec<String> = names
        .iter()
        .map(|field| format!("{before}{field}{after}"))
        .collect();
    fields.concat()
}
