//! What a finding is about.

use std::fmt;

use serde::Serialize;

use crate::domain::{Binding, Section, listed};

/// How many names are shown before the others are only counted.
const NAMED: usize = 3;

/// What a finding is about, as far as it is about something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The sections of the wrangler file, each with its bindings.
    pub sections: Vec<Part>,
    /// Something of it, such as a key or `preview_id`.
    pub detail: Option<String>,
}

/// A section, and the bindings of it that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The section.
    #[serde(flatten)]
    pub section: Section,
    /// The bindings; none if it is about the section.
    pub bindings: Vec<Binding>,
}

impl Subject {
    fn of(section: &Section, bindings: Vec<Binding>) -> Self {
        let section = section.clone();
        Self {
            sections: vec![Part { section, bindings }],
            detail: None,
        }
    }

    /// A binding of a section.
    pub fn binding(section: &Section, binding: &Binding) -> Self {
        Self::of(section, vec![binding.clone()])
    }

    /// A section.
    pub fn section(section: &Section) -> Self {
        Self::of(section, Vec::new())
    }

    /// The same, or something of it.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// Returns what both are about, with the detail that both have.
    pub(super) fn merged(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.detail = all.detail.filter(|it| other.detail.as_ref() == Some(it));
        for part in &other.sections {
            match all
                .sections
                .iter_mut()
                .find(|it| it.section == part.section)
            {
                Some(known) => {
                    let new = part
                        .bindings
                        .iter()
                        .filter(|it| !known.bindings.contains(it));
                    let new: Vec<Binding> = new.cloned().collect();
                    known.bindings.extend(new);
                }
                None => all.sections.push(part.clone()),
            }
        }
        all
    }

    pub(super) fn has_bindings(&self) -> bool {
        self.cells().next().is_some()
    }

    /// Returns each binding with its section.
    pub fn cells(&self) -> impl Iterator<Item = (&Section, &Binding)> {
        let parts = self.sections.iter();
        parts.flat_map(|part| part.bindings.iter().map(move |it| (&part.section, it)))
    }

    /// Returns the section that it is about, if it is about one.
    pub fn only_section(&self) -> Option<&Section> {
        match self.sections.as_slice() {
            [one] => Some(&one.section),
            _ => None,
        }
    }

    /// Returns the bindings, each once.
    pub fn bindings(&self) -> Vec<&Binding> {
        let mut all = Vec::new();
        for (_, binding) in self.cells() {
            if !all.contains(&binding) {
                all.push(binding);
            }
        }
        all
    }

    /// Returns its short name, the section first if there is one: `staging/SESSIONS session:a`.
    pub fn name(&self) -> String {
        let bindings: Vec<&str> = self.bindings().into_iter().map(Binding::as_str).collect();
        let bindings = bindings.join(", ");
        let name = match self.only_section().and_then(Section::label) {
            Some(section) if bindings.is_empty() => section,
            Some(section) => format!("{section}/{bindings}"),
            None => bindings,
        };
        let parts = [
            Some(name).filter(|name| !name.is_empty()),
            self.detail.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(" ")
    }

    /// Returns in which sections it is, if there are several.
    pub fn places(&self) -> Option<Places> {
        if self.sections.len() < 2 {
            return None;
        }
        // Those with the same bindings are named together.
        let mut groups: Vec<(&[Binding], Vec<&Section>)> = Vec::new();
        for part in &self.sections {
            match groups.iter_mut().find(|it| it.0 == part.bindings) {
                Some((_, sections)) => sections.push(&part.section),
                None => groups.push((&part.bindings, vec![&part.section])),
            }
        }
        if let [(_, sections)] = groups.as_slice() {
            return Some(Places::Same(place(sections)));
        }
        let said = groups.iter().map(|(bindings, sections)| {
            let bindings: Vec<String> = bindings.iter().map(ToString::to_string).collect();
            format!("{} {}", bindings.join(", "), place(sections))
        });
        Some(Places::Each(said.collect::<Vec<_>>().join("; ")))
    }
}

/// In which sections something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// Every binding: ``in `staging`, `prod` and 5 more``.
    Same(String),
    /// Each binding somewhere else: ``A in `staging`; B in `prod` ``.
    Each(String),
}

/// Returns where sections are, of many the first alone.
pub fn place(sections: &[&Section]) -> String {
    if let [one] = sections {
        return one.place();
    }
    let top = sections.iter().any(|it| it.is_top());
    let labels = sections.iter().filter_map(|it| it.label());
    let labels: Vec<String> = labels.map(|it| format!("`{it}`")).collect();
    let labels = in_short(&labels);
    if top {
        format!("at the top level and in {labels}")
    } else {
        format!("in {labels}")
    }
}

/// Returns names as in a sentence, of many the first alone.
pub(super) fn in_short(names: &[String]) -> String {
    if names.len() <= NAMED {
        return listed(names);
    }
    let (first, others) = names.split_at(NAMED - 1);
    format!("{} and {} more", first.join(", "), others.len())
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.places() {
            Some(Places::Same(places)) => f.pad(&format!("{} {places}", self.name())),
            Some(Places::Each(places)) => f.pad(&places),
            None => f.pad(&self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str) -> Section {
        Section::from(Some(name.parse().unwrap()))
    }

    fn all(cells: &[(&Section, &str)]) -> Subject {
        let each = cells
            .iter()
            .map(|(section, binding)| Subject::binding(section, &binding.parse().unwrap()));
        each.reduce(|all, it| all.merged(&it)).unwrap()
    }

    #[test]
    fn a_subject_names_what_is_known() {
        let staging = section("staging");
        let binding: Binding = "A".parse().unwrap();
        assert_eq!(Subject::default().to_string(), "");
        assert_eq!(Subject::section(&staging).to_string(), "staging");
        assert_eq!(Subject::binding(&Section::TOP, &binding).to_string(), "A");
        let both = Subject::binding(&staging.clone().previews(), &binding);
        assert_eq!(both.with("k").to_string(), "staging.previews/A k");
    }

    #[test]
    fn of_several_sections_each_binding_is_named_where_it_is() {
        let [a, b] = ["a", "b"].map(section);
        let two = all(&[(&a, "X"), (&a, "Y"), (&b, "X"), (&b, "Y")]);
        assert_eq!(two.to_string(), "X, Y in `a` and `b`");
        let top = all(&[(&Section::TOP, "X"), (&a, "X")]);
        assert_eq!(top.to_string(), "X at the top level and in `a`");
        let uneven = all(&[(&a, "X"), (&b, "X"), (&b, "Y")]);
        assert_eq!(
            uneven.to_string(),
            "X in environment `a`; X, Y in environment `b`"
        );
        assert_eq!(uneven.name(), "X, Y");
        let many: Vec<Section> = (0..7).map(|i| section(&format!("e{i}"))).collect();
        let many: Vec<(&Section, &str)> = many.iter().map(|it| (it, "X")).collect();
        assert_eq!(all(&many).to_string(), "X in `e0`, `e1` and 5 more");
    }
}
