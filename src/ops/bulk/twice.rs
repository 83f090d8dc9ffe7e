//! Reading the same thing twice: what was looked at the first time binds the second.
//!
//! A file is sealed by the checksum of its beginning up to the end of each block, and no byte of a
//! block is returned before that is verified; a directory is sealed record by record. So a change in between is detected before any
//! of it is sent.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sha2::{Digest as _, Sha256};

use crate::{domain::hex, formats::Input};

type Sum = [u8; 32];

/// How much of a file is checked at once, in bytes.
const BLOCK_BYTES: usize = 1 << 20;

/// The seal from the first read.
#[derive(Debug, Clone, Default)]
pub struct Seal {
    /// Of a file up to the end of each block, or of each record of a directory.
    parts: Arc<Vec<Sum>>,
}

/// Looks at something for the first time.
#[derive(Debug, Default)]
pub(super) struct Sealer {
    whole: Sha256,
    /// How many bytes are in the current block.
    filled: usize,
    parts: Vec<Sum>,
}

impl Sealer {
    /// Takes in bytes of a file.
    fn bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.whole.update(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == BLOCK_BYTES {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        self.parts.push(self.whole.clone().finalize().into());
        self.filled = 0;
    }

    /// Takes in a record of a directory.
    pub(super) fn record(&mut self, input: &Input) {
        let sum = sum(input);
        self.whole.update(sum);
        self.parts.push(sum);
    }

    /// Returns the seal, and the checksum of all of it.
    pub(super) fn finish(mut self) -> (Seal, String) {
        if self.filled > 0 {
            self.end_block();
        }
        let seal = Seal {
            parts: Arc::new(self.parts),
        };
        (seal, hex(&self.whole.finalize()))
    }
}

/// Looks at a file while it is read for the first time.
pub(super) struct Sealing<'a, R> {
    pub(super) input: &'a mut R,
    pub(super) sealer: &'a mut Sealer,
}

impl<R: Read> Sealing<'_, R> {
    /// Takes in what the reader left unread.
    pub(super) fn drain(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }
}

impl<R: Read> Read for Sealing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.sealer.bytes(&buffer[..count]);
        Ok(count)
    }
}

impl Seal {
    /// Whether the record that comes as number `number`, from 0, is the one that came so before.
    pub(super) fn admits(&self, number: usize, input: &Input) -> bool {
        self.parts.get(number) == Some(&sum(input))
    }
}

/// Tells whether what was read is not what was seen before.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed(Arc<AtomicBool>);

impl Changed {
    /// Whether it is so.
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads a file for the second time.
pub(super) struct Sealed<R> {
    input: R,
    seal: Seal,
    changed: Changed,
    /// Of all that was read.
    whole: Sha256,
    block: Vec<u8>,
    /// How much of the block was returned.
    given: usize,
    /// How many blocks were read.
    blocks: usize,
}

impl<R: Read> Sealed<R> {
    pub(super) fn new(input: R, seal: Seal, changed: Changed) -> Self {
        Self {
            input,
            seal,
            changed,
            whole: Sha256::new(),
            block: Vec::new(),
            given: 0,
            blocks: 0,
        }
    }

    fn next_block(&mut self) -> io::Result<()> {
        self.block.clear();
        self.given = 0;
        let most = BLOCK_BYTES as u64;
        self.input
            .by_ref()
            .take(most)
            .read_to_end(&mut self.block)?;
        self.whole.update(&self.block);
        let as_before = match self.seal.parts.get(self.blocks) {
            Some(before) => *before == Sum::from(self.whole.clone().finalize()),
            None => self.block.is_empty(),
        };
        if !as_before {
            self.block.clear();
            self.changed.0.store(true, Ordering::Relaxed);
            return Err(io::Error::other("it changed while it was read"));
        }
        self.blocks += 1;
        Ok(())
    }
}

impl<R: Read> Read for Sealed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() {
            self.next_block()?;
        }
        let left = &self.block[self.given..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Of all that is sent of a record.
fn sum(input: &Input) -> Sum {
    let Input {
        key,
        value,
        expiry,
        metadata,
        location: _,
    } = input;
    let metadata = metadata.as_ref().map(crate::domain::Metadata::as_json);
    let rest = format!("{:?}", (key.as_str(), expiry, metadata, value.len()));
    let mut sum = Sha256::new();
    sum.update((rest.len() as u64).to_be_bytes());
    sum.update(rest);
    sum.update(value);
    sum.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal(bytes: &[u8], read: usize) -> (Seal, String) {
        let mut sealer = Sealer::default();
        let mut input = bytes;
        let mut sealing = Sealing {
            input: &mut input,
            sealer: &mut sealer,
        };
        let mut some = vec![0; read];
        sealing.read_exact(&mut some).unwrap();
        sealing.drain().unwrap();
        sealer.finish()
    }

    fn again(bytes: &[u8], seal: Seal) -> Option<Vec<u8>> {
        let changed = Changed::default();
        let mut read = Vec::new();
        let result = Sealed::new(bytes, seal, changed.clone()).read_to_end(&mut read);
        assert_eq!(result.is_err(), changed.is_so());
        result.ok().map(|_| read)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_change_is_found_wherever_it_is(
            blocks in 0usize..3,
            more in 0usize..3,
            at in any::<prop::sample::Index>(),
        ) {
            let bytes = vec![7; blocks * BLOCK_BYTES + more];
            let (seal, sum) = seal(&bytes, more);
            prop_assert_eq!(sum, hex(&Sha256::digest(&bytes)));
            prop_assert_eq!(again(&bytes, seal.clone()), Some(bytes.clone()));
            prop_assert!(again(&[&bytes[..], b"x"].concat(), seal.clone()).is_none());
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                prop_assert!(again(&bytes[..at], seal.clone()).is_none());
                let mut other = bytes;
                other[at] = 8;
                prop_assert!(again(&other, seal).is_none());
            }
        }
    }

    #[test]
    fn nothing_of_a_block_that_changed_is_handed_out() {
        let bytes = vec![7; BLOCK_BYTES + 10];
        let (seal, _) = seal(&bytes, 0);
        let mut other = bytes.clone();
        other[BLOCK_BYTES + 9] = 8;
        let mut read = Vec::new();
        let mut sealed = Sealed::new(&other[..], seal, Changed::default());
        sealed.read_to_end(&mut read).unwrap_err();
        assert_eq!(read.len(), BLOCK_BYTES);
    }
}
