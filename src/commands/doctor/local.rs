//! What is in the local store.

use super::report::{DoctorReport, Held, Local};
use crate::{
    config::Document,
    context::{Backend, Context},
    env,
    ops::usage::{Window, fetch, tabulate},
};

pub(super) async fn look(
    context: &Context,
    document: Option<&Document>,
    report: &mut DoctorReport,
) {
    match examine(context, document).await {
        Ok(local) => report.local = Some(local),
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            let hint = "`kvctl serve` says which file it is; keep the store elsewhere with \
                        `--persist-to`";
            report.broken_by(causes.join(": "), Some(hint.to_owned()));
        }
    }
}

async fn examine(context: &Context, document: Option<&Document>) -> anyhow::Result<Local> {
    let session = context.connect_at(document, None, true).await?;
    let Backend::Local(directory) = &session.place else {
        anyhow::bail!("the local store is not local");
    };
    let window = Window::new(env::now(), 1);
    let (datasets, titles) = fetch(&session.client, &session.account, window).await?;
    let usage = tabulate(window, &datasets, &titles);
    let namespaces = usage.namespaces.into_iter().map(|namespace| {
        let stored = namespace.stored().map(|(_, stored)| stored);
        Held {
            keys: stored.map_or(0, |it| it.keys),
            bytes: stored.map_or(0, |it| it.bytes),
            id: namespace.id,
            title: namespace.title,
        }
    });
    Ok(Local {
        exists: directory.is_dir(),
        directory: directory.clone(),
        namespaces: namespaces.collect(),
    })
}
