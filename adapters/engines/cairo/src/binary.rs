//! Reads the parts that transactions and classes are encoded from; `adapters/cairo/binary.ts` writes them.

use starknet_types_core::felt::Felt;

/// What is wrong with bytes that are no encoding, or one that is too long.
#[derive(Debug, PartialEq, Eq)]
pub enum Malformed {
    Wrong(String),
    Oversized(String),
}

impl From<String> for Malformed {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

impl From<&str> for Malformed {
    fn from(problem: &str) -> Self {
        Self::Wrong(problem.into())
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wrong(problem) | Self::Oversized(problem) => f.write_str(problem),
        }
    }
}

/// Felts in the parts of a transaction, as Starknet's gateways have them (`adapters/cairo/limits.ts`): hashing goes by felts.
pub const MAX_SIGNATURE: usize = 4_000;
pub const MAX_CALLDATA: usize = 5_000;
pub const MAX_PROGRAM: usize = 81_920;

const PRIME: [u8; 32] = {
    let mut prime = [0; 32];
    prime[0] = 0x08;
    prime[7] = 0x11;
    prime[31] = 0x01;
    prime
};

pub struct Reader<'a> {
    all: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(all: &'a [u8], offset: usize) -> Self {
        Self { all, offset }
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.all.get(self.offset..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(|| format!("it is cut off at byte {}", self.all.len()))?;
        self.offset += count;
        Ok(taken)
    }

    /// Big-endian bytes of a number in its one encoding.
    fn digits(&mut self, most: usize, what: &str) -> Result<&'a [u8], Malformed> {
        let count = usize::from(self.take(1)?[0]);
        if count > most {
            return Err(format!("{what} is too large").into());
        }
        let digits = self.take(count)?;
        if digits.first() == Some(&0) {
            return Err(format!("{what} has a leading zero").into());
        }
        Ok(digits)
    }

    pub fn felt(&mut self, what: &str) -> Result<Felt, Malformed> {
        let digits = self.digits(32, what)?;
        if digits.len() == 32 && digits >= &PRIME[..] {
            return Err(format!("{what} is too large").into());
        }
        Ok(Felt::from_bytes_be_slice(digits))
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, Malformed> {
        Ok(self.digits(8, what)?.iter().fold(0, |value, digit| value << 8 | u64::from(*digit)))
    }

    pub fn u128(&mut self, what: &str) -> Result<u128, Malformed> {
        Ok(self.digits(16, what)?.iter().fold(0, |value, digit| value << 8 | u128::from(*digit)))
    }

    /// A length: every element has at least one byte.
    fn length(&mut self) -> Result<usize, Malformed> {
        let length = self.u64("a length")?;
        let rest = (self.all.len() - self.offset) as u64;
        if length > rest {
            return Err(format!("it is cut off at byte {}", self.all.len()).into());
        }
        Ok(length as usize)
    }

    pub fn list<T>(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.length()?;
        if length > most {
            return Err(Malformed::Oversized(format!("a list of {length} felts is longer than the {most} allowed")));
        }
        // Grows as it is read: an element may be larger in memory than here.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub fn felts(&mut self, most: usize, what: &str) -> Result<Vec<Felt>, Malformed> {
        self.list(most, |reader| reader.felt(what))
    }

    pub fn text(&mut self) -> Result<String, Malformed> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| "a text is not UTF-8".into())
    }

    pub fn end(&self) -> Result<(), Malformed> {
        match self.all.len() - self.offset {
            0 => Ok(()),
            rest => Err(format!("{rest} bytes follow its end").into()),
        }
    }
}
