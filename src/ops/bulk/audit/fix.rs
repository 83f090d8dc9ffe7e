//! Setting a TTL on keys that must expire and do not.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use crate::{
    api::Namespace,
    domain::{Prefixes, Ttl},
    ops::bulk::{
        absent::{AbsentOutcome, AbsentRetry},
        read::{self, Listed, Reader},
        reporter::Reporter,
        run::{self, Run, Task},
        write::{self, Writer, Written},
    },
};

/// Why a fix did not reach its end.
pub type Error = run::Error<write::Error<read::Error>>;

const TASK: Task = Task {
    name: "fix",
    doing: "rewriting",
    item: "key",
};

/// Rewrites `keys` with a TTL. Returns what became of them, and of those that could not be read.
pub async fn set_ttl(
    namespace: Namespace<'_>,
    keys: Vec<Listed>,
    ttl: Ttl,
    timeout: Duration,
    reporter: &dyn Reporter,
) -> Result<(Written, AbsentOutcome), Error> {
    let reader = Reader::new(namespace);
    let all = Prefixes::default();
    let retry = AbsentRetry { timeout, reporter };
    let written = Run::without_journal(reporter, TASK)
        .carry_out(
            keys.len(),
            async |journal, count| {
                let numbered = reader.records_of(stream::iter([Ok(keys)]), |_| true);
                let numbered = numbered.chain(reader.late(&all, &retry));
                let writer = Writer::new(namespace).with_ttl(ttl);
                writer.write_all(numbered, journal, count).await
            },
            |_| true,
        )
        .await?;
    Ok((written, reader.absent_outcome()))
}
