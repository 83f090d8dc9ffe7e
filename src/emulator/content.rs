//! Values that are read as they are sent, so that long ones do not pile up where clients are slow.
//! Imports nothing of this crate.

use std::{
    fs::File,
    io::{self, Read as _},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;

/// The body of a request or of an answer.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Makes a body of bytes at hand.
pub(super) fn full_body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Makes a body that is sent as it arrives.
pub(super) fn stream_body(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(chunks.map_ok(Frame::data)).boxed_unsync()
}

/// How much is read at once.
const PIECE_BYTES: u64 = 64 * 1024;

/// The bytes of a value.
#[derive(Debug)]
pub(super) enum Content {
    /// At hand.
    Bytes(Bytes),
    /// In a file of its own, which is all there even if its name is gone by now.
    File(Source),
}

/// An open file that is read once, from its start.
#[derive(Clone, Debug)]
pub(super) struct Source {
    file: Arc<File>,
    length: u64,
}

/// The same file, opened at the same time.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }
}

impl Eq for Source {}

impl Source {
    /// Will send the first `length` bytes of `file`.
    pub(super) fn new(file: File, length: u64) -> Self {
        Self {
            file: Arc::new(file),
            length,
        }
    }

    /// Returns how many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads all of it.
    pub(super) fn read(&self) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        (&*self.file).take(self.length).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// Reads it piece by piece, each when the one before is on its way.
    pub(super) fn into_body(self) -> Body {
        let Self { file, length } = self;
        let pieces = stream::try_unfold(length, move |left| {
            let file = Arc::clone(&file);
            async move {
                if left == 0 {
                    return Ok::<_, io::Error>(None);
                }
                let read = move || {
                    let length = left.min(PIECE_BYTES);
                    let mut piece = Vec::new();
                    let read = (&*file).take(length).read_to_end(&mut piece)?;
                    // Somebody cut it short; the length was promised.
                    if read == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    Ok::<_, io::Error>(piece)
                };
                let piece = tokio::task::spawn_blocking(read).await??;
                let left = left - piece.len() as u64;
                Ok(Some((Bytes::from(piece), left)))
            }
        });
        stream_body(pieces)
    }
}
