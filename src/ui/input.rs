//! Stdin as data.

use std::io::{self, Read, Write};

/// Reads `source` to its end; `None` if that is more than `limit` bytes away.
pub fn read_up_to(source: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Reads stdin to its end, on a thread of its own, so that Ctrl-C is heard meanwhile; `None` if
/// there are more than `limit` bytes.
pub async fn input(limit: usize) -> io::Result<Option<Vec<u8>>> {
    tokio::task::spawn_blocking(move || read_up_to(io::stdin().lock(), limit)).await?
}

/// Copies stdin to its end into `sink`, on a thread of its own, as [`input`] does.
pub async fn spool(mut sink: impl Write + Send + 'static) -> io::Result<u64> {
    tokio::task::spawn_blocking(move || {
        let copied = io::copy(&mut io::stdin().lock(), &mut sink)?;
        sink.flush()?;
        Ok(copied)
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_beyond_the_limit() {
        assert_eq!(read_up_to(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
        let mut endless = io::repeat(0);
        assert_eq!(read_up_to(&mut endless, 3).unwrap(), None);
    }
}
