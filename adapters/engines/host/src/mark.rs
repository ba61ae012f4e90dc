//! Where the engine notes which entry it is about to execute, for whoever outlives this process.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;

/// Four bytes of an open file: the entry's place in its slice, big-endian.
pub struct Mark {
    file: File,
    offset: u64,
}

impl Mark {
    /// Keeps a descriptor of its own; an error when there is no open file behind `descriptor`.
    pub fn open(descriptor: i32, offset: u32) -> Result<Self> {
        if descriptor < 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "a descriptor isn't negative"));
        }
        // SAFETY: borrowed for this call only; `dup` refuses a number that is no open descriptor.
        let owned = unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()?;
        Ok(Self { file: File::from(owned), offset: u64::from(offset) })
    }

    /// Not synced: it has to survive the process, not the machine. What can't be noted must not change an outcome.
    pub fn entry(&self, place: u32) {
        let _ = self.file.write_all_at(&place.to_be_bytes(), self.offset);
    }
}
