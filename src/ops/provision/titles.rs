//! Default titles of namespaces.

use crate::domain::{Binding, EnvName, Section, Title, TitleError};

/// The titles that belong to one binding of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titles {
    /// The title it should have.
    pub wanted: Title,
    /// The title that `wrangler deploy` would have given it, if that differs. Never adopted unasked:
    /// it may be another Worker's, since `app` and `STAGING_KV` make the same as `app-staging` and `KV`.
    pub deploy_form: Option<Title>,
    /// Titles that `wrangler kv namespace create` would have given it, in any project: never
    /// adopted unasked, since they may be another project's.
    pub bare: Vec<Title>,
}

impl Titles {
    /// Whether a namespace of this title may be meant: it is one of these, but for case and separators.
    pub fn is_near(&self, title: &str) -> bool {
        let mut all = [&self.wanted].into_iter().chain(&self.bare);
        all.any(|it| is_alike(it.as_str(), title))
    }
}

/// Whether titles are the same but for case and separators.
pub fn is_alike(a: &str, b: &str) -> bool {
    let folded = |title: &str| title.to_lowercase().replace(['_', ' '], "-");
    folded(a) == folded(b)
}

/// Returns the titles of `binding` by convention: `<worker>-<BINDING>`, in `previews`
/// `<worker>@previews-<BINDING>`. No Worker's name holds an `@`, so previews never share a namespace
/// with what is deployed.
pub fn conventional(
    worker: Option<&str>,
    section: &Section,
    binding: &Binding,
) -> Result<Titles, TitleError> {
    let environment = section.environment();
    if section.is_previews() {
        let worker = worker.or(environment.map(EnvName::as_str));
        let worker = worker.unwrap_or_default();
        return Ok(Titles {
            wanted: format!("{worker}@previews-{binding}").parse()?,
            deploy_form: None,
            bare: Vec::new(),
        });
    }
    let prefixed = environment.map(|env| format!("{env}-{binding}"));
    let Some(worker) = worker else {
        // Without a worker name there is nothing to tell projects apart by.
        let wanted = prefixed.unwrap_or_else(|| binding.to_string());
        return Ok(Titles {
            wanted: wanted.parse()?,
            deploy_form: None,
            bare: Vec::new(),
        });
    };
    let wanted: Title = format!("{worker}-{binding}").parse()?;
    let kebab = binding.as_str().to_lowercase().replace('_', "-");
    let deploy_form: Title = format!("{worker}-{kebab}").parse()?;
    let bare = std::iter::once(binding.to_string()).chain(prefixed);
    Ok(Titles {
        bare: bare
            .map(|title| title.parse())
            .collect::<Result<Vec<Title>, _>>()?
            .into_iter()
            .filter(|title| *title != wanted)
            .collect(),
        deploy_form: Some(deploy_form).filter(|title| *title != wanted),
        wanted,
    })
}

/// Returns the title of the preview twin of a namespace, as wrangler forms it.
pub fn preview(title: &Title) -> Result<Title, TitleError> {
    format!("{title}_preview").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(worker: Option<&str>, env: Option<&str>) -> (String, Option<String>, Vec<String>) {
        let section = Section::from(env.map(|e| e.parse().unwrap()));
        let binding = "RATE_LIMIT".parse().unwrap();
        let t = conventional(worker, &section, &binding).unwrap();
        (
            t.wanted.to_string(),
            t.deploy_form.map(|t| t.to_string()),
            t.bare.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn previews_have_titles_that_nothing_deployed_can_have() {
        let binding = "RATE_LIMIT".parse().unwrap();
        let live = Section::from("live".parse::<EnvName>().unwrap());
        let of = |worker: Option<&str>, section: &Section| {
            let titles = conventional(worker, &section.clone().previews(), &binding).unwrap();
            assert_eq!((titles.deploy_form, titles.bare), (None, vec![]));
            titles.wanted.to_string()
        };
        assert_eq!(of(Some("bio"), &Section::TOP), "bio@previews-RATE_LIMIT");
        assert_eq!(of(Some("bio-live"), &live), "bio-live@previews-RATE_LIMIT");
        assert_eq!(of(None, &live), "live@previews-RATE_LIMIT");
        assert_eq!(of(None, &Section::TOP), "@previews-RATE_LIMIT");
    }

    #[test]
    fn a_title_that_other_tools_give_is_near() {
        let binding = "RATE_LIMIT".parse().unwrap();
        let staging = Section::from("staging".parse::<EnvName>().unwrap());
        let titles = conventional(Some("bio-staging"), &staging, &binding).unwrap();
        for near in [
            "bio-staging-RATE_LIMIT",
            "bio-staging-rate-limit",
            "RATE_LIMIT",
            "rate limit",
            "staging-RATE_LIMIT",
        ] {
            assert!(titles.is_near(near), "{near}");
        }
        for other in [
            "bio-RATE_LIMIT",
            "bio-staging-RATE_LIMIT_preview",
            "RATE",
            "",
        ] {
            assert!(!titles.is_near(other), "{other}");
        }
    }

    #[test]
    fn the_worker_comes_first() {
        let bare = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            titles(Some("bio"), None),
            (
                "bio-RATE_LIMIT".into(),
                Some("bio-rate-limit".into()),
                bare(&["RATE_LIMIT"])
            )
        );
        assert_eq!(
            titles(Some("bio-staging"), Some("staging")),
            (
                "bio-staging-RATE_LIMIT".into(),
                Some("bio-staging-rate-limit".into()),
                bare(&["RATE_LIMIT", "staging-RATE_LIMIT"])
            )
        );
        assert_eq!(titles(None, None), ("RATE_LIMIT".into(), None, vec![]));
        assert_eq!(
            titles(None, Some("s")),
            ("s-RATE_LIMIT".into(), None, vec![])
        );
    }
}
