//! Multipart forms. Imports nothing of this crate but its siblings.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use multer::Multipart;

use crate::emulator::{field::Field, request::Request};

/// Returns the media type of a body that is a form.
pub(super) fn form(request: &Request) -> Option<Field> {
    let kind = request.headers.get(CONTENT_TYPE)?;
    let kind = Field::read(kind.as_bytes());
    (kind.word == "multipart/form-data").then_some(kind)
}

/// Reads the parts of a form that are called `names`; the last of a name counts. Others are
/// skipped.
pub(super) async fn parts<const N: usize>(
    kind: &Field,
    request: &Request,
    names: [&str; N],
) -> Result<[Option<Bytes>; N], multer::Error> {
    let boundary = kind.parameter("boundary").unwrap_or_default();
    let body = stream::iter([Ok::<_, Infallible>(request.body.clone())]);
    let mut form = Multipart::new(body, boundary);
    let mut found = [const { None }; N];
    while let Some(part) = form.next_field().await? {
        let disposition = part.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.map(|it| Field::read(it.as_bytes()));
        let name = disposition.as_ref().and_then(|it| it.parameter("name"));
        let place = names.iter().position(|wanted| Some(*wanted) == name);
        let bytes = part.bytes().await?;
        if let Some(place) = place {
            found[place] = Some(bytes);
        }
    }
    Ok(found)
}
