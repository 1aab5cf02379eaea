//! Fields to match: the parts of a request that statements look at.

use serde::Deserialize;

use super::Empty;

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[allow(
    missing_docs,
    reason = "the names are AWS's; those with settings are described by their types"
)]
pub enum FieldToMatch {
    SingleHeader(Named),
    SingleQueryArgument(Named),
    AllQueryArguments(Empty),
    UriPath(Empty),
    QueryString(Empty),
    Body(Body),
    Method(Empty),
    JsonBody(JsonBody),
    Headers(Headers),
    Cookies(Cookies),
    HeaderOrder(HeaderOrder),
    JA3Fingerprint(Fingerprint),
    JA4Fingerprint(Fingerprint),
    UriFragment(UriFragment),
    /// Names and values of a query string or of a body, taken apart by the body's kind: form, JSON, multipart or text. Not in AWS's language: the
    /// managed rules look at it, since a detector sees more in a value than in the text around it.
    #[serde(skip)]
    Arguments(Place),
}

/// Where [`FieldToMatch::Arguments`] come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The query string.
    Query,
    /// The body.
    Body,
}

/// Something that is named, without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// The body as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Body {
    /// What holds when there is more than is inspected.
    #[serde(default)]
    pub oversize_handling: OversizeHandling,
}

/// The body as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct JsonBody {
    /// Which elements.
    pub match_pattern: JsonMatchPattern,
    /// What of them.
    pub match_scope: MatchScope,
    /// What holds when it is not JSON; by default what could be read before the mistake counts.
    pub invalid_fallback_behavior: Option<BodyParsingFallbackBehavior>,
    /// What holds when there is more than is inspected.
    #[serde(default)]
    pub oversize_handling: OversizeHandling,
}

/// Which elements of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum JsonMatchPattern {
    /// All.
    All(Empty),
    /// Those at these JSON pointers (RFC 6901), with what is below them.
    IncludedPaths(Vec<String>),
}

/// Whether names, values or both are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum MatchScope {
    All,
    Key,
    Value,
}

/// What holds when a body is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum BodyParsingFallbackBehavior {
    Match,
    NoMatch,
    EvaluateAsString,
}

/// What holds when there is more than is inspected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OversizeHandling {
    /// What is inspected decides.
    #[default]
    Continue,
    /// The statement matches.
    Match,
    /// The statement does not match.
    NoMatch,
}

/// What holds when a part of the request is missing or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FallbackBehavior {
    /// The statement matches.
    Match,
    /// The statement does not match.
    NoMatch,
}

/// Several headers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Headers {
    /// Which.
    pub match_pattern: HeaderMatchPattern,
    /// What of them.
    pub match_scope: MatchScope,
    /// What holds when there is more than is inspected.
    pub oversize_handling: OversizeHandling,
}

/// Which headers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum HeaderMatchPattern {
    All(Empty),
    IncludedHeaders(Vec<String>),
    ExcludedHeaders(Vec<String>),
}

/// Several cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cookies {
    /// Which.
    pub match_pattern: CookieMatchPattern,
    /// What of them.
    pub match_scope: MatchScope,
    /// What holds when there is more than is inspected.
    pub oversize_handling: OversizeHandling,
}

/// Which cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum CookieMatchPattern {
    All(Empty),
    IncludedCookies(Vec<String>),
    ExcludedCookies(Vec<String>),
}

/// The names of the headers, in their order, between colons.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HeaderOrder {
    /// What holds when there is more than is inspected.
    pub oversize_handling: OversizeHandling,
}

/// A fingerprint of the TLS client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Fingerprint {
    /// What holds when there is none.
    pub fallback_behavior: FallbackBehavior,
}

/// The fragment of the URI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UriFragment {
    /// What holds when there is none; nothing matches by default.
    pub fallback_behavior: Option<FallbackBehavior>,
}
