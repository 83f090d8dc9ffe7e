//! An error in words: what was asked, what came back, and Cloudflare's name for the request.

use std::fmt;

use reqwest::StatusCode;

use super::{Error, ErrorKind, Expected, tls};
use crate::{domain::quantity, wire::Message};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            kind,
            attempts,
            ..
        } = self;
        match &**kind {
            ErrorKind::Refused { .. } => write_refusal(f, self)?,
            ErrorKind::Unreachable(e) if e.is_timeout() => write!(f, "{request} timed out")?,
            ErrorKind::Silent => write!(f, "{request} timed out")?,
            ErrorKind::Unreachable(e) if e.is_connect() && tls::fault(e).is_some() => {
                write!(f, "{request} could not establish an HTTPS connection")?;
            }
            ErrorKind::Unreachable(e) if e.is_connect() => {
                write!(f, "{request} could not connect")?;
            }
            ErrorKind::Unreachable(_) => write!(f, "{request} lost its connection")?,
            ErrorKind::Malformed {
                status,
                expected,
                received,
                ray,
            } => {
                let status = Status(*status);
                write!(
                    f,
                    "{request} was answered ({status}), but not with {expected}: {received}"
                )?;
                write_ray(f, ray.as_deref())?;
            }
            ErrorKind::Inconsistent(what) => {
                write!(f, "inconsistent response to {request}: {what}")?;
            }
            ErrorKind::TooLong { status, limit, ray } => {
                let (status, limit) = (Status(*status), quantity(limit, "byte"));
                write!(
                    f,
                    "{request} was answered ({status}) with more than {limit}, the limit of such a \
                     response"
                )?;
                write_ray(f, ray.as_deref())?;
            }
            ErrorKind::Unanswered { errors, ray } => {
                write!(f, "the analytics API rejected {request}")?;
                for (i, error) in errors.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { ": " } else { "; " }, error.message)?;
                }
                write_ray(f, ray.as_deref())?;
            }
            ErrorKind::PaginationLoop => write!(f, "pagination loop in {request}")?,
        }
        if let Some(prefix) = &self.prefix {
            write!(f, ", for the prefix `{prefix}`")?;
        }
        write_source(f, self)?;
        if *attempts > 1 {
            write!(f, ", after {attempts} attempts")?;
        }
        Ok(())
    }
}

fn write_refusal(f: &mut fmt::Formatter<'_>, error: &Error) -> fmt::Result {
    let Error { request, kind, .. } = error;
    let ErrorKind::Refused {
        status,
        errors,
        received,
        ray,
        retry_after,
        ..
    } = &**kind
    else {
        return Ok(());
    };
    if error.local {
        f.write_str("the local store refused the request")?;
    } else {
        write!(f, "the API refused {request} ({})", Status(*status))?;
    }
    for (i, error) in errors.iter().enumerate() {
        write!(
            f,
            "{}{}",
            if i == 0 { ": " } else { "; " },
            MessageText(error)
        )?;
    }
    match received {
        Some(received) => write!(f, " with {received}")?,
        None if errors.is_empty() => f.write_str(" without giving a reason")?,
        None => {}
    }
    if let Some(wait) = retry_after {
        write!(f, ", retry after {} s", wait.as_secs())?;
    }
    if error.local {
        return Ok(());
    }
    write_ray(f, ray.as_deref())
}

/// Says which credentials were denied.
fn write_source(f: &mut fmt::Formatter<'_>, error: &Error) -> fmt::Result {
    match &error.source {
        Some(source) if error.is_denial() => write!(f, "; sent with {}", source.name),
        _ => Ok(()),
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Envelope => "the documented JSON",
            Self::Confirmation => "a confirmation",
            Self::Value => "the value",
            Self::Analytics => "analytics",
        })
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

/// How many characters of a message are shown.
const MESSAGE_MAX_CHARS: usize = 500;

/// One message with its code and what led to it.
struct MessageText<'a>(&'a Message);

impl fmt::Display for MessageText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message {
            code,
            message,
            error_chain,
        } = self.0;
        match message.char_indices().nth(MESSAGE_MAX_CHARS) {
            None => f.write_str(message)?,
            Some((end, _)) => write!(f, "{}…", &message[..end])?,
        }
        if let Some(code) = code {
            write!(f, " [code {code}]")?;
        }
        for cause in error_chain {
            write!(f, " ({})", MessageText(cause))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::Method;

    use super::*;
    use crate::{
        api::{CredentialsSource, error::RequestLine},
        domain::Classify as _,
    };

    fn refused(status: u16, code: Option<u32>, login_command: Option<&str>) -> Error {
        let request = RequestLine {
            method: Method::GET,
            path: "accounts".to_owned(),
        };
        let errors = code.map(|code| Message {
            code: Some(code),
            message: "no".to_owned(),
            error_chain: Vec::new(),
        });
        let kind = ErrorKind::Refused {
            status: StatusCode::from_u16(status).unwrap(),
            errors: errors.into_iter().collect(),
            received: None,
            ray: None,
            retry_after: None,
            renewed_in: None,
            challenged: false,
            is_final: false,
        };
        let source = CredentialsSource {
            name: "THE SOURCE".to_owned(),
            login_command: login_command.map(str::to_owned),
            is_key: false,
        };
        Error {
            source: Some(Arc::new(source)),
            ..Error::new(request, kind)
        }
    }

    #[test]
    fn a_denial_says_what_was_sent_and_nothing_else_does() {
        let denials = [
            (401, None),
            (403, None),
            (401, Some(10_000)),
            (403, Some(10_000)),
            (400, Some(6003)),
            (400, Some(9109)),
            (200, Some(10_000)),
        ];
        for (status, code) in denials {
            let said = refused(status, code, None).to_string();
            assert!(said.ends_with("; sent with THE SOURCE"), "{said}");
        }
        for (status, code) in [
            (404, None),
            (404, Some(10_007)),
            (500, None),
            (429, None),
            (400, Some(10_014)),
        ] {
            let said = refused(status, code, None).to_string();
            assert!(!said.contains("THE SOURCE"), "{said}");
        }
    }

    #[test]
    fn a_login_is_renewed_and_a_token_is_checked() {
        let hint = |command| refused(401, None, command).hint().unwrap().to_string();
        assert!(hint(None).contains("that the token is valid"));
        assert!(hint(Some("wrangler auth create a")).contains("`wrangler auth create a`"));
        let mut with_key = refused(401, None, None);
        with_key.source = Some(Arc::new(CredentialsSource {
            name: "CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL".to_owned(),
            login_command: None,
            is_key: true,
        }));
        let said = with_key.hint().unwrap().to_string();
        assert!(
            said.starts_with("check that the key and the email belong"),
            "{said}"
        );
    }
}
