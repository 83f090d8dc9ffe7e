//! `kvctl doctor`: where each setting comes from, and what is broken. Continues after every problem.

mod report;
mod settings;

use std::sync::Arc;

use report::{DoctorReport, LocalStore};
use settings::Settings;

use crate::{
    commands::CheckFailed,
    config::Document,
    context::Context,
    domain::{Hint, Section, Suggestion, quantity},
    env,
    error::Result,
    ops::{
        health::{
            local::{installed_wrangler, stored_namespaces},
            service::examine,
        },
        latency::LatencyMeter,
    },
};

pub(super) async fn run(context: &Context) -> Result<()> {
    let wrangler = installed_wrangler(context.files.directory());
    let mut report = DoctorReport::new(env::platform(), wrangler, context.invocation());
    let settings = settings::collect(context, &mut report);
    let examined = if context.is_local() {
        local(context, settings.document.as_ref(), &mut report).await
    } else {
        remote(context, settings, &mut report).await
    };
    if let Err(error) = examined {
        let hint = context.is_local().then(|| {
            Hint::run(Suggestion::new("serve").sectionless())
                .text(" to see which file it is, or use another store with `--persist-to`")
        });
        report.fault(error.to_string(), hint);
    }
    let verdict = match report.faults() {
        0 => Ok(()),
        faults => Err(CheckFailed::new(format!("{} found", quantity(faults, "problem"))).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Asks the service; not, where a setting that this needs is broken.
async fn remote(context: &Context, settings: Settings, report: &mut DoctorReport) -> Result<()> {
    let Some(base) = settings.base else {
        return Ok(());
    };
    let meter = Arc::new(LatencyMeter::new(context.clock));
    let observer = Arc::clone(&meter);
    let client = context.probing_client(base, settings.credentials, observer)?;
    let health = examine(&client, settings.account, context.now()).await;
    report.service(health, meter.stats());
    if client.needed_system_trust() {
        report.only_system_trusts();
    }
    Ok(())
}

async fn local(
    context: &Context,
    document: Option<&Document>,
    report: &mut DoctorReport,
) -> Result<()> {
    let session = context.connect_at(document, Section::TOP, true).await?;
    let namespaces = stored_namespaces(&session.client, &session.account, context.now()).await?;
    report.local = Some(LocalStore::new(
        &context.files.local_directory(document),
        namespaces,
    ));
    Ok(())
}
