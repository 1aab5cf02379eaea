//! What an object holds, counted by identifier, with the places of the first occurrences and no value in the clear: the
//! content of a finding, in the shapes of Macie's `ClassificationResult`
//! (<https://docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::format::{Sink, Unreadable};
use crate::identifier::{Category, Severity, severity};
use crate::shape::Proof;
use crate::text::Match;

/// Places that a finding tells of each identifier, at most.
pub const FINDING_OCCURRENCES_MAX: usize = 15;
/// Places that a discovery result tells of each identifier, at most.
pub const RESULT_OCCURRENCES_MAX: usize = 1000;
/// Unreadable parts that are told, at most; the others are counted.
const UNREADABLE_MAX: usize = 100;

/// Where a value stands in an object
/// (<https://docs.aws.amazon.com/macie/latest/user/findings-locate-sd-schema.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Location {
    /// In lines of text.
    LineRange {
        /// The first line, from 1.
        start: u64,
        /// The last line, from 1.
        end: u64,
        /// Where in the first line, in characters from 1.
        start_column: u64,
    },
    /// In a cell of a table.
    Cell {
        /// From 1.
        column: u64,
        /// The column's name, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column_name: Option<String>,
        /// From 1, the row of names included.
        row: u64,
        /// In a workbook: `Sheet1!B3`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cell_reference: Option<String>,
    },
    /// In a record.
    Record {
        /// Where in the record, as a JSON path.
        json_path: String,
        /// From 0.
        record_index: u64,
    },
    /// On a page.
    Page {
        /// From 1.
        page_number: u64,
        /// Characters of the page's text before the value.
        start: u64,
        /// Characters of the page's text up to the end of the value.
        end: u64,
    },
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The way into containers; empty for the object itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inside: String,
    /// Where.
    pub location: Location,
    /// How sure, in percent.
    pub confidence: u8,
    /// Why.
    pub reason: String,
    /// The value with all but its outermost characters covered.
    pub sample: String,
}

/// All occurrences of one identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// The identifier's category.
    pub category: Category,
    /// How many there are.
    pub count: u64,
    /// The surest of them, in percent.
    pub confidence: u8,
    /// The first of them.
    pub occurrences: Vec<Occurrence>,
}

/// A part that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The way into containers.
    pub inside: String,
    /// Why.
    pub reason: String,
}

/// What an object holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// By identifier.
    pub detections: BTreeMap<String, Detection>,
    /// Parts that were not read, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// How many parts were not read.
    #[serde(default)]
    pub unread_count: u64,
    #[serde(skip)]
    confidence_min: u8,
}

impl Classification {
    /// Counts what is at least so sure, in percent.
    pub fn new(confidence_min: u8) -> Self {
        Self { confidence_min, ..Self::default() }
    }

    /// The severity of an identifier's detection; `None` where a custom identifier's lowest step is not reached.
    pub fn severity(&self, engine: &Engine, identifier: &str) -> Option<Severity> {
        let detection = self.detections.get(identifier)?;
        match engine.custom.iter().find(|custom| custom.name() == identifier) {
            Some(custom) if detection.category == Category::CustomIdentifier => {
                custom.severity(detection.count)
            }
            _ => Some(severity(identifier, detection.category, detection.count)),
        }
    }

    /// The worst severity.
    pub fn worst(&self, engine: &Engine) -> Option<Severity> {
        self.detections.keys().filter_map(|identifier| self.severity(engine, identifier)).max()
    }

    /// Notes a part that was not read.
    pub fn note_unread(&mut self, inside: &str, reason: &Unreadable) {
        self.unread_count += 1;
        if self.unread.len() < UNREADABLE_MAX {
            let mut text = reason.to_string();
            let mut source = std::error::Error::source(reason);
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            self.unread.push(Unread { inside: inside.to_owned(), reason: text });
        }
    }
}

impl<'e> Sink<'e> for Classification {
    fn found(&mut self, inside: &str, found: Match<'e>, location: Location) {
        if found.confidence < self.confidence_min {
            return;
        }
        let detection = self.detections.entry(found.identifier.to_owned()).or_insert_with(|| {
            Detection { category: found.category, count: 0, confidence: 0, occurrences: Vec::new() }
        });
        detection.count += 1;
        detection.confidence = detection.confidence.max(found.confidence);
        if detection.occurrences.len() < FINDING_OCCURRENCES_MAX {
            detection.occurrences.push(Occurrence {
                inside: inside.to_owned(),
                location,
                confidence: found.confidence,
                reason: reason(&found),
                sample: redact(&found.text),
            });
        }
    }

    fn unreadable(&mut self, inside: &str, reason: Unreadable) {
        self.note_unread(inside, &reason);
    }
}

/// Why a match counts, in words.
pub fn reason(found: &Match<'_>) -> String {
    let proof = match found.proof {
        Proof::Form => "has the form".to_owned(),
        Proof::Plausible(rules) => format!("has the form, with {rules}"),
        Proof::Checked(scheme) => format!("check holds ({scheme})"),
    };
    match found.keyword {
        Some((keyword, Some(distance))) => {
            format!("{proof}; keyword \"{keyword}\" {distance} characters away")
        }
        Some((keyword, None)) => format!("{proof}; the field's name says \"{keyword}\""),
        None => proof,
    }
}

/// Longest sample, in characters.
const SAMPLE_MAX_CHARS: usize = 40;

/// A value with every letter and digit covered but the first and, of longer ones, the last.
pub fn redact(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let chars: Vec<char> = text.chars().take(SAMPLE_MAX_CHARS).collect();
    let count = chars.iter().filter(|c| c.is_alphanumeric()).count();
    let (first, last) = match count {
        0..=5 => (0, 0),
        6..=8 => (1, 0),
        _ => (1, 1),
    };
    let mut seen = 0;
    let covered = chars.iter().map(|c| {
        if !c.is_alphanumeric() {
            return if c.is_whitespace() { ' ' } else { *c };
        }
        seen += 1;
        if seen <= first || seen > count - last { *c } else { '*' }
    });
    let mut out: String = covered.collect();
    if text.chars().nth(SAMPLE_MAX_CHARS).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_show_the_outermost_characters_only() {
        assert_eq!(redact(b"536-90-4399"), "5**-**-***9");
        assert_eq!(redact(b"123"), "***");
        assert_eq!(redact("홍길동".as_bytes()), "***");
        assert_eq!(redact(b"John Smith"), "J*** ****h");
        assert!(redact(&[b'x'; 300]).chars().count() <= SAMPLE_MAX_CHARS + 1);
    }

    #[test]
    fn places_have_macies_member_names() {
        let record = Location::Record { json_path: "$.a".into(), record_index: 3 };
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            r#"{"record":{"jsonPath":"$.a","recordIndex":3}}"#
        );
        let line = Location::LineRange { start: 1, end: 1, start_column: 5 };
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"lineRange":{"start":1,"end":1,"startColumn":5}}"#
        );
    }
}
