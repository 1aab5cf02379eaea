//! The little DER that the crate reads and writes itself: SubjectPublicKeyInfo, PKCS#8 and CMS
//! envelopes.
//!
//! Reading is strict (definite minimal lengths, exact tags) and never panics; anything else is
//! `None`. Certificates are left to x509-parser.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, primitive (an IMPLICIT tag over a simple type).
pub(crate) const CONTEXT_0: u8 = 0x80;
/// `[0]`, constructed (an EXPLICIT tag).
pub(crate) const CONTEXT_0_CONSTRUCTED: u8 = 0xa0;
/// `[1]`, constructed.
pub(crate) const CONTEXT_1_CONSTRUCTED: u8 = 0xa1;

/// A cursor over concatenated DER elements.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next element's content, if its tag is `tag`.
    pub(crate) fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        if found != tag {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x83 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                let length = bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b));
                let minimal = length > 0x7f && bytes.first() != Some(&0);
                minimal.then_some(length)?
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// Whatever has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// `Some` if everything has been read.
    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// One element: `tag`, length, and the concatenated `parts`.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let skip = bytes.iter().take_while(|b| **b == 0).count();
        out.push(0x80 | (bytes.len() - skip) as u8);
        out.extend_from_slice(&bytes[skip..]);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// SubjectPublicKeyInfo (RFC 5280) of a raw `key` under an AlgorithmIdentifier without parameters.
pub(crate) fn spki(oid: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &[&element(OID, &[oid])]);
    element(SEQUENCE, &[&algorithm, &element(BIT_STRING, &[&[0], key])])
}

/// Splits a SubjectPublicKeyInfo into the AlgorithmIdentifier's OID, its parameters' DER, and the
/// key.
pub(crate) fn split_spki(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut outer = Reader::new(der);
    let mut info = Reader::new(outer.read(SEQUENCE)?);
    outer.end()?;
    let mut algorithm = Reader::new(info.read(SEQUENCE)?);
    let oid = algorithm.read(OID)?;
    let bits = info.read(BIT_STRING)?;
    info.end()?;
    let (&unused, key) = bits.split_first()?;
    (unused == 0).then_some((oid, algorithm.rest(), key))
}

/// Splits a PKCS#8 PrivateKeyInfo (RFC 5208, or RFC 5958 with attributes and public key ignored)
/// into the algorithm's OID and the private key octets.
pub(crate) fn split_pkcs8(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader::new(der);
    let mut info = Reader::new(outer.read(SEQUENCE)?);
    outer.end()?;
    let version = info.read(INTEGER)?;
    if version != [0] && version != [1] {
        return None;
    }
    let oid = Reader::new(info.read(SEQUENCE)?).read(OID)?;
    Some((oid, info.read(OCTET_STRING)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_round_trip() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let der = element(OCTET_STRING, &[&content]);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.read(OCTET_STRING), Some(&content[..]), "{length}");
            assert_eq!(reader.end(), Some(()));
        }
    }

    #[test]
    fn sloppy_lengths_are_refused() {
        for bad in [&[4u8, 0x80, 0, 0][..], &[4, 0x81, 1, 9], &[4, 0x82, 0, 0x80], &[4, 5, 1], &[4]]
        {
            assert_eq!(Reader::new(bad).read(OCTET_STRING), None, "{bad:x?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = split_spki(&bytes);
            let _ = split_pkcs8(&bytes);
        }
    }
}
