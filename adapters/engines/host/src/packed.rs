//! Packed formats: keys and values as a store keeps them, and lists of byte strings. Integers are big-endian.

use std::fmt::{self, Display};

/// What is wrong with packed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

pub type Result<T> = std::result::Result<T, Malformed>;

const ABSENT: u32 = u32::MAX;

/// Appends a key with its u16 length.
pub fn write_key(out: &mut Vec<u8>, key: &[u8]) {
    out.extend_from_slice(&(key.len() as u16).to_be_bytes());
    out.extend_from_slice(key);
}

/// Appends a value with its u32 length, or the mark of an absent one.
pub fn write_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => out.extend_from_slice(&ABSENT.to_be_bytes()),
        Some(value) => {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            out.extend_from_slice(value);
        }
    }
}

/// The byte strings of a list, each after its u32 length.
pub fn list(bytes: &[u8]) -> Result<Vec<&[u8]>> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    while !reader.is_done() {
        items.push(reader.value()?.ok_or(Malformed("an absent byte string in a list"))?);
    }
    Ok(items)
}

/// Reads packed bytes from front to back.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn key(&mut self) -> Result<&'a [u8]> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(usize::from(length))
    }

    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        let length = u32::from_be_bytes(self.array()?);
        if length == ABSENT {
            return Ok(None);
        }
        self.take(length as usize).map(Some)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        if self.rest.len() < length {
            return Err(Malformed("packed bytes end in the middle of a field"));
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }
}
