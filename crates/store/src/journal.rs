//! The journal: an append-only sequence of audit entries, and the query over it.
//!
//! All entries of one group commit share one row, so a thousand audited calls cost the database as few rows as it has
//! commits. Order is the order of commits; an entry never changes. There is no index on what entries contain: a query
//! walks backwards from the newest row, skips rows by their time span and by substring, and stops at a page or at a
//! fixed number of bytes, whichever comes first.

use std::fmt;
use std::str::FromStr;

use base::Timestamp;
use memchr::memmem::Finder;

use crate::error::within;
use crate::{Scope, StoreError};

/// Largest body of one entry in bytes (CloudTrail's own limit for one event is 256 KiB).
pub const JOURNAL_ENTRY_MAX_BYTES: usize = 1024 * 1024;
/// Stored bytes that one query looks through before it returns what it has with a token to go on.
pub const JOURNAL_SCAN_MAX_BYTES: usize = 64 * 1024 * 1024;

/// One audit entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Account and Region whose history it belongs to.
    pub scope: Scope,
    /// When it happened.
    pub at: Timestamp,
    /// Its unique id.
    pub id: String,
    /// The entry itself, JSON.
    pub body: Vec<u8>,
}

/// Which entries to return.
#[derive(Clone, Debug)]
pub struct JournalQuery {
    /// History to look into.
    pub scope: Scope,
    /// Earliest moment, included.
    pub from: Timestamp,
    /// Latest moment, included.
    pub to: Timestamp,
    /// Byte strings that must all occur in an entry's body.
    pub contains: Vec<Vec<u8>>,
    /// Where the previous page ended.
    pub after: Option<JournalToken>,
    /// Most entries to return.
    pub limit: usize,
}

impl JournalQuery {
    /// The newest `limit` entries of a history.
    pub fn newest(scope: Scope, limit: usize) -> Self {
        let (from, to) = (Timestamp::MIN, Timestamp::MAX);
        Self { scope, from, to, contains: Vec::new(), after: None, limit }
    }
}

/// Entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct JournalPage {
    /// The entries. May be fewer than asked for, even none, while `next` is present.
    pub entries: Vec<JournalEntry>,
    /// Where to go on; `None` when the history is exhausted.
    pub next: Option<JournalToken>,
}

/// A place in the journal. It stays the same place while new entries arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalToken {
    pub(crate) seq: i64,
    index: u32,
}

impl fmt::Display for JournalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:08x}", self.seq, self.index)
    }
}

/// A text that is not a journal token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a journal token")]
pub struct InvalidJournalToken;

impl FromStr for JournalToken {
    type Err = InvalidJournalToken;

    fn from_str(text: &str) -> Result<Self, InvalidJournalToken> {
        if text.len() != 24 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidJournalToken);
        }
        let (seq, index) = text.split_at(16);
        Ok(Self {
            seq: i64::from_str_radix(seq, 16).map_err(|_| InvalidJournalToken)?,
            index: u32::from_str_radix(index, 16).map_err(|_| InvalidJournalToken)?,
        })
    }
}

/// Entries in their stored form, one behind another, with the span of time they cover.
///
/// An entry is: length of the rest (u32), time (i64), then account and Region as one string and the id, each behind
/// its length (u16), then the body. Integers are big-endian.
#[derive(Clone, Debug, Default)]
pub(crate) struct JournalRow {
    pub(crate) body: Vec<u8>,
    span: Option<(Timestamp, Timestamp)>,
}

