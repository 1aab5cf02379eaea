//! From a request to the texts that statements look at. A field gives pieces (headers, arguments, elements of JSON…), which lie
//! in one buffer so that one scan sees them all; a byte that UTF-8 does not know stands between them.

mod arguments;
mod json;
mod query;

use std::borrow::Cow;
use std::rc::Rc;

pub use self::json::walk as walk_json;
use crate::document::field::{
    BodyParsingFallbackBehavior, CookieMatchPattern, FallbackBehavior, FieldToMatch,
    HeaderMatchPattern, JsonBody, JsonMatchPattern, MatchScope, OversizeHandling, Place,
};
use crate::document::statement::PreParseKind;
use crate::request::{HEADER_BYTES_INSPECTED_MAX, ITEMS_INSPECTED_MAX, Request};
use crate::transform::TextTransformation;

/// Stands between pieces. No valid UTF-8 holds it; a literal that does is not looked for by the common scan.
pub(crate) const SEPARATOR: u8 = 0xff;

/// What a field gives.
#[derive(Clone, Debug)]
pub(crate) enum Extracted<'r> {
    /// Texts.
    Texts(Texts<'r>),
    /// No text but an answer: too large, missing or unreadable, and the field says what holds then.
    Decided(bool),
}

/// Pieces of text in one buffer.
#[derive(Clone, Debug)]
pub(crate) struct Texts<'r> {
    bytes: Bytes<'r>,
    pieces: Rc<Vec<Piece<'r>>>,
}

#[derive(Clone, Debug)]
enum Bytes<'r> {
    Request(&'r [u8]),
    Own(Rc<Vec<u8>>),
}

/// One piece: where it lies, and what it is in the request.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'r> {
    pub start: usize,
    pub end: usize,
    /// AWS's name of the place, as the log has it.
    pub location: &'static str,
    /// The header, argument, cookie or element.
    pub name: Cow<'r, [u8]>,
}

impl<'r> Texts<'r> {
    fn one(location: &'static str, bytes: &'r [u8]) -> Self {
        let piece = Piece { start: 0, end: bytes.len(), location, name: Cow::Borrowed(b"") };
        Self { bytes: Bytes::Request(bytes), pieces: Rc::new(vec![piece]) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Request(bytes) => bytes,
            Bytes::Own(bytes) => bytes,
        }
    }

    pub(crate) fn pieces(&self) -> &[Piece<'r>] {
        &self.pieces
    }

    pub(crate) fn piece(&self, index: usize) -> &[u8] {
        let piece = &self.pieces[index];
        &self.bytes()[piece.start..piece.end]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        (0..self.pieces.len()).map(|index| (index, self.piece(index)))
    }

    /// The piece that a place in the buffer belongs to.
    pub(crate) fn piece_at(&self, at: usize) -> usize {
        self.pieces
            .partition_point(|piece| piece.end <= at)
            .min(self.pieces.len().saturating_sub(1))
    }

    /// Whether both are the very same texts, so that what was found in one is found in the other.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let same = match (&self.bytes, &other.bytes) {
            (Bytes::Request(own), Bytes::Request(other)) => std::ptr::eq(*own, *other),
            (Bytes::Own(own), Bytes::Own(other)) => Rc::ptr_eq(own, other),
            _ => false,
        };
        same && Rc::ptr_eq(&self.pieces, &other.pieces)
    }

    /// Every piece transformed; the same texts where nothing changes.
    pub(crate) fn transformed(&self, transformation: TextTransformation) -> Self {
        if transformation.is_inert(self.bytes()) {
            return self.clone();
        }
        let mut changed = false;
        let mut out = Builder::with_capacity(self.bytes().len(), self.pieces.len());
        for (index, text) in self.iter() {
            let text = transformation.apply(text);
            changed |= matches!(text, Cow::Owned(_)) || text.len() != self.piece(index).len();
            let piece = &self.pieces[index];
            out.push(piece.location, piece.name.clone(), &text);
        }
        if changed { out.finish() } else { self.clone() }
    }
}

/// Lays pieces into one buffer.
struct Builder<'r> {
    bytes: Vec<u8>,
    pieces: Vec<Piece<'r>>,
}

impl<'r> Builder<'r> {
    fn with_capacity(bytes: usize, pieces: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes + pieces), pieces: Vec::with_capacity(pieces) }
    }

    fn push(&mut self, location: &'static str, name: Cow<'r, [u8]>, text: &[u8]) {
        if !self.pieces.is_empty() {
            self.bytes.push(SEPARATOR);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.pieces.push(Piece { start, end: self.bytes.len(), location, name });
    }

    fn finish(self) -> Texts<'r> {
        Texts { bytes: Bytes::Own(Rc::new(self.bytes)), pieces: Rc::new(self.pieces) }
    }
}

