//! Query strings, and what may be done to them before they are taken apart. Names and values stay encoded, as AWS leaves them.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-preparse-transformation.html>

use std::borrow::Cow;

use crate::document::statement::PreParseKind;
use crate::transform::TextTransformation;

type Pair<'r> = (Cow<'r, [u8]>, Cow<'r, [u8]>);

/// Names and values, in their order. A text without `=` is a name with an empty value.
pub(super) fn arguments(query: Cow<'_, [u8]>) -> Vec<Pair<'_>> {
    match query {
        Cow::Borrowed(query) => {
            let pairs =
                split(query).map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
            pairs.collect()
        }
        Cow::Owned(query) => split(&query)
            .map(|(name, value)| (Cow::Owned(name.to_vec()), Cow::Owned(value.to_vec())))
            .collect(),
    }
}

/// As [`arguments`], borrowed.
pub(super) fn split(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let parts = query.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts.map(|part| match memchr::memchr(b'=', part) {
        Some(at) => (&part[..at], &part[at + 1..]),
        None => (part, &part[part.len()..]),
    })
}

/// The query string after all that is done before it is taken apart.
pub(super) fn pre_parsed<'r>(query: &'r [u8], kinds: &[PreParseKind]) -> Cow<'r, [u8]> {
    kinds.iter().fold(Cow::Borrowed(query), |query, kind| match kind {
        PreParseKind::None => query,
        PreParseKind::UrlDecode => applied(query, TextTransformation::UrlDecode),
        PreParseKind::UrlDecodeUni => applied(query, TextTransformation::UrlDecodeUni),
        PreParseKind::CombineDuplicateQueryArgsByComma => Cow::Owned(combined(&query)),
        PreParseKind::ReplaceSemicolonsWithAmpersands => {
            Cow::Owned(query.iter().map(|b| if *b == b';' { b'&' } else { *b }).collect())
        }
    })
}

fn applied(query: Cow<'_, [u8]>, transformation: TextTransformation) -> Cow<'_, [u8]> {
    crate::transform::chain(query, &[transformation])
}

/// The values of equal names at the place of the first, with commas between.
fn combined(query: &[u8]) -> Vec<u8> {
    let mut order: Vec<(&[u8], Vec<u8>)> = Vec::new();
    let mut places =
        std::collections::HashMap::<&[u8], usize, foldhash::fast::RandomState>::default();
    for (name, value) in split(query) {
        match places.get(name) {
            Some(place) => {
                let values = &mut order[*place].1;
                values.push(b',');
                values.extend_from_slice(value);
            }
            None => {
                places.insert(name, order.len());
                order.push((name, value.to_vec()));
            }
        }
    }
    let pairs = order.iter().map(|(name, value)| [*name, b"=", value].concat());
    pairs.collect::<Vec<_>>().join(&b'&')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str, kinds: &[PreParseKind]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let query = pre_parsed(query.as_bytes(), kinds);
        arguments(query).iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn arguments_stay_encoded() {
        assert_eq!(told("a=1&b=%27&a=2", &[]), pairs(&[("a", "1"), ("b", "%27"), ("a", "2")]));
        assert_eq!(told("a&&=x&b=1=2", &[]), pairs(&[("a", ""), ("", "x"), ("b", "1=2")]));
        assert_eq!(told("", &[]), pairs(&[]));
    }

    #[test]
    fn what_is_done_before() {
        use PreParseKind::*;
        assert_eq!(told("a=1%26b%3D2", &[UrlDecode]), pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(told("a=%u003c", &[UrlDecodeUni]), pairs(&[("a", "<")]));
        assert_eq!(
            told("a=1;b=2", &[ReplaceSemicolonsWithAmpersands]),
            pairs(&[("a", "1"), ("b", "2")])
        );
        let combined = pairs(&[("a", "1,3"), ("b", "2")]);
        assert_eq!(told("a=1&b=2&a=3", &[CombineDuplicateQueryArgsByComma]), combined);
    }
}