impl JournalRow {
    pub(crate) fn push(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        within("a journal entry", entry.body.len(), JOURNAL_ENTRY_MAX_BYTES)?;
        let id_length = u16::try_from(entry.id.len())
            .map_err(|_| StoreError::Key("journal entry id past 65535 bytes"))?;
        let (account, region) = (entry.scope.account.as_str(), entry.scope.region.as_str());
        let scope_length = account.len() + region.len();
        let length = 8 + 2 + scope_length + 2 + entry.id.len() + entry.body.len();
        // Both fit: the parts are limited above and by their types.
        self.body.extend_from_slice(&(length as u32).to_be_bytes());
        self.body.extend_from_slice(&entry.at.millis().to_be_bytes());
        self.body.extend_from_slice(&(scope_length as u16).to_be_bytes());
        self.body.extend_from_slice(account.as_bytes());
        self.body.extend_from_slice(region.as_bytes());
        self.body.extend_from_slice(&id_length.to_be_bytes());
        self.body.extend_from_slice(entry.id.as_bytes());
        self.body.extend_from_slice(&entry.body);
        self.widen(entry.at, entry.at);
        Ok(())
    }

    /// Puts the entries of `other` behind these.
    pub(crate) fn append(&mut self, other: &JournalRow) {
        if let Some((first, last)) = other.span {
            self.body.extend_from_slice(&other.body);
            self.widen(first, last);
        }
    }

    /// Earliest and latest moment; `None` if there are no entries.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// A row that was stored.
    pub(crate) fn from_parts(body: Vec<u8>, span: Option<(Timestamp, Timestamp)>) -> Self {
        Self { body, span }
    }

    /// Whether its span has a moment in common with this one, in milliseconds, both ends included.
    pub(crate) fn overlaps(&self, from: i64, to: i64) -> bool {
        self.span.is_some_and(|(first, last)| last.millis() >= from && first.millis() <= to)
    }

    fn widen(&mut self, first: Timestamp, last: Timestamp) {
        let (f, l) = self.span.unwrap_or((first, last));
        self.span = Some((f.min(first), l.max(last)));
    }
}

/// Collects a page from rows handed to it newest first. The same for every backend.
pub(crate) struct JournalScan {
    query: JournalQuery,
    scope: Vec<u8>,
    needles: Vec<Finder<'static>>,
    entries: Vec<JournalEntry>,
    next: Option<JournalToken>,
    scanned_bytes: usize,
}

impl JournalScan {
    pub(crate) fn new(query: JournalQuery) -> Self {
        let needles = query.contains.iter().map(|n| Finder::new(n).into_owned()).collect();
        let mut scope = query.scope.account.as_str().as_bytes().to_vec();
        scope.extend_from_slice(query.scope.region.as_str().as_bytes());
        Self { query, scope, needles, entries: Vec::new(), next: None, scanned_bytes: 0 }
    }

    /// Newest row that can matter.
    pub(crate) fn start(&self) -> i64 {
        self.query.after.map_or(i64::MAX, |token| token.seq)
    }

    /// The span of time asked for, in milliseconds, both ends included.
    pub(crate) fn span(&self) -> (i64, i64) {
        (self.query.from.millis(), self.query.to.millis())
    }

    /// Takes the next older row; false when no more rows are wanted.
    pub(crate) fn row(&mut self, seq: i64, row: &[u8]) -> Result<bool, StoreError> {
        if self.entries.len() >= self.query.limit || self.scanned_bytes >= JOURNAL_SCAN_MAX_BYTES {
            return Ok(false);
        }
        self.scanned_bytes += row.len();
        if self.needles.iter().any(|needle| needle.find(row).is_none()) {
            self.next = Some(JournalToken { seq, index: 0 });
            return Ok(true);
        }
        let mut offsets = Vec::new();
        let mut rest = row;
        while !rest.is_empty() {
            let (entry, tail) = split_entry(rest)?;
            offsets.push(entry);
            rest = tail;
        }
        let before = match self.query.after {
            Some(token) if token.seq == seq => (token.index as usize).min(offsets.len()),
            _ => offsets.len(),
        };
        for (index, entry) in offsets[..before].iter().enumerate().rev() {
            if self.entries.len() >= self.query.limit {
                return Ok(false);
            }
            self.entry(entry)?;
            self.next = Some(JournalToken { seq, index: index as u32 });
        }
        Ok(true)
    }

