//! Conditions that depend on the request alone, compiled. Each is judged at most once a request.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::scan::Hits;
use crate::document::statement::{
    ComparisonOperator, ForwardedIPPosition, PositionalConstraint, SensitivityLevel,
};
use crate::field::Texts;
use crate::request::Request;
use crate::statement::forwarded::{Forwarded, addresses};
use crate::statement::ip_set::Ranges;
use crate::statement::regex::Pattern;
use crate::statement::{byte_match, size, sqli, xss};
use crate::verdict::Finding;

/// Bytes of a finding that are shown.
const SHOWN_BYTES_MAX: usize = 100;

/// A condition.
#[derive(Debug)]
pub(super) enum Predicate {
    /// About texts of a view.
    Text { view: usize, test: Test },
    /// About an address.
    Address { source: AddressSource, test: AddressTest },
}

/// What is tested of texts.
#[derive(Debug)]
pub(super) enum Test {
    /// Bytes anywhere: the common scan finds them.
    Scanned(u32),
    /// Bytes at a place.
    Bytes(Vec<u8>, PositionalConstraint),
    /// Patterns, each with its literals in the common scan.
    Patterns(Vec<(Arc<Pattern>, Vec<u32>)>),
    Size(ComparisonOperator, u64),
    Sqli(SensitivityLevel),
    Xss,
}

/// Which address is tested.
#[derive(Debug)]
pub(super) enum AddressSource {
    Client,
    Forwarded { header: String, position: ForwardedIPPosition, fallback: bool },
}

/// What is tested of an address.
#[derive(Debug)]
pub(super) enum AddressTest {
    Set(Arc<Ranges>),
    Countries(HashSet<String>),
    Asns(HashSet<u32>),
}

/// What came of a condition.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    No,
    /// It holds, and what was found.
    Yes(Option<Finding>),
    /// The whole rule does not apply: it speaks of a forwarded address and the request has none.
    Inapplicable,
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes(None) } else { Self::No }
    }
}

impl Test {
    /// Whether the common scan must have run before.
    pub fn needs_scan(&self) -> bool {
        match self {
            Self::Scanned(_) => true,
            Self::Patterns(patterns) => patterns.iter().any(|(_, literals)| !literals.is_empty()),
            _ => false,
        }
    }

    /// Judges texts, with what the common scan found in them.
    pub fn judge(&self, texts: &Texts<'_>, hits: &Hits) -> Outcome {
        match self {
            Self::Bytes(bytes, constraint) => texts
                .iter()
                .find_map(|(piece, text)| {
                    Some((piece, byte_match::find(text, bytes, *constraint)?))
                })
                .map_or(Outcome::No, |(piece, at)| {
                    found("BYTE_MATCH", texts, piece, at..at + bytes.len())
                }),
            Self::Size(operator, size) => texts
                .iter()
                .find(|(_, text)| size::holds(text.len() as u64, *operator, *size))
                .map_or(Outcome::No, |(piece, text)| {
                    let mut outcome = found("SIZE", texts, piece, 0..0);
                    if let Outcome::Yes(Some(finding)) = &mut outcome {
                        finding.matched = format!("{} bytes", text.len());
                    }
                    outcome
                }),
            Self::Sqli(level) => {
                let hit = texts.iter().find(|(_, text)| sqli::detect(text, *level));
                hit.map_or(Outcome::No, |(piece, text)| {
                    let mut outcome = found("SQL_INJECTION", texts, piece, 0..text.len());
                    if let Outcome::Yes(Some(finding)) = &mut outcome {
                        finding.sensitivity = Some(match level {
                            SensitivityLevel::Low => "LOW",
                            SensitivityLevel::High => "HIGH",
                        });
                    }
                    outcome
                })
            }
            Self::Xss => texts
                .iter()
                .find(|(_, text)| xss::detect(text))
                .map_or(Outcome::No, |(piece, text)| found("XSS", texts, piece, 0..text.len())),
            Self::Scanned(literal) => hits.first(*literal).map_or(Outcome::No, |hit| {
                let piece = hit.piece as usize;
                let at = hit.at as usize - texts.pieces()[piece].start;
                found("BYTE_MATCH", texts, piece, at..texts.piece(piece).len())
            }),
            Self::Patterns(patterns) => patterns
                .iter()
                .find_map(|(pattern, literals)| {
                    let matches =
                        |piece: usize| Some((piece, pattern.regex.find(texts.piece(piece))?));
                    if literals.is_empty() {
                        (0..texts.pieces().len()).find_map(matches)
                    } else {
                        hits.pieces(literals).into_iter().find_map(|piece| matches(piece as usize))
                    }
                })
                .map_or(Outcome::No, |(piece, span)| found("REGEX", texts, piece, span.range())),
        }
    }
}

fn found(
    condition: &'static str,
    texts: &Texts<'_>,
    piece: usize,
    range: std::ops::Range<usize>,
) -> Outcome {
    let place = &texts.pieces()[piece];
    let shown = &texts.piece(piece)[range.start..range.end.min(range.start + SHOWN_BYTES_MAX)];
    Outcome::Yes(Some(Finding {
        condition,
        location: place.location,
        name: String::from_utf8_lossy(&place.name).into_owned(),
        matched: String::from_utf8_lossy(shown).into_owned(),
        sensitivity: None,
    }))
}

impl AddressSource {
    /// The addresses to test, or the answer where there are none.
    pub fn addresses(&self, request: &Request<'_>) -> Result<Vec<IpAddr>, Outcome> {
        match self {
            Self::Client => Ok(vec![request.client_ip]),
            Self::Forwarded { header, position, fallback } => {
                match addresses(request, header, *position) {
                    Forwarded::Absent => Err(Outcome::Inapplicable),
                    Forwarded::Malformed => Err(Outcome::from(*fallback)),
                    Forwarded::Addresses(list) => Ok(list),
                }
            }
        }
    }

    /// The beginning of the labels that places get.
    pub fn label_root(&self) -> &'static str {
        match self {
            Self::Client => "awswaf:clientip",
            Self::Forwarded { .. } => "awswaf:forwardedip",
        }
    }
}