/// Which fields held more than is inspected; the log says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oversize {
    /// The headers.
    pub headers: bool,
    /// The cookies.
    pub cookies: bool,
    /// The body.
    pub body: bool,
}

/// What a request gives for a field, and which of its parts were too large.
pub(crate) fn extract<'r>(
    request: &'r Request<'r>,
    field: &FieldToMatch,
    pre_parse: &[PreParseKind],
    body_limit: usize,
    oversize: &std::cell::Cell<Oversize>,
) -> Extracted<'r> {
    let body = &request.body[..request.body.len().min(body_limit)];
    let body_oversize = || {
        let is = request.body_size > body.len() as u64;
        oversize.update(|was| Oversize { body: was.body | is, ..was });
        is
    };
    let fingerprint = |value: Option<&'r str>, location, fallback| match value {
        Some(value) => Extracted::Texts(Texts::one(location, value.as_bytes())),
        None => Extracted::Decided(fallback == FallbackBehavior::Match),
    };
    match field {
        FieldToMatch::UriPath(_) => Extracted::Texts(Texts::one("URI", request.path)),
        FieldToMatch::QueryString(_) => Extracted::Texts(Texts::one("QUERY_STRING", request.query)),
        FieldToMatch::Method(_) => {
            Extracted::Texts(Texts::one("METHOD", request.method.as_bytes()))
        }
        FieldToMatch::UriFragment(fragment) => match (request.fragment, fragment.fallback_behavior)
        {
            (Some(text), _) => Extracted::Texts(Texts::one("URI_FRAGMENT", text)),
            (None, fallback) => Extracted::Decided(fallback == Some(FallbackBehavior::Match)),
        },
        FieldToMatch::JA3Fingerprint(f) => fingerprint(request.ja3, "JA3", f.fallback_behavior),
        FieldToMatch::JA4Fingerprint(f) => fingerprint(request.ja4, "JA4", f.fallback_behavior),
        FieldToMatch::SingleHeader(named) => {
            let own = |(name, _): &&(&str, _)| name.eq_ignore_ascii_case(&named.name);
            let values = request.headers.iter().filter(own);
            Extracted::Texts(laid("HEADER", values.map(|(name, value)| (name.as_bytes(), *value))))
        }
        FieldToMatch::Headers(headers) => {
            let all = request.headers.iter().map(|(name, value)| (name.as_bytes(), *value));
            let (items, is) = within_limits(all);
            oversize.update(|was| Oversize { headers: was.headers | is, ..was });
            let chosen = |name: &[u8]| match &headers.match_pattern {
                HeaderMatchPattern::All(_) => true,
                HeaderMatchPattern::IncludedHeaders(names) => named_among(name, names),
                HeaderMatchPattern::ExcludedHeaders(names) => !named_among(name, names),
            };
            map(items, is, headers.oversize_handling, headers.match_scope, "HEADER", chosen)
        }
        FieldToMatch::Cookies(cookies_field) => {
            let (items, is) = within_limits(cookies(request));
            oversize.update(|was| Oversize { cookies: was.cookies | is, ..was });
            let among = |name: &[u8], names: &[String]| names.iter().any(|n| n.as_bytes() == name);
            let chosen = |name: &[u8]| match &cookies_field.match_pattern {
                CookieMatchPattern::All(_) => true,
                CookieMatchPattern::IncludedCookies(names) => among(name, names),
                CookieMatchPattern::ExcludedCookies(names) => !among(name, names),
            };
            let handling = cookies_field.oversize_handling;
            map(items, is, handling, cookies_field.match_scope, "COOKIE", chosen)
        }
        FieldToMatch::HeaderOrder(order) => {
            let all = request.headers.iter().map(|(name, value)| (name.as_bytes(), *value));
            let (items, is) = within_limits(all);
            oversize.update(|was| Oversize { headers: was.headers | is, ..was });
            decided(is, order.oversize_handling).unwrap_or_else(|| {
                let names = items.iter().map(|(name, _)| name.to_ascii_lowercase());
                let text = names.collect::<Vec<_>>().join(&b':');
                Extracted::Texts(laid("HEADER_ORDER", std::iter::once((&b""[..], text))))
            })
        }
        FieldToMatch::SingleQueryArgument(named) => {
            let query = query::pre_parsed(request.query, pre_parse);
            let pairs = query::arguments(query).into_iter();
            let own = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(named.name.as_bytes()));
            Extracted::Texts(laid("SINGLE_QUERY_ARG", own))
        }
        FieldToMatch::AllQueryArguments(_) => {
            let query = query::pre_parsed(request.query, pre_parse);
            Extracted::Texts(laid("ALL_QUERY_ARGS", query::arguments(query)))
        }
        FieldToMatch::Body(field) => decided(body_oversize(), field.oversize_handling)
            .unwrap_or_else(|| Extracted::Texts(Texts::one("BODY", body))),
        FieldToMatch::JsonBody(json) => decided(body_oversize(), json.oversize_handling)
            .unwrap_or_else(|| json_elements(body, json)),
        FieldToMatch::Arguments(Place::Query) => {
            Extracted::Texts(arguments::of_query(request.query))
        }
        FieldToMatch::Arguments(Place::Body) => {
            body_oversize();
            Extracted::Texts(arguments::of_body(
                request.header("content-type").unwrap_or(b""),
                body,
            ))
        }
    }
}

