//! Injected faults. Imports nothing of this crate but its siblings.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::answer::Answer;

/// A fault for requests to come.
///
/// A request gets at most one fault: the first that was added, matches, and is not used up.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path: String,
    skip: usize,
    left: Option<usize>,
    action: Action,
}

/// What happens to a request that gets a [`Fault`].
#[derive(Clone, Debug)]
pub enum Action {
    /// It is not carried out, and this is the answer.
    Answer(Answer),
    /// It is carried out, and this is the answer all the same.
    AnswerAfter(Answer),
    /// It is not carried out, and the connection is closed without an answer.
    CutBefore,
    /// It is carried out, and the connection is closed without an answer.
    CutAfter,
    /// It is carried out, and the connection is closed amid the body of the answer.
    CutBody,
    /// It is carried out later.
    Delay(Duration),
    /// It is carried out at once, and answered later.
    DelayAfter(Duration),
    /// A bulk write or deletion is carried out but for these keys, which its answer lists as
    /// unsuccessful under HTTP 200. Nothing happens to any other request.
    Unsuccessful(Keys),
}

/// Which keys of a bulk request fail.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Those with these names.
    Named(Vec<String>),
    /// Every nth key, in the order of the request; 1 is all of them, 0 none.
    Every(usize),
}

impl Keys {
    /// Whether `key` at `index`, counted from 0, is among them.
    pub(super) fn contain(&self, index: usize, key: &str) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|name| name == key),
            Self::Every(nth) => *nth > 0 && (index + 1).is_multiple_of(*nth),
        }
    }
}

impl Fault {
    /// A fault for the next request with this method, or with any if it is empty, whose path and query contain `path`.
    pub fn new(method: &str, path: &str, action: Action) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            skip: 0,
            left: Some(1),
            action,
        }
    }

    /// The same for `times` requests.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self {
            left: Some(times),
            ..self
        }
    }

    /// The same for all requests from now on.
    #[must_use]
    pub fn forever(self) -> Self {
        Self { left: None, ..self }
    }

    /// The same, but `matches` matching requests pass first.
    #[must_use]
    pub fn after(self, matches: usize) -> Self {
        Self {
            skip: matches,
            ..self
        }
    }

    fn matches(&mut self, method: &str, path: &str) -> bool {
        let fits = self.method.is_empty() || self.method == method;
        if !fits || !path.contains(&self.path) || self.left == Some(0) {
            return false;
        }
        if let Some(skip) = self.skip.checked_sub(1) {
            self.skip = skip;
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

/// The pending faults.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    pub(super) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Returns the action for this request, and counts it.
    pub(super) fn next_action(&self, method: &str, path: &str) -> Option<Action> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.iter_mut().find_map(|fault| {
            let found = fault.matches(method, path);
            found.then(|| fault.action.clone())
        });
        faults.retain(|fault| fault.left != Some(0));
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_and_wears_out() {
        let faults = Faults::default();
        faults.add(
            Fault::new("GET", "/keys", Action::CutBefore)
                .after(1)
                .times(2),
        );
        let found: Vec<_> = ["/keys", "/values", "/keys?limit=10", "/keys", "/keys"]
            .into_iter()
            .map(|path| faults.next_action("GET", path).is_some())
            .collect();
        assert_eq!(found, [false, false, true, true, false]);

        faults.add(Fault::new("GET", "", Action::CutAfter).forever());
        assert!(faults.next_action("POST", "/").is_none());
        assert!((0..5).all(|_| faults.next_action("GET", "/").is_some()));
    }
}
