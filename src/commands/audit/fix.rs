//! `kvctl audit --fix`: keys that must expire, and do not, are rewritten so that they do.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{AuditReport, Auditor, Subject, scope};
use crate::{
    cli::audit::AuditArgs,
    commands::{
        Refused, UsageError,
        shared::{
            failures,
            guard::allow_rewrites,
            namespace::{Access, OpenNamespace, select_namespace},
            quoted,
        },
    },
    context::Context,
    domain::{Ttl, quantity},
    error::Result,
    ops::{
        bulk::{
            absent::CONSISTENCY_TIMEOUT,
            audit::{Judge, fix::set_ttl, rules::Rules},
            cost::Cost,
            read::Listed,
            reporter::Reporter,
        },
        target::Target,
    },
};

/// How many keys are shown before they are rewritten.
const SHOWN: usize = 5;

pub(super) async fn run(context: &Context, args: AuditArgs) -> Result<AuditReport> {
    let choice = select_namespace(context, args.namespace.clone(), Access::Write).await?;
    let keyspace = choice.open(context).await?;
    let rules = scope::rules(context, &keyspace)?;
    let ttl = chosen(&keyspace.target, rules.as_ref(), args.ttl)?;
    let auditor = Auditor {
        context,
        session: &keyspace.session,
        args: &args,
    };
    let subject = Subject {
        target: keyspace.target.clone(),
        rules,
    };
    let judge = Judge {
        rules: subject.rules.clone().unwrap_or_default(),
        within: args.expiring_within.map(Into::into),
    };
    let mut keys = Vec::new();
    let mut namespace = auditor.audit(subject, |listed| keys.push(listed)).await?;
    let fix = Fix {
        context,
        keyspace: &keyspace,
        ttl,
    };
    let (fixed, changed) = fix.carry_out(keys, &args).await?;
    // A list made now may not have the changes yet.
    namespace.recount(&judge, &changed);
    let mut report = AuditReport::new(Vec::new());
    report.add(namespace);
    report.fix = Some(fixed);
    Ok(report)
}

/// Decides which time to live keys are given; it must keep the rule that it is for.
fn chosen(target: &Target, rules: Option<&Rules>, asked: Option<Ttl>) -> Result<Ttl> {
    let rule = rules.and_then(|rules| rules.ttl).unwrap_or_default();
    if !rule.required {
        return Err(Refused::new(
            format!(
                "kvctl.toml has no rule that the keys of {target} must expire; nothing was written"
            ),
            "add `ttl = { required = true, max = \"24h\" }` to its table there, with the \
                    time that is right",
        )
        .into());
    }
    let Some(ttl) = asked.or(rule.max) else {
        let what = "`--fix` needs a TTL: the rule has no ttl.max";
        return Err(UsageError::new(what.to_owned(), "pass `--ttl DURATION`").into());
    };
    let limit = match (rule.min, rule.max) {
        (Some(min), _) if ttl < min => format!("shorter than ttl.min, {min}"),
        (_, Some(max)) if ttl > max => format!("longer than ttl.max, {max}"),
        _ => return Ok(ttl),
    };
    let what = format!("`--ttl {ttl}` would break the rules of kvctl.toml: it is {limit}");
    Err(UsageError::new(what, "give one that keeps them").into())
}

/// Keys that a fix changed, with the seconds that they have left, `None` if they are gone.
pub(super) type Changed = BTreeMap<String, Option<i64>>;

struct Fix<'a> {
    context: &'a Context,
    keyspace: &'a OpenNamespace,
    ttl: Ttl,
}

impl Fix<'_> {
    /// Rewrites the keys, once that is allowed. Returns also how many seconds those have left that are
    /// not as they were, `None` if they are gone.
    async fn carry_out(&self, keys: Vec<Listed>, args: &AuditArgs) -> Result<(Fixed, Changed)> {
        let mut fixed = Fixed {
            dry_run: args.dry_run,
            ttl: self.ttl,
            matched: keys.len(),
            written: 0,
            vanished: 0,
            cost: Cost::of_copies(keys.len() as u64),
            failed: Vec::new(),
        };
        if args.dry_run || keys.is_empty() {
            return Ok((fixed, Changed::new()));
        }
        self.announce(&keys);
        let reporter: &dyn Reporter = &self.context.ui;
        reporter.cost(fixed.cost);
        let what = format!(
            "setting a TTL of {} on {} of {}",
            self.ttl,
            quantity(keys.len(), "key"),
            self.keyspace.target
        );
        allow_rewrites(self.context, self.keyspace, args.confirm.as_deref(), what).await?;
        let namespace = self.keyspace.namespace();
        let timeout = self
            .keyspace
            .session
            .consistency_timeout(CONSISTENCY_TIMEOUT);
        let left = Some(i64::from(self.ttl.seconds()));
        let changed = keys.iter().map(|it| (it.key.to_string(), left));
        let mut changed: Changed = changed.collect();
        let done = set_ttl(namespace, keys, self.ttl, timeout, reporter).await?;
        let (mut written, settled) = done;
        for key in &settled.deleted {
            changed.insert(key.to_string(), None);
        }
        let unreadable = settled.unreadable.iter().map(ToString::to_string);
        let reason = || "it is listed but could not be read".to_owned();
        written.failed.extend(unreadable.map(|key| (key, reason())));
        fixed.written = written.confirmed;
        fixed.vanished = settled.expired + settled.deleted.len();
        for key in written.failed.keys() {
            changed.remove(key.as_str());
        }
        fixed.failed = failures::of(written.failed);
        Ok((fixed, changed))
    }

    /// Says what is about to be rewritten, and where.
    fn announce(&self, keys: &[Listed]) {
        let count = quantity(keys.len(), "key");
        let ui = &self.context.ui;
        ui.status(&format!(
            "setting a TTL of {} on {count}: {}",
            self.ttl,
            self.keyspace.describe()
        ));
        for listed in keys.iter().take(SHOWN) {
            ui.status(&format!("  {}", quoted(listed.key.as_str())));
        }
        if keys.len() > SHOWN {
            ui.status("  …");
        }
    }
}

/// What was done about keys that must expire and do not.
#[derive(Debug, Serialize)]
pub(super) struct Fixed {
    dry_run: bool,
    /// What they were given, or would be.
    #[serde(rename = "ttl_seconds")]
    ttl: Ttl,
    /// How many there were.
    matched: usize,
    /// How many were written.
    written: usize,
    /// How many were gone before they could be read.
    vanished: usize,
    cost: Cost,
    /// The keys that could not be written.
    pub(super) failed: Vec<failures::Failed>,
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ttl, cost, .. } = self;
        if self.matched == 0 {
            return f.write_str("nothing to fix");
        }
        if self.dry_run {
            let keys = quantity(self.matched, "key");
            return write!(f, "dry run: would set a TTL of {ttl} on {keys}: {cost}");
        }
        write!(
            f,
            "set a TTL of {ttl} on {} of {}",
            self.written,
            quantity(self.matched, "key")
        )?;
        match self.vanished {
            0 => Ok(()),
            gone => write!(f, ", {gone} were gone"),
        }
    }
}
