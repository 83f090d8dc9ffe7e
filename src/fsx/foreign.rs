//! Whose a file is.

use std::fs::Metadata;

/// Returns the user that a file belongs to, if that is neither the one who runs this program nor
/// root: what such a file says is somebody else's wish.
#[cfg(unix)]
pub fn foreign_owner(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    foreign(metadata.uid(), rustix::process::geteuid().as_raw())
}

/// Files have no such owner here.
#[cfg(not(unix))]
pub fn foreign_owner(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(any(unix, test))]
fn foreign(owner: u32, me: u32) -> Option<u32> {
    (owner != me && owner != 0).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_runs_the_program_and_root_are_not_foreign() {
        assert_eq!(foreign(1000, 1000), None);
        assert_eq!(foreign(0, 1000), None);
        assert_eq!(foreign(1001, 1000), Some(1001));
        assert_eq!(foreign(1000, 0), Some(1000));
        let own = tempfile::tempfile().unwrap();
        assert_eq!(foreign_owner(&own.metadata().unwrap()), None);
    }
}
