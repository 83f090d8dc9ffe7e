//! Which keys are meant: those that begin with one of several prefixes, or all.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

/// One or more prefixes: in the order of their bytes, each once, and none that begins with another.
///
/// So the keys of one come, in the order of their bytes, all before those of the next, and no key has
/// two of them. The empty prefix is that of all keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefixes(Vec<String>);

/// All keys.
impl Default for Prefixes {
    fn default() -> Self {
        Self::one("")
    }
}

impl Prefixes {
    /// One prefix; the empty one is that of all keys.
    pub fn one(prefix: &str) -> Self {
        Self(vec![prefix.to_owned()])
    }

    /// Any of `prefixes`. `None` if there are none: the caller knows whether that means all keys or no
    /// key.
    pub fn any_of(prefixes: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut sorted: Vec<String> = prefixes.into_iter().collect();
        sorted.sort_unstable();
        // What begins with a prefix comes right behind it.
        sorted.dedup_by(|next, before| next.starts_with(before.as_str()));
        (!sorted.is_empty()).then_some(Self(sorted))
    }

    /// Whether all keys are meant.
    pub fn is_everything(&self) -> bool {
        self.only() == Some("")
    }

    /// Returns the prefix, if there is just one.
    pub fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Returns the prefixes, in the order of their bytes; the empty one if all keys are meant.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `key` begins with one of them.
    pub fn covers(&self, key: &str) -> bool {
        // Only the greatest that is not behind the key can begin it: what lies between a prefix and
        // a key that has it begins with that prefix too.
        let behind = self.0.partition_point(|prefix| prefix.as_str() <= key);
        let nearest = behind.checked_sub(1).and_then(|at| self.0.get(at));
        nearest.is_some_and(|prefix| key.starts_with(prefix.as_str()))
    }

    /// Returns the prefixes of the keys that both mean; `None` if there can be no such key.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let longer = |a: &str, b: &str| {
            let common = if a.starts_with(b) {
                Some(a)
            } else {
                b.starts_with(a).then_some(b)
            };
            common.map(ToOwned::to_owned)
        };
        let all = self.iter().map(|a| other.iter().map(move |b| longer(a, b)));
        Self::any_of(all.flatten().flatten())
    }

    /// Returns what follows "keys" in a message: nothing if all keys are meant, otherwise
    /// "with the prefix …", after a space.
    pub fn phrase(&self) -> String {
        if self.is_everything() {
            return String::new();
        }
        format!(" with the prefix {self}")
    }
}

/// Names all of them: `a`, `b` or `c`.
impl fmt::Display for Prefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len() - 1;
        for (at, prefix) in self.0.iter().enumerate() {
            let between = match at {
                0 => "",
                _ if at == last => " or ",
                _ => ", ",
            };
            write!(f, "{between}`{prefix}`")?;
        }
        Ok(())
    }
}

/// A string if there is just one, otherwise an array.
impl Serialize for Prefixes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.only() {
            Some(only) => only.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Prefixes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Prefixes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: serde::de::Error>(self, prefix: &str) -> Result<Prefixes, E> {
                Ok(Prefixes::one(prefix))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, prefixes: A) -> Result<Prefixes, A::Error> {
                let all = SeqAccessDeserializer::new(prefixes);
                let all = Vec::<Cow<'_, str>>::deserialize(all)?;
                let all = Prefixes::any_of(all.into_iter().map(Cow::into_owned));
                all.ok_or_else(|| A::Error::custom("expected at least one prefix"))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(prefixes: &[&str]) -> Prefixes {
        Prefixes::any_of(prefixes.iter().map(|&it| it.to_owned())).unwrap()
    }

    #[test]
    fn each_is_there_once_and_none_within_another() {
        let left = |prefixes: &[&str]| of(prefixes).iter().collect::<Vec<_>>().join(" ");
        assert_eq!(left(&["b", "a", "b"]), "a b");
        assert_eq!(left(&["ab", "a", "abc", "b", "a-"]), "a b");
        assert_eq!(left(&["user:", "user", "use"]), "use");
        assert!(of(&["a", "", "b"]).is_everything());
        assert!(of(&[""]) == Prefixes::default());
        assert!(Prefixes::any_of([]).is_none());
    }

    #[test]
    fn they_are_named_in_words() {
        assert_eq!(of(&[""]).phrase(), "");
        assert_eq!(of(&["a"]).phrase(), " with the prefix `a`");
        assert_eq!(
            of(&["c", "a", "b"]).phrase(),
            " with the prefix `a`, `b` or `c`"
        );
    }

    #[test]
    fn they_are_a_string_or_an_array() {
        for (text, expected) in [
            (r#""a""#, Some(r#""a""#)),
            (r#"["a"]"#, Some(r#""a""#)),
            (r#"["b","ab","a"]"#, Some(r#"["a","b"]"#)),
            (r#"["a",""]"#, Some(r#""""#)),
            ("[]", None),
            ("[1]", None),
            ("1", None),
            ("null", None),
        ] {
            let read = serde_json::from_str::<Prefixes>(text).ok();
            let written = read.map(|it| serde_json::to_string(&it).unwrap());
            assert_eq!(written.as_deref(), expected, "{text}");
        }
    }

    const TEXT: &str = "[abé]{0,3}";

    proptest! {
        #[test]
        fn a_key_is_covered_if_it_begins_with_one(
            given in prop::collection::vec(TEXT, 1..6),
            other in prop::collection::vec(TEXT, 1..6),
            keys in prop::collection::vec("[abé]{1,4}", 0..20),
        ) {
            let [a, b] = [&given, &other].map(|it| Prefixes::any_of(it.clone()).unwrap());
            let has = |of: &[String], key: &str| of.iter().any(|it| key.starts_with(it.as_str()));
            let both = a.intersection(&b);
            for key in &keys {
                prop_assert_eq!(a.covers(key), has(&given, key));
                let in_both = both.as_ref().is_some_and(|both| both.covers(key));
                prop_assert_eq!(in_both, has(&given, key) && has(&other, key));
            }
            prop_assert!(a.0.is_sorted());
            let within = |at: usize, it: &String| a.0.iter().enumerate().any(|(n, of)| n != at && it.starts_with(of.as_str()));
            prop_assert!(!a.0.iter().enumerate().any(|(at, it)| within(at, it)));
        }
    }
}
