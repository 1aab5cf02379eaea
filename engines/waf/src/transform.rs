//! Text transformations: one file each, or each family, with its vectors beside it. They are pure, never fail, and never make more than three
//! times their input (`UTF8_TO_UNICODE` turns two bytes into six), so that a chain of them is bounded.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html>

mod ascii_case;
mod base64_decode;
mod cmd_line;
mod comments;
mod css_decode;
mod digest;
mod escape_seq;
mod hex;
mod html_entity;
mod js_decode;
mod normalize_path;
mod nulls;
mod url_decode;
mod utf8_to_unicode;
mod whitespace;

use std::borrow::Cow;

use serde::Deserialize;

/// A text transformation by AWS's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(
    missing_docs,
    reason = "the names are AWS's; each file of this module says what its transformations do"
)]
pub enum TextTransformation {
    None,
    CompressWhiteSpace,
    HtmlEntityDecode,
    Lowercase,
    CmdLine,
    UrlDecode,
    #[serde(rename = "BASE64_DECODE")]
    Base64Decode,
    HexDecode,
    #[serde(rename = "MD5")]
    Md5,
    ReplaceComments,
    EscapeSeqDecode,
    SqlHexDecode,
    CssDecode,
    JsDecode,
    NormalizePath,
    NormalizePathWin,
    RemoveNulls,
    ReplaceNulls,
    #[serde(rename = "BASE64_DECODE_EXT")]
    Base64DecodeExt,
    UrlDecodeUni,
    #[serde(rename = "UTF8_TO_UNICODE")]
    Utf8ToUnicode,
    RemoveWhitespace,
    Trim,
    TrimLeft,
    TrimRight,
    RemoveCommentsChar,
    Uppercase,
    CmdLineWin,
    CmdLineUnix,
    JsDecodeExt,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl TextTransformation {
    /// Every one, in the order of the API model.
    pub const ALL: [Self; 31] = [
        Self::None,
        Self::CompressWhiteSpace,
        Self::HtmlEntityDecode,
        Self::Lowercase,
        Self::CmdLine,
        Self::UrlDecode,
        Self::Base64Decode,
        Self::HexDecode,
        Self::Md5,
        Self::ReplaceComments,
        Self::EscapeSeqDecode,
        Self::SqlHexDecode,
        Self::CssDecode,
        Self::JsDecode,
        Self::NormalizePath,
        Self::NormalizePathWin,
        Self::RemoveNulls,
        Self::ReplaceNulls,
        Self::Base64DecodeExt,
        Self::UrlDecodeUni,
        Self::Utf8ToUnicode,
        Self::RemoveWhitespace,
        Self::Trim,
        Self::TrimLeft,
        Self::TrimRight,
        Self::RemoveCommentsChar,
        Self::Uppercase,
        Self::CmdLineWin,
        Self::CmdLineUnix,
        Self::JsDecodeExt,
        Self::Sha256,
    ];

    /// The transformed text; the input itself where nothing changes.
    pub fn apply(self, input: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::None => Cow::Borrowed(input),
            Self::CompressWhiteSpace => whitespace::compress(input),
            Self::HtmlEntityDecode => html_entity::decode(input),
            Self::Lowercase => ascii_case::lower(input),
            Self::CmdLine => cmd_line::both(input),
            Self::UrlDecode => url_decode::decode(input),
            Self::Base64Decode => base64_decode::strict(input),
            Self::HexDecode => hex::decode(input),
            Self::Md5 => digest::md5(input),
            Self::ReplaceComments => comments::replace(input),
            Self::EscapeSeqDecode => escape_seq::decode(input),
            Self::SqlHexDecode => hex::decode_sql(input),
            Self::CssDecode => css_decode::decode(input),
            Self::JsDecode => js_decode::decode(input),
            Self::NormalizePath => normalize_path::unix(input),
            Self::NormalizePathWin => normalize_path::windows(input),
            Self::RemoveNulls => nulls::remove(input),
            Self::ReplaceNulls => nulls::replace(input),
            Self::Base64DecodeExt => base64_decode::forgiving(input),
            Self::UrlDecodeUni => url_decode::decode_uni(input),
            Self::Utf8ToUnicode => utf8_to_unicode::encode(input),
            Self::RemoveWhitespace => whitespace::remove(input),
            Self::Trim => whitespace::trim(input),
            Self::TrimLeft => whitespace::trim_left(input),
            Self::TrimRight => whitespace::trim_right(input),
            Self::RemoveCommentsChar => comments::remove_marks(input),
            Self::Uppercase => ascii_case::upper(input),
            Self::CmdLineWin => cmd_line::windows(input),
            Self::CmdLineUnix => cmd_line::unix(input),
            Self::JsDecodeExt => js_decode::decode_ext(input),
            Self::Sha256 => digest::sha256(input),
        }
    }

    /// Whether a text holds nothing that the transformation could change, told by one quick look; a text where it says no may stay as it is, too.
    pub(crate) fn is_inert(self, text: &[u8]) -> bool {
        match self {
            Self::None => true,
            Self::UrlDecode | Self::UrlDecodeUni => memchr::memchr2(b'%', b'+', text).is_none(),
            Self::HtmlEntityDecode => memchr::memchr(b'&', text).is_none(),
            Self::JsDecode | Self::JsDecodeExt | Self::CssDecode | Self::EscapeSeqDecode => {
                memchr::memchr(b'\\', text).is_none()
            }
            Self::ReplaceComments => memchr::memmem::find(text, b"/*").is_none(),
            Self::RemoveNulls | Self::ReplaceNulls => memchr::memchr(0, text).is_none(),
            Self::Utf8ToUnicode => text.is_ascii(),
            _ => false,
        }
    }
}

/// Applies transformations one after the other.
pub(crate) fn chain<'a>(input: Cow<'a, [u8]>, chain: &[TextTransformation]) -> Cow<'a, [u8]> {
    chain.iter().fold(input, |text, transformation| match text {
        Cow::Borrowed(bytes) => transformation.apply(bytes),
        Cow::Owned(bytes) => match transformation.apply(&bytes) {
            Cow::Borrowed(same) if same.len() == bytes.len() => Cow::Owned(bytes),
            changed => Cow::Owned(changed.into_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Checks what a transformation makes of texts.
    pub(super) fn vectors(transformation: TextTransformation, cases: &[(&str, &str)]) {
        for (input, expected) in cases {
            let out = transformation.apply(input.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), *expected, "{transformation:?} of {input:?}");
        }
    }

    proptest! {
        #[test]
        fn no_transformation_fails_or_grows_beyond_its_bound(input: Vec<u8>) {
            for transformation in TextTransformation::ALL {
                let out = transformation.apply(&input);
                prop_assert!(out.len() <= input.len() * 3 + 32, "{transformation:?}");
                prop_assert!(!transformation.is_inert(&input) || *out == *input, "{transformation:?}");
            }
        }

        #[test]
        fn a_chain_is_its_parts_one_after_the_other(
            input: Vec<u8>,
            parts in proptest::collection::vec(proptest::sample::select(TextTransformation::ALL.to_vec()), 0..4),
        ) {
            let mut expected = input.clone();
            for part in &parts {
                expected = part.apply(&expected).into_owned();
            }
            prop_assert_eq!(chain(Cow::Borrowed(&input), &parts).into_owned(), expected);
        }
    }
}
