//! What a row shows, and why that is right.

use std::fmt;

use super::{
    expected::{self, Expected},
    namespaces::{Login, Namespace},
    row::{Account, Entry, Flags, Place, Row, Verb},
};

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// It used one namespace; remotely, in the account of this login.
    Used(Option<Login>, Namespace),
    /// It used several, or none without failing.
    Unclear(String),
    /// It failed before it used any.
    Failed {
        /// Its exit code.
        code: Option<i32>,
        /// All that it said.
        said: String,
    },
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used(None, namespace) => write!(f, "{namespace}"),
            Self::Used(Some(login), namespace) => write!(f, "{namespace} of {login:?}"),
            Self::Unclear(what) => f.write_str(what),
            Self::Failed { code, .. } => write!(f, "exit {}", code.unwrap_or(-1)),
        }
    }
}

/// How two programs may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Both use the same namespace.
    Equal,
    /// wrangler's commands disagree, and kvctl does as `wrangler dev` or `wrangler deploy`.
    AsDevOrDeploy,
    /// kvctl refuses on purpose.
    Refused,
    /// wrangler fails, and kvctl follows its rules.
    WranglerFails,
}

impl Verdict {
    pub(super) const ALL: [Self; 4] = [
        Self::Equal,
        Self::AsDevOrDeploy,
        Self::Refused,
        Self::WranglerFails,
    ];
}

/// A difference that is right.
struct Rule {
    verdict: Verdict,
    reason: &'static str,
    applies: fn(&Row, &Did, &Did) -> bool,
}

const RULES: &[Rule] = &[
    Rule {
        verdict: Verdict::Refused,
        reason: "the file and CLOUDFLARE_ACCOUNT_ID name different accounts",
        applies: |row, _, ours| {
            row.place == Place::Remote && row.account == Account::Conflict && stopped(ours, 9)
        },
    },
    Rule {
        verdict: Verdict::Refused,
        reason: "with preview_id alone, wrangler reads the deployed namespace and writes to the preview one",
        applies: |row, _, ours| {
            row.place == Place::Remote
                && row.entry == Entry::PreviewOnly
                && row.flags == Flags::None
                && stopped(ours, 9)
        },
    },
    Rule {
        verdict: Verdict::AsDevOrDeploy,
        reason: "`kv --local` takes id, `wrangler dev` takes preview_id",
        applies: |row, theirs, _| {
            local(row, Entry::Both) && used(theirs, &Namespace::Id(expected::part(row)))
        },
    },
    Rule {
        verdict: Verdict::AsDevOrDeploy,
        reason: "`kv --local` reads the namespace named as the binding, `wrangler dev` takes preview_id",
        applies: |row, theirs, _| {
            local(row, Entry::PreviewOnly) && used(theirs, &Namespace::Binding)
        },
    },
    Rule {
        verdict: Verdict::AsDevOrDeploy,
        reason: "the service folds the case of an id",
        applies: |row, theirs, _| {
            row.entry == Entry::Upper && used(theirs, &Namespace::Upper(expected::part(row)))
        },
    },
    Rule {
        verdict: Verdict::AsDevOrDeploy,
        reason: "`kv --remote` asks for the placeholder itself, which no account has",
        applies: |row, theirs, _| {
            expected::asks_deployed(row) && used(theirs, &Namespace::Placeholder)
        },
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "an empty id is an invalid file for wrangler",
        applies: |row, theirs, _| {
            row.entry == Entry::Empty && failed(theirs, "should have a string \"id\" field")
        },
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "wrangler takes a placeholder for the account",
        applies: |row, theirs, _| row.account == Account::Placeholder && failed(theirs, "account"),
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "wrangler refuses to write where an entry has both ids",
        applies: |row, theirs, _| {
            row.entry == Entry::Both && row.writes() && failed(theirs, "--preview")
        },
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "there is no preview_id",
        applies: |row, theirs, _| row.flags == Flags::Preview && failed(theirs, "preview"),
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "wrangler asks for a Worker with the name of the Pages project",
        applies: |row, theirs, _| {
            expected::asks_deployed(row) && expected::is_pages(row) && failed(theirs, "")
        },
    },
    Rule {
        verdict: Verdict::WranglerFails,
        reason: "nothing is deployed that binds it",
        applies: |row, theirs, ours| {
            expected::asks_deployed(row) && failed(theirs, "") && stopped(ours, 5)
        },
    },
];

fn local(row: &Row, entry: Entry) -> bool {
    row.place == Place::Local && row.entry == entry && row.flags == Flags::None
}

fn used(did: &Did, namespace: &Namespace) -> bool {
    matches!(did, Did::Used(_, used) if used == namespace)
}

fn stopped(did: &Did, with: i32) -> bool {
    matches!(did, Did::Failed { code, .. } if *code == Some(with))
}

fn failed(did: &Did, because: &str) -> bool {
    matches!(did, Did::Failed { said, .. } if said.contains(because))
}

/// Says what the row means for kvctl.
pub(super) fn expected(row: &Row) -> String {
    match expected::of(row) {
        Expected::Uses(namespace) if row.is_local() => namespace.to_string(),
        Expected::Uses(namespace) => format!("{namespace} of {:?}", expected::login(row)),
        Expected::Stops(codes) => format!("exit {codes:?}"),
    }
}

/// Says why both programs do the same.
fn same(row: &Row) -> String {
    let part = expected::part(row);
    let what = match expected::of(row) {
        Expected::Stops(_) => return "both find none".to_owned(),
        Expected::Uses(Namespace::Id(_) | Namespace::LocalId(_)) => format!("the id of {part}"),
        Expected::Uses(Namespace::Preview(_)) => format!("the preview_id of {part}"),
        Expected::Uses(Namespace::Deployed(_)) => format!("what is deployed for {part}"),
        Expected::Uses(Namespace::Binding) => "the name of the binding".to_owned(),
        Expected::Uses(Namespace::Flag) => "--namespace-id".to_owned(),
        Expected::Uses(_) => format!("the text of {part} as it stands"),
    };
    format!("both use {what}")
}

/// Judges a row; an error says what is wrong.
pub(super) fn judge(row: &Row, theirs: &Did, ours: &Did) -> Result<(Verdict, String), String> {
    let login = (!row.is_local()).then(|| expected::login(row));
    let is_right = match (expected::of(row), ours) {
        (Expected::Uses(wanted), Did::Used(by, used)) => wanted == *used && *by == login,
        (
            Expected::Stops(codes),
            Did::Failed {
                code: Some(code), ..
            },
        ) => codes.contains(code),
        _ => false,
    };
    if !is_right {
        return Err(format!("kvctl should do: {}", expected(row)));
    }
    if theirs == ours {
        return Ok((Verdict::Equal, same(row)));
    }
    let rule = RULES.iter().find(|rule| (rule.applies)(row, theirs, ours));
    match rule {
        Some(rule) => Ok((rule.verdict, rule.reason.to_owned())),
        None => Err("no rule allows that the two differ".to_owned()),
    }
}

/// Whether `wrangler dev` has to confirm the verdict.
pub(super) fn needs_dev(row: &Row, verdict: Verdict) -> bool {
    row.is_local() && verdict == Verdict::AsDevOrDeploy && row.verb != Verb::Delete
}
