//! What a request gives for a field, an address or a key, each time anew.

use std::net::IpAddr;

use waf::document::field::*;
use waf::document::statement::*;
use waf::{Request, TextTransformation};

use crate::reader::Reader;
use crate::world::BODY_BYTES;

const ITEMS_MAX: usize = 200;
const HEADER_BYTES_MAX: usize = 8192;

/// What a field gives: texts, or an answer without text.
pub enum Given {
    Texts(Vec<Vec<u8>>),
    Answer(bool),
}

pub fn given(field: &FieldToMatch, pre_parse: &[PreParse], request: &Request<'_>) -> Given {
    let one = |text: &[u8]| Given::Texts(vec![text.to_vec()]);
    let or = |value: Option<&str>, fallback: FallbackBehavior| match value {
        Some(value) => Given::Texts(vec![value.into()]),
        None => Given::Answer(fallback == FallbackBehavior::Match),
    };
    let headers =
        || request.headers.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.to_vec())).collect();
    let body = &request.body[..request.body.len().min(BODY_BYTES)];
    let large = request.body.len() > BODY_BYTES;
    match field {
        FieldToMatch::UriPath(_) => one(request.path),
        FieldToMatch::QueryString(_) => one(request.query),
        FieldToMatch::Method(_) => one(request.method.as_bytes()),
        FieldToMatch::UriFragment(f) => match request.fragment {
            Some(text) => one(text),
            None => Given::Answer(f.fallback_behavior == Some(FallbackBehavior::Match)),
        },
        FieldToMatch::JA3Fingerprint(f) => or(request.ja3, f.fallback_behavior),
        FieldToMatch::SingleHeader(named) => {
            let own = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(&named.name));
            Given::Texts(own.map(|(_, v)| v.to_vec()).collect())
        }
        FieldToMatch::SingleQueryArgument(named) => {
            let name = named.name.to_ascii_lowercase().into_bytes();
            let own = arguments(request, pre_parse)
                .into_iter()
                .filter(|(n, _)| n.to_ascii_lowercase() == name);
            Given::Texts(own.map(|(_, v)| v).collect())
        }
        FieldToMatch::AllQueryArguments(_) => {
            Given::Texts(arguments(request, pre_parse).into_iter().map(|(_, v)| v).collect())
        }
        FieldToMatch::Headers(h) => {
            let own = |list: &[String], name: &[u8]| {
                list.iter().any(|n| n.to_ascii_lowercase().as_bytes() == name.to_ascii_lowercase())
            };
            items(limited(headers()), h.oversize_handling, h.match_scope, |name| {
                match &h.match_pattern {
                    HeaderMatchPattern::All(_) => true,
                    HeaderMatchPattern::IncludedHeaders(list) => own(list, name),
                    HeaderMatchPattern::ExcludedHeaders(list) => !own(list, name),
                }
            })
        }
        FieldToMatch::Cookies(c) => {
            let own = |list: &[String], name: &[u8]| list.iter().any(|n| n.as_bytes() == name);
            items(limited(cookies(request)), c.oversize_handling, c.match_scope, |name| {
                match &c.match_pattern {
                    CookieMatchPattern::All(_) => true,
                    CookieMatchPattern::IncludedCookies(list) => own(list, name),
                    CookieMatchPattern::ExcludedCookies(list) => !own(list, name),
                }
            })
        }
        FieldToMatch::HeaderOrder(order) => {
            let (list, over) = limited(headers());
            answer(over, order.oversize_handling).unwrap_or_else(|| {
                let names: Vec<String> =
                    list.iter().map(|(n, _)| String::from_utf8_lossy(n).to_lowercase()).collect();
                one(names.join(":").as_bytes())
            })
        }
        FieldToMatch::Body(b) => answer(large, b.oversize_handling).unwrap_or_else(|| one(body)),
        FieldToMatch::JsonBody(json) => {
            answer(large, json.oversize_handling).unwrap_or_else(|| {
                let mut elements = Vec::new();
                let mut reader = Reader { text: body, at: 0, elements: &mut elements };
                let whole = reader.value("").is_some() && reader.skip() == body.len();
                if !whole {
                    match json.invalid_fallback_behavior {
                        Some(BodyParsingFallbackBehavior::Match) => return Given::Answer(true),
                        Some(BodyParsingFallbackBehavior::NoMatch) => return Given::Answer(false),
                        Some(BodyParsingFallbackBehavior::EvaluateAsString) => return one(body),
                        None => {}
                    }
                }
                let chosen = elements.into_iter().filter(|(pointer, key, _)| {
                    let included = match &json.match_pattern {
                        JsonMatchPattern::All(_) => true,
                        JsonMatchPattern::IncludedPaths(paths) => paths.iter().any(|path| {
                            path == "/"
                                || pointer == path
                                || pointer.starts_with(&format!("{path}/"))
                        }),
                    };
                    included
                        && match json.match_scope {
                            MatchScope::All => true,
                            MatchScope::Key => *key,
                            MatchScope::Value => !*key,
                        }
                });
                Given::Texts(chosen.map(|(_, _, text)| text).collect())
            })
        }
        other => panic!("not generated: {other:?}"),
    }
}

pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn items(
    (list, over): (Pairs, bool),
    handling: OversizeHandling,
    scope: MatchScope,
    chosen: impl Fn(&[u8]) -> bool,
) -> Given {
    answer(over, handling).unwrap_or_else(|| {
        let chosen = list.into_iter().filter(|(name, _)| chosen(name));
        Given::Texts(
            chosen
                .flat_map(|(name, value)| match scope {
                    MatchScope::All => vec![name, value],
                    MatchScope::Key => vec![name],
                    MatchScope::Value => vec![value],
                })
                .collect(),
        )
    })
}

fn answer(over: bool, handling: OversizeHandling) -> Option<Given> {
    match (over, handling) {
        (true, OversizeHandling::Match) => Some(Given::Answer(true)),
        (true, OversizeHandling::NoMatch) => Some(Given::Answer(false)),
        _ => None,
    }
}

/// The first items whose bytes and number are within the limits, and whether that is not all.
pub fn limited(list: Pairs) -> (Pairs, bool) {
    let (mut out, mut bytes) = (Vec::new(), 0);
    for (name, value) in &list {
        if out.len() >= ITEMS_MAX || bytes >= HEADER_BYTES_MAX {
            return (out, true);
        }
        let name_end = name.len().min(HEADER_BYTES_MAX - bytes);
        let value_end = value.len().min(HEADER_BYTES_MAX - bytes - name_end);
        out.push((name[..name_end].to_vec(), value[..value_end].to_vec()));
        bytes += name.len() + value.len();
        if bytes > HEADER_BYTES_MAX {
            return (out, true);
        }
    }
    (out, false)
}

pub fn cookies(request: &Request<'_>) -> Pairs {
    let mut out = Vec::new();
    for (name, value) in &request.headers {
        if name.to_lowercase() == "cookie" {
            for cookie in String::from_utf8_lossy(value).split(';') {
                let cookie = cookie.trim_matches([' ', '\t', '\n', '\r', '\u{c}']);
                let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
                if !cookie.is_empty() {
                    out.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
                }
            }
        }
    }
    out
}

fn arguments(request: &Request<'_>, pre_parse: &[PreParse]) -> Pairs {
    let mut sorted = pre_parse.to_vec();
    sorted.sort_by_key(|p| p.priority);
    let mut query = request.query.to_vec();
    for one in sorted {
        query = match one.kind {
            PreParseKind::None => query,
            PreParseKind::UrlDecode => TextTransformation::UrlDecode.apply(&query).into_owned(),
            PreParseKind::UrlDecodeUni => {
                TextTransformation::UrlDecodeUni.apply(&query).into_owned()
            }
            PreParseKind::ReplaceSemicolonsWithAmpersands => {
                query.into_iter().map(|b| if b == b';' { b'&' } else { b }).collect()
            }
            PreParseKind::CombineDuplicateQueryArgsByComma => {
                let mut merged: Pairs = Vec::new();
                for (name, value) in split(&query) {
                    match merged.iter_mut().find(|(own, _)| *own == name) {
                        Some((_, values)) => values.extend([b",".to_vec(), value].concat()),
                        None => merged.push((name, value)),
                    }
                }
                let parts: Vec<_> =
                    merged.iter().map(|(n, v)| [n.as_slice(), b"=", v].concat()).collect();
                parts.join(&b'&')
            }
        };
    }
    split(&query)
}

fn split(query: &[u8]) -> Pairs {
    let parts = query.split(|b| *b == b'&').filter(|part| !part.is_empty());
    let pair = |part: &[u8]| match part.iter().position(|b| *b == b'=') {
        Some(at) => (part[..at].to_vec(), part[at + 1..].to_vec()),
        None => (part.to_vec(), Vec::new()),
    };
    parts.map(pair).collect()
}

pub type Config<'a> = Option<(&'a str, FallbackBehavior, ForwardedIPPosition)>;

pub fn forwarded(config: Option<&ForwardedIPConfig>) -> Config<'_> {
    config.map(|c| (c.header_name.as_str(), c.fallback_behavior, ForwardedIPPosition::First))
}

/// The addresses that count, or the fallback; nothing if the rule does not apply.
pub fn addresses(request: &Request<'_>, config: Config<'_>) -> Option<Result<Vec<IpAddr>, bool>> {
    let Some((header, fallback, position)) = config else {
        return Some(Ok(vec![request.client_ip]));
    };
    let (_, value) = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header))?;
    let text = String::from_utf8_lossy(value);
    let mut list: Vec<&str> = text.split(',').map(str::trim).collect();
    match position {
        ForwardedIPPosition::First => list.truncate(1),
        ForwardedIPPosition::Last => list = list.split_off(list.len() - 1),
        ForwardedIPPosition::Any => {
            list.reverse();
            list.truncate(10);
        }
    }
    let parse = |text: &str| {
        let address = match text.matches(':').count() {
            1 => text.split(':').next().unwrap_or_default(),
            _ => text,
        };
        address.parse::<IpAddr>().map_err(|_| fallback == FallbackBehavior::Match)
    };
    Some(list.into_iter().map(parse).collect())
}

pub fn within(address: IpAddr, range: &str) -> bool {
    let (network, prefix) = range.split_once('/').expect("a range");
    let prefix: u32 = prefix.parse().expect("a prefix");
    match (address.to_canonical(), network.parse().expect("a network")) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u32::from(a) ^ u32::from(n)).leading_zeros() >= prefix,
        (IpAddr::V6(a), IpAddr::V6(n)) => (u128::from(a) ^ u128::from(n)).leading_zeros() >= prefix,
        _ => false,
    }
}
