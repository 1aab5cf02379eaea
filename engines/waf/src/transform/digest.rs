//! `MD5` and `SHA256`: the raw bytes of the digest.

use std::borrow::Cow;

use md5::Digest as _;

pub(super) fn md5(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(md5::Md5::digest(input).to_vec())
}

pub(super) fn sha256(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(sha2::Sha256::digest(input).to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::TextTransformation;

    #[test]
    fn rfc_1321_and_fips_180() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let md5 = |text: &str| hex(&TextTransformation::Md5.apply(text.as_bytes()));
        assert_eq!(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
        let sha256 = hex(&TextTransformation::Sha256.apply(b"abc"));
        assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
