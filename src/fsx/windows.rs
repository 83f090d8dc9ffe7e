//! Constants of Windows' `CreateFile`, as `winnt.h` and `winbase.h` give them, and its error codes.

/// `FILE_FLAG_BACKUP_SEMANTICS`: directories can be opened, too.
pub(super) const BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link at the end is opened itself.
pub(super) const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// `FILE_SHARE_READ | FILE_SHARE_WRITE`: what is open cannot be removed or renamed meanwhile.
pub(super) const SHARE_ALL_BUT_DELETE: u32 = 3;

/// `FILE_LIST_DIRECTORY`: the right to read a directory.
pub(super) const LIST_DIRECTORY: u32 = 1;

/// `DELETE`: the right to remove or rename.
pub(super) const DELETE: u32 = 0x0001_0000;

/// `ERROR_ACCESS_DENIED`: also what a file that another program has open answers to being replaced.
pub(super) const ACCESS_DENIED: i32 = 5;

/// `ERROR_SHARING_VIOLATION`: another program has it open, and does not share it.
pub(super) const SHARING_VIOLATION: i32 = 32;

/// `ERROR_LOCK_VIOLATION`: another program has locked it. Locks keep readers out on Windows.
pub(super) const LOCK_VIOLATION: i32 = 33;
