//! An error in words: what was asked, what came back, and Cloudflare's name for the request.

use std::fmt;

use reqwest::StatusCode;

use super::{Error, Kind};
use crate::wire::Message;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            kind,
            attempts,
        } = self;
        match &**kind {
            Kind::Refused {
                status,
                errors,
                excerpt,
                ray,
                retry_after,
                ..
            } => {
                write!(f, "the API refused {request} ({})", Status(*status))?;
                for (i, error) in errors.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { ": " } else { "; " }, Said(error))?;
                }
                if errors.is_empty() && excerpt.is_none() {
                    f.write_str(" without giving a reason")?;
                }
                write_excerpt(f, excerpt.as_deref())?;
                if let Some(wait) = retry_after {
                    write!(f, ", asking to wait {} s", wait.as_secs())?;
                }
                write_ray(f, ray.as_deref())?;
            }
            Kind::Unreachable(e) if e.is_timeout() => write!(f, "{request} got no answer in time")?,
            Kind::Unreachable(e) if e.is_connect() => write!(f, "{request} could not connect")?,
            Kind::Unreachable(_) => write!(f, "{request} lost its connection")?,
            Kind::Malformed {
                status,
                excerpt,
                ray,
                ..
            } => {
                write!(
                    f,
                    "{request} was answered ({}) with something other than the API's JSON",
                    Status(*status)
                )?;
                write_excerpt(f, Some(excerpt))?;
                write_ray(f, ray.as_deref())?;
            }
            Kind::Unanswered { errors, ray } => {
                write!(f, "the analytics did not answer {request}")?;
                for (i, error) in errors.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { ": " } else { "; " }, error.message)?;
                }
                write_ray(f, ray.as_deref())?;
            }
            Kind::Circular => write!(f, "the list of {request} goes round in a circle")?,
        }
        if *attempts > 1 {
            write!(f, ", after {attempts} attempts")?;
        }
        Ok(())
    }
}

fn write_excerpt(f: &mut fmt::Formatter<'_>, excerpt: Option<&str>) -> fmt::Result {
    match excerpt {
        None => Ok(()),
        Some("") => f.write_str(" and an empty body"),
        Some(text) => write!(f, ": `{text}`"),
    }
}

fn write_ray(f: &mut fmt::Formatter<'_>, ray: Option<&str>) -> fmt::Result {
    ray.map_or(Ok(()), |ray| write!(f, ", cf-ray {ray}"))
}

/// A status, with its name if it has one: those of Cloudflare's own have none.
struct Status(StatusCode);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_u16())?;
        let name = self.0.canonical_reason();
        name.map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

/// One message with its code and what led to it.
struct Said<'a>(&'a Message);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message {
            code,
            message,
            error_chain,
        } = self.0;
        f.write_str(message)?;
        if let Some(code) = code {
            write!(f, " [code {code}]")?;
        }
        for cause in error_chain {
            write!(f, " ({})", Said(cause))?;
        }
        Ok(())
    }
}