    /// The page. `exhausted` says that every row was handed over.
    pub(crate) fn finish(self, exhausted: bool) -> JournalPage {
        let next = if exhausted { None } else { self.next.or(self.query.after) };
        JournalPage { entries: self.entries, next }
    }

    fn entry(&mut self, entry: &[u8]) -> Result<(), StoreError> {
        let parsed = parse_entry(entry).ok_or(StoreError::Corrupt("journal entry"))?;
        let at = Timestamp::from_millis(parsed.at);
        let wanted = parsed.scope == self.scope
            && (self.query.from..=self.query.to).contains(&at)
            && self.needles.iter().all(|needle| needle.find(parsed.body).is_some());
        if wanted {
            self.entries.push(JournalEntry {
                scope: self.query.scope.clone(),
                at,
                id: String::from_utf8_lossy(parsed.id).into_owned(),
                body: parsed.body.to_vec(),
            });
        }
        Ok(())
    }
}

struct Parsed<'a> {
    at: i64,
    scope: &'a [u8],
    id: &'a [u8],
    body: &'a [u8],
}

fn split_entry(bytes: &[u8]) -> Result<(&[u8], &[u8]), StoreError> {
    let split = bytes
        .split_first_chunk()
        .and_then(|(length, rest)| rest.split_at_checked(u32::from_be_bytes(*length) as usize));
    split.ok_or(StoreError::Corrupt("journal row"))
}

fn parse_entry(bytes: &[u8]) -> Option<Parsed<'_>> {
    let (at, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (scope, rest) = rest.split_at_checked(u16::from_be_bytes(*length) as usize)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (id, body) = rest.split_at_checked(u16::from_be_bytes(*length) as usize)?;
    Some(Parsed { at: i64::from_be_bytes(*at), scope, id, body })
}

#[cfg(test)]
mod tests {
    use base::AccountId;

    use super::*;

    fn entry(n: i64, region: &str) -> JournalEntry {
        JournalEntry {
            scope: Scope::new(AccountId::DEFAULT, region.parse().expect("valid")),
            at: Timestamp::from_millis(n),
            id: format!("id-{n}"),
            body: format!("{{\"n\":{n}}}").into_bytes(),
        }
    }

    #[test]
    fn a_page_ends_inside_a_row_and_goes_on_there() {
        let mut row = JournalRow::default();
        for n in 0..5 {
            row.push(&entry(n, if n == 1 { "eu-west-2" } else { "eu-west-1" })).expect("fits");
        }
        assert_eq!(row.span(), Some((Timestamp::from_millis(0), Timestamp::from_millis(4))));
        let mut query = JournalQuery::newest(entry(0, "eu-west-1").scope, 3);
        let mut scan = JournalScan::new(query.clone());
        assert!(!scan.row(7, &row.body).expect("sound"));
        let page = scan.finish(false);
        assert_eq!(page.entries, [4, 3, 2].map(|n| entry(n, "eu-west-1")));
        let text = page.next.expect("more").to_string();
        query.after = Some(text.parse().expect("own token"));
        let mut scan = JournalScan::new(query);
        assert_eq!(scan.start(), 7);
        assert!(scan.row(7, &row.body).expect("sound"));
        assert_eq!(scan.finish(true).entries, [entry(0, "eu-west-1")]);
    }

    #[test]
    fn damage_is_an_error() {
        let mut row = JournalRow::default();
        row.push(&entry(1, "eu-west-1")).expect("fits");
        for length in 1..row.body.len() {
            let mut scan = JournalScan::new(JournalQuery::newest(entry(0, "eu-west-1").scope, 3));
            assert!(scan.row(1, &row.body[..length]).is_err(), "{length}");
        }
        for bad in ["", "xyz", "00000000000000000000000g", "+00000000000000000000001"] {
            assert_eq!(bad.parse::<JournalToken>(), Err(InvalidJournalToken), "{bad}");
        }
    }
}