fn named_among(name: &[u8], names: &[String]) -> bool {
    names.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name))
}

/// The names and values of all cookies.
pub(crate) fn cookies<'r>(request: &Request<'r>) -> impl Iterator<Item = (&'r [u8], &'r [u8])> {
    let headers = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    headers.flat_map(|(_, value)| value.split(|byte| *byte == b';')).filter_map(|cookie| {
        let cookie = cookie.trim_ascii();
        let (name, value) = match memchr::memchr(b'=', cookie) {
            Some(at) => (&cookie[..at], &cookie[at + 1..]),
            None => (cookie, &cookie[cookie.len()..]),
        };
        (!cookie.is_empty()).then_some((name, value))
    })
}

type Items<'r> = Vec<(&'r [u8], &'r [u8])>;

/// The first items within the limits, and whether there were more. An item that crosses the limit is cut.
fn within_limits<'r>(all: impl Iterator<Item = (&'r [u8], &'r [u8])>) -> (Items<'r>, bool) {
    let mut items = Vec::new();
    let mut left = HEADER_BYTES_INSPECTED_MAX;
    for (name, value) in all {
        if items.len() == ITEMS_INSPECTED_MAX || left == 0 {
            return (items, true);
        }
        let kept_name = &name[..name.len().min(left)];
        left -= kept_name.len();
        let kept_value = &value[..value.len().min(left)];
        left -= kept_value.len();
        items.push((kept_name, kept_value));
        if kept_name.len() + kept_value.len() < name.len() + value.len() {
            return (items, true);
        }
    }
    (items, false)
}

fn decided<'r>(oversize: bool, handling: OversizeHandling) -> Option<Extracted<'r>> {
    match handling {
        OversizeHandling::Match if oversize => Some(Extracted::Decided(true)),
        OversizeHandling::NoMatch if oversize => Some(Extracted::Decided(false)),
        _ => None,
    }
}

fn map<'r>(
    items: Items<'r>,
    oversize: bool,
    handling: OversizeHandling,
    scope: MatchScope,
    location: &'static str,
    chosen: impl Fn(&[u8]) -> bool,
) -> Extracted<'r> {
    decided(oversize, handling).unwrap_or_else(|| {
        let chosen = items.into_iter().filter(|(name, _)| chosen(name));
        Extracted::Texts(laid(
            location,
            chosen.flat_map(|(name, value)| {
                let key = (scope != MatchScope::Value).then_some((name, name));
                let value = (scope != MatchScope::Key).then_some((name, value));
                key.into_iter().chain(value)
            }),
        ))
    })
}

/// Lays named texts into one buffer.
fn laid<'r, N: Into<Cow<'r, [u8]>>, T: AsRef<[u8]>>(
    location: &'static str,
    items: impl IntoIterator<Item = (N, T)>,
) -> Texts<'r> {
    let mut out = Builder::with_capacity(0, 0);
    for (name, text) in items {
        out.push(location, name.into(), text.as_ref());
    }
    out.finish()
}

fn json_elements<'r>(body: &'r [u8], field: &JsonBody) -> Extracted<'r> {
    let mut out = Builder::with_capacity(body.len(), 0);
    let whole = json::walk(body, &mut |element| {
        let wanted = match field.match_scope {
            MatchScope::All => true,
            MatchScope::Key => element.is_key,
            MatchScope::Value => !element.is_key,
        };
        let included = match &field.match_pattern {
            JsonMatchPattern::All(_) => true,
            JsonMatchPattern::IncludedPaths(paths) => paths.iter().any(|path| {
                let rest = element.pointer.strip_prefix(path.as_bytes());
                path == "/" || rest.is_some_and(|rest| rest.first().is_none_or(|b| *b == b'/'))
            }),
        };
        if wanted && included {
            out.push("BODY", Cow::Owned(element.pointer.to_vec()), &element.text);
        }
    });
    if whole {
        return Extracted::Texts(out.finish());
    }
    match field.invalid_fallback_behavior {
        Some(BodyParsingFallbackBehavior::Match) => Extracted::Decided(true),
        Some(BodyParsingFallbackBehavior::NoMatch) => Extracted::Decided(false),
        Some(BodyParsingFallbackBehavior::EvaluateAsString) => {
            Extracted::Texts(Texts::one("BODY", body))
        }
        None => Extracted::Texts(out.finish()),
    }
}
