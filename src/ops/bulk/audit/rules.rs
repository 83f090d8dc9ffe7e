//! What a key must be like, and whether it is. Pure.

use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use crate::{
    config::{ManifestNamespace, TtlRule},
    domain::Prefixes,
};

/// So much longer than allowed a key may seem to live, in seconds: the service's clock, which set the
/// expiry, and this machine's differ.
pub const CLOCK_GRACE_SECONDS: i64 = 60;

/// What the keys of a namespace must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What they begin with.
    pub prefix: Option<Prefixes>,
    /// How long they live.
    pub ttl: Option<TtlRule>,
}

/// The rules that one key breaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Broken {
    /// It never expires, and must.
    pub required: bool,
    /// It has longer to live than it may.
    pub max: bool,
    /// It begins otherwise.
    pub prefix: bool,
}

impl Broken {
    /// Whether there is one.
    pub fn any(self) -> bool {
        self.required || self.max || self.prefix
    }

    /// Names them as `kvctl.toml` does.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.required, "ttl.required"),
            (self.max, "ttl.max"),
            (self.prefix, "prefix"),
        ];
        all.into_iter()
            .filter_map(|(broken, name)| broken.then_some(name))
    }
}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names = serializer.serialize_seq(None)?;
        self.names().try_for_each(|n| names.serialize_element(n))?;
        names.end()
    }
}

impl Rules {
    /// Takes the rules of one namespace that a key can break; `None` if there are none.
    pub fn of(namespace: &ManifestNamespace) -> Option<Self> {
        let prefix = namespace
            .prefix
            .clone()
            .filter(|prefix| !prefix.is_everything());
        let ttl = namespace.ttl.filter(|ttl| *ttl != TtlRule::default());
        (prefix.is_some() || ttl.is_some()).then_some(Self { prefix, ttl })
    }

    /// Judges a key by its name and by the seconds it has `left`; `None` if it never expires.
    ///
    /// When it was written is not known. With more left than `ttl.max` it was certainly given more;
    /// with less, it may have been given more all the same, and time has passed. A TTL below
    /// `ttl.min` cannot be detected: every key eventually has less left. Without `ttl.required`, a
    /// key that never expires breaks nothing.
    pub fn judge(&self, name: &str, left: Option<i64>) -> Broken {
        let ttl = self.ttl.unwrap_or_default();
        let longest = ttl.max.map(|max| i64::from(max.seconds()));
        Broken {
            required: ttl.required && left.is_none(),
            max: left
                .zip(longest)
                .is_some_and(|(left, max)| left > max + CLOCK_GRACE_SECONDS),
            prefix: self
                .prefix
                .as_ref()
                .is_some_and(|prefixes| !prefixes.covers(name)),
        }
    }

    /// Whether less is left than `ttl.min`, which breaks nothing.
    pub fn is_below_min(&self, left: Option<i64>) -> bool {
        let min = self.ttl.and_then(|ttl| ttl.min);
        left.zip(min)
            .is_some_and(|(left, min)| left < i64::from(min.seconds()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(required: bool, max: Option<&str>) -> Rules {
        Rules {
            prefix: None,
            ttl: Some(TtlRule {
                required,
                min: Some("60".parse().unwrap()),
                max: max.map(|max| max.parse().unwrap()),
            }),
        }
    }

    #[test]
    fn the_longest_is_for_keys_that_expire() {
        let optional = rules(false, Some("1h"));
        let broken = |left| optional.judge("k", left).names().collect::<Vec<_>>();
        assert!(broken(None).is_empty());
        assert!(broken(Some(3600 + CLOCK_GRACE_SECONDS)).is_empty());
        assert_eq!(broken(Some(3601 + CLOCK_GRACE_SECONDS)), ["ttl.max"]);
        assert!(rules(true, None).judge("k", None).required);
        assert!(!rules(true, None).judge("k", Some(i64::MAX)).any());
    }

    #[test]
    fn little_time_left_breaks_nothing() {
        let rules = rules(true, Some("1h"));
        for left in [-5, 0, 59] {
            assert!(!rules.judge("k", Some(left)).any());
            assert!(rules.is_below_min(Some(left)));
        }
        assert!(!rules.is_below_min(Some(60)) && !rules.is_below_min(None));
    }
}
