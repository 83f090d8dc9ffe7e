//! The two languages of wrangler files.

use std::path::Path;

use super::{Error, Location, Position, jsonc, node::Node, toml};

/// The language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON with comments and trailing commas.
    Jsonc,
}

impl Format {
    /// Tells the language from a file name.
    ///
    /// `wrangler.toml.template` and `wrangler.json.example` are what they would be without their
    /// last part; the default is TOML.
    pub fn of(path: &Path) -> Self {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let format = |part: &str| match part {
            "toml" => Some(Self::Toml),
            "json" | "jsonc" => Some(Self::Jsonc),
            _ => None,
        };
        name.rsplit('.').find_map(format).unwrap_or(Self::Toml)
    }

    /// Reads `text` into a tree.
    pub(super) fn parse(self, path: &Path, text: &str) -> Result<Node, Error> {
        let refuse = |offset, message| Error::Syntax {
            at: Location {
                path: path.to_owned(),
                position: Position::of(text, offset),
            },
            message,
        };
        match self {
            Self::Toml => toml::parse(text).map_err(|error| {
                let offset = error.span().map_or(0, |span| span.start);
                refuse(offset, error.message().replace('\n', "; "))
            }),
            Self::Jsonc => {
                jsonc::parse(text).map_err(|refusal| refuse(refusal.offset, refusal.message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_language() {
        let cases = [
            ("wrangler.toml", Format::Toml),
            ("a.toml/wrangler.json", Format::Jsonc),
            ("wrangler.JSONC", Format::Jsonc),
            ("wrangler.toml.template", Format::Toml),
            ("wrangler.jsonc.example", Format::Jsonc),
            ("wrangler.json.toml.bak", Format::Toml),
            ("wrangler", Format::Toml),
        ];
        for (name, format) in cases {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
