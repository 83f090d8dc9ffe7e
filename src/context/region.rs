//! Which of Cloudflare's networks the account is on, and so which host is asked.

use super::Context;
use crate::{
    api::BaseUrl,
    config::{self, Document, Located, Location},
    domain::{
        Classification, Classify, ComplianceRegion, ComplianceRegionError, ErrorClass, Section,
    },
    env::Var,
    error::Result,
};

/// The base URL, and what it follows from.
#[derive(Debug)]
pub struct ChosenBaseUrl {
    /// The URL.
    pub url: BaseUrl,
    /// The variable that sets it, if one does.
    pub variable: Option<Var>,
    /// The region, if one is named and decides.
    pub region: Option<NamedRegion>,
}

/// A region, and where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRegion {
    /// The region.
    pub region: ComplianceRegion,
    /// Where it is named.
    pub by: String,
}

/// Why no region can be told, and so no host is asked.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// The variable's value.
    #[error("{by} is invalid")]
    Variable {
        /// The variable, and the env file that sets it.
        by: String,
        /// Why.
        source: ComplianceRegionError,
    },
    /// The file's value.
    #[error("{place}: `compliance_region` is invalid")]
    File {
        /// Where.
        place: Location,
        /// Why.
        source: ComplianceRegionError,
    },
    /// Two places that name different regions.
    #[error("{} is {}, but {} is {}", file.by, file.region, variable.by, variable.region)]
    Disagree {
        /// The file's.
        file: Box<NamedRegion>,
        /// The variable's.
        variable: Box<NamedRegion>,
    },
    /// Sections on different networks.
    #[error("the selected sections are in different compliance regions")]
    Sections,
}

impl Classify for RegionError {
    fn classify(&self) -> Classification {
        match self {
            Self::Variable { .. } => ErrorClass::Usage.into(),
            Self::File { .. } => ErrorClass::Config.into(),
            Self::Disagree { .. } => {
                ErrorClass::Refused.hint("make them agree, or remove one of them")
            }
            Self::Sections => ErrorClass::Refused.hint("select one section with `--env NAME`"),
        }
    }
}

/// A file that may name the region or the address cannot be read, so that no host is asked: it might
/// be that of another network.
#[derive(Debug, thiserror::Error)]
#[error("no request was sent: {file} cannot be used, and may name another compliance region")]
pub struct UnknownRegion {
    /// The file.
    file: &'static str,
}

impl Classify for UnknownRegion {
    fn classify(&self) -> Classification {
        ErrorClass::Config.hint("correct the file first")
    }
}

impl Context {
    /// Ensures that nothing is asked where it is not known which network the account is on: `file` is
    /// why the wrangler file cannot be used. A variable of the process decides in any case.
    pub fn check_region_is_known(&self, file: Option<&config::Error>) -> Result<(), UnknownRegion> {
        let base = self.variables.first([Var::BaseUrl, Var::LegacyBaseUrl]);
        let region = self.variables.get(Var::ComplianceRegion);
        let file = match file {
            _ if base.is_some() => return Ok(()),
            _ if self.variables.error().is_some() => "an env file",
            None | Some(config::Error::NotFound { .. }) => return Ok(()),
            Some(_) if region.is_some() => return Ok(()),
            Some(_) => "the wrangler file",
        };
        Err(UnknownRegion { file })
    }

    /// Returns the base URL: what the variable says, else the host of the region.
    pub fn base_url(
        &self,
        document: Option<&Document>,
        sections: &[Section],
    ) -> Result<ChosenBaseUrl> {
        if let Some((url, variable)) = self.variables.base_url()? {
            return Ok(ChosenBaseUrl {
                url,
                variable: Some(variable),
                region: None,
            });
        }
        let region = self.region(document, sections)?;
        let host = region.as_ref().map(|it| it.region).unwrap_or_default();
        Ok(ChosenBaseUrl {
            url: BaseUrl::of_region(host).parse()?,
            variable: None,
            region,
        })
    }

    /// Returns the region that the variable or the file names. They must agree, as for wrangler.
    fn region(
        &self,
        document: Option<&Document>,
        sections: &[Section],
    ) -> Result<Option<NamedRegion>, RegionError> {
        let in_file = |section: &Section| match document {
            Some(document) => region_in(document, section),
            None => Ok(None),
        };
        let named: Result<Vec<_>, _> = sections.iter().map(in_file).collect();
        let named = named?;
        let region = |it: &Option<NamedRegion>| it.as_ref().map(|it| it.region).unwrap_or_default();
        if named
            .windows(2)
            .any(|pair| region(&pair[0]) != region(&pair[1]))
        {
            return Err(RegionError::Sections);
        }
        let in_file = named.into_iter().flatten().next();
        let Some(text) = self.variables.get(Var::ComplianceRegion) else {
            return Ok(in_file);
        };
        let by = self.variables.origin(Var::ComplianceRegion);
        let variable = match text.parse() {
            Ok(region) => NamedRegion { region, by },
            Err(source) => return Err(RegionError::Variable { by, source }),
        };
        match in_file {
            Some(file) if file.region != variable.region => Err(RegionError::Disagree {
                file: Box::new(file),
                variable: Box::new(variable),
            }),
            _ => Ok(Some(variable)),
        }
    }
}

/// Returns the region that the file names for a section: its own, else that of the top level.
fn region_in(document: &Document, section: &Section) -> Result<Option<NamedRegion>, RegionError> {
    let set = document.project().compliance_region(section);
    let Some(Located { value, position }) = set else {
        return Ok(None);
    };
    let place = Location {
        path: document.path().to_owned(),
        position: *position,
    };
    match value.parse() {
        Ok(region) => Ok(Some(NamedRegion {
            region,
            by: format!("{place}: `compliance_region`"),
        })),
        Err(source) => Err(RegionError::File { place, source }),
    }
}
