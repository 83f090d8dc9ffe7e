//! `kvctl namespace …`.

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, Subcommand, builder::NonEmptyStringValueParser};

use super::{
    duration,
    key::{NamespaceArgs, PreviewArgs},
};
use crate::domain::{Binding, Jurisdiction, Suggestion, Title};

/// The commands under `namespace`.
#[derive(Debug, Subcommand)]
pub enum NamespaceCommand {
    /// List the namespaces of the account
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Create a namespace
    Create(CreateArgs),
    /// Show one namespace
    Get(GetArgs),
    /// Rename a namespace; its id and keys are kept
    Rename(RenameArgs),
    /// Delete a namespace and all its keys
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
}

/// List the namespaces of the account
#[derive(Debug, Args)]
#[command(after_help = "\
If stdout is no terminal, a namespace is a line of columns, separated by tabs: id, title.")]
pub struct ListArgs {}

/// Create a namespace
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Title of the new namespace
    pub title: Title,

    /// Jurisdiction of its data, permanently: eu, fedramp or us
    #[arg(long, value_name = "NAME")]
    pub jurisdiction: Option<Jurisdiction>,

    /// Succeed if a namespace with this title exists
    #[arg(long)]
    pub adopt: bool,

    /// What wrangler's command takes besides.
    #[command(flatten)]
    pub elsewhere: CreateElsewhereArgs,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of wrangler's command that change the wrangler file, or the title. They are answered with the
/// command that does so here.
#[derive(Debug, Args)]
pub struct CreateElsewhereArgs {
    /// Binding to write.
    #[arg(short, long, hide = true)]
    pub binding: Option<Binding>,

    /// Whether to write one.
    #[arg(long, alias = "use-remote", hide = true)]
    pub update_config: bool,

    /// Whether the title is that of a preview.
    #[arg(long, hide = true)]
    pub preview: bool,

    /// Whether it is not.
    #[arg(long, hide = true)]
    pub no_preview: bool,
}

impl CreateArgs {
    /// Returns the command that does what wrangler's does with these arguments, where that is another one.
    pub fn instead(&self) -> Option<Suggestion> {
        let CreateElsewhereArgs {
            binding,
            update_config,
            preview,
            no_preview: _,
        } = &self.elsewhere;
        let title = &self.title;
        if binding.is_none() && !update_config {
            let title = preview.then(|| format!("{title}_preview"))?;
            return Some(Suggestion::new("namespace create").arg(title).sectionless());
        }
        let name = binding.as_ref().map_or("BINDING", Binding::as_str);
        let provision = Suggestion::new("provision").arg(format!("{name}={title}"));
        let provision = if binding.is_some() {
            provision
        } else {
            provision.as_example()
        };
        Some(if *preview {
            provision.option("--preview", "separate")
        } else {
            provision
        })
    }
}

/// Show one namespace
#[derive(Debug, Args)]
#[command(after_help = "Default: the only binding of the wrangler file.")]
pub struct GetArgs {
    /// Title of the namespace
    #[arg(value_name = "TITLE", group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub title: Option<String>,

    /// Which one.
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// Rename a namespace; its id and keys are kept
#[derive(Debug, Args)]
#[command(
    override_usage = "kvctl namespace rename [OPTIONS] <TITLE> <NEW_TITLE>\n       \
                      kvctl namespace rename [OPTIONS] <-n|-b|--namespace-id> --to <NEW_TITLE>"
)]
pub struct RenameArgs {
    /// Which one.
    #[command(flatten)]
    pub selector: SelectorArgs,

    /// New title
    #[arg(value_name = "NEW_TITLE", required_unless_present = "to")]
    pub new_title: Option<Title>,

    /// New title
    #[arg(
        long,
        alias = "new-name",
        value_name = "NEW_TITLE",
        conflicts_with = "new_title"
    )]
    pub to: Option<Title>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// Delete a namespace and all its keys
#[derive(Debug, Args)]
#[command(override_usage = "kvctl namespace delete [OPTIONS] <TITLE>")]
pub struct DeleteArgs {
    /// Which one.
    #[command(flatten)]
    pub selector: SelectorArgs,

    /// Same as --yes
    #[arg(short, long, hide = true)]
    pub force: bool,

    /// Export all records to this file first; its extension sets the format
    #[arg(long, value_name = "FILE")]
    pub backup: Option<PathBuf>,

    /// How long to retry keys that are listed but cannot be read
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "60s",
        requires = "backup",
        value_parser = duration::up_to_10m
    )]
    pub consistency_timeout: Duration,

    /// Title of the namespace, to confirm; required if kvctl.toml protects it
    #[arg(long, value_name = "TITLE")]
    pub confirm: Option<String>,

    /// Show what would change without writing
    #[arg(long)]
    pub dry_run: bool,
}

/// One namespace, named in one way at most; on a terminal it can be chosen from a list.
#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("selector").multiple(false)))]
pub struct SelectorArgs {
    /// Title of the namespace
    #[arg(value_name = "TITLE", group = "selector", value_parser = NonEmptyStringValueParser::new())]
    pub title: Option<String>,

    /// Title of the namespace
    #[arg(short, long, value_name = "TITLE", group = "selector", value_parser = NonEmptyStringValueParser::new())]
    pub namespace: Option<String>,

    /// Id of the namespace; needs no wrangler file
    #[arg(long, value_name = "ID", group = "selector")]
    pub namespace_id: Option<String>,

    /// Binding in the wrangler file, in the environment selected by --env
    #[arg(short, long, value_name = "NAME", group = "selector")]
    pub binding: Option<Binding>,

    /// Which id of the binding.
    #[command(flatten)]
    pub preview: PreviewArgs,
}
