//! Paths of half-bytes, one per byte of the slice.

/// Splits bytes into half-bytes, the high one first.
pub fn from_bytes(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect()
}

/// How many half-bytes two paths share at their start.
pub fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// The hex-prefix encoding of the yellow paper: a flag for leaves, a flag for odd lengths, then the path.
pub fn hex_prefix(path: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 0x20 } else { 0x00 };
    let odd = path.len() % 2;
    let mut bytes = Vec::with_capacity(path.len() / 2 + 1);
    bytes.push(if odd == 1 { flag | 0x10 | path[0] } else { flag });
    bytes.extend(path[odd..].chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
    bytes
}
