//! PEM (RFC 7468), read block by block into memory that is wiped, since it may hold a private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

/// A block of PEM, and what follows it.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) content: Zeroizing<Vec<u8>>,
    pub(crate) rest: &'a str,
}

/// The block that `text` begins with. Headers, as encrypted keys have them, are refused.
pub(crate) fn block(text: &str) -> Option<Block<'_>> {
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let rest = rest.strip_prefix(label)?.strip_prefix("-----")?.trim_start();
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut content = Zeroizing::new(vec![0; base64.len() / 4 * 3]);
    let length = BASE64.decode_slice(&base64[..], &mut content).ok()?;
    content.truncate(length);
    Some(Block { label, content, rest })
}
