//! Namespaces that may be meant for a binding, though they have other titles than kvctl gives.

use std::fmt;

use super::Slot;
use crate::{
    domain::{Hint, NamespaceId, Suggestion, Title},
    wire::NamespaceInfo,
};

/// A slot that would get a new namespace, and those that may be meant for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearTitles {
    /// The slot.
    pub slot: Slot,
    /// The namespaces, of which nothing else that is known has one.
    pub found: Vec<NamespaceInfo>,
    /// The title of a new one.
    pub wanted: Title,
    /// The id in the file that gives way.
    pub replaces: Option<NamespaceId>,
    /// What is wanted in the section and not in the file, as a command names it.
    pub absent: Vec<String>,
}

impl fmt::Display for NearTitles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, wanted, .. } = self;
        let found = self.found.iter();
        let found: Vec<String> = found.map(|n| format!("`{}` ({})", n.title, n.id)).collect();
        write!(
            f,
            "the {slot} could be {}; no namespace is titled `{wanted}`",
            found.join(" or ")
        )
    }
}

/// Says how to take them, or to make others: by one command for each section, which names what the file
/// does not have there, since the next run goes by the file.
pub(super) fn remedies(all: &[&NearTitles]) -> Vec<Hint> {
    let is_first = |(at, near): &(usize, &&NearTitles)| {
        let mut before = all[..*at].iter();
        before.all(|other| other.slot.section != near.slot.section)
    };
    let sections = all.iter().enumerate().filter(is_first);
    let remedy = |(_, first): (usize, &&NearTitles)| {
        let section = &first.slot.section;
        let near = all.iter().filter(|it| it.slot.section == *section);
        let near: Vec<&NearTitles> = near.copied().collect();
        let adopt = command(&near, |it| {
            it.found.first().map_or("", |n| n.title.as_str())
        });
        let create = command(&near, |it| it.wanted.as_str());
        let hint = Hint::run(adopt)
            .text(" to adopt what is there, or ")
            .command(create)
            .text(" to create what is not");
        let others = near.iter().flat_map(|it| {
            let others = it.found.iter().skip(1);
            others.map(|n| format!("`{}={}`", it.slot.binding, n.title))
        });
        let others: Vec<String> = others.collect();
        if others.is_empty() {
            return hint;
        }
        hint.text(format!(", or name {}", others.join(" or ")))
    };
    sections.map(remedy).collect()
}

/// Returns the command that provisions a section with these titles.
fn command<'n>(near: &[&'n NearTitles], title: impl Fn(&'n NearTitles) -> &'n str) -> Suggestion {
    let of = |name: &str| near.iter().find(|it| it.slot.binding.as_str() == name);
    let titled = |it: &&'n NearTitles| format!("{}={}", it.slot.binding, title(it));
    let absent: &[String] = near.first().map_or(&[], |it| &it.absent);
    let names = absent.iter();
    let names = names.map(|name| of(name).map_or_else(|| name.clone(), &titled));
    let is_there = |it: &&&NearTitles| !absent.iter().any(|name| name == it.slot.binding.as_str());
    let there = near.iter().filter(is_there).map(&titled);
    let command = Suggestion::new("provision").args(names.chain(there));
    near.iter().fold(command, |command, it| {
        let command = command.in_section(&it.slot.section);
        match &it.replaces {
            Some(id) => command.replacing_missing(id),
            None => command,
        }
    })
}
