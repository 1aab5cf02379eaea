//! The frames of the commit log: what one group of commits that changed no record left behind.
//!
//! A frame is: magic, checksum (CRC-32 of all that follows), length of the payload, number of the group; then the
//! payload. Integers are big-endian. Readers take any bytes: what is not a whole frame that this module wrote is none.
//! Public so that strangers' bytes can be tried on it; where frames lie is the concern of `sqlite::log`.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;

use crate::Key;
use crate::batch::TallyDelta;
use crate::journal::JournalRow;

/// What a frame begins with. Its first byte occurs in no JSON text, so no audit record can pass for a frame.
const MAGIC: [u8; 4] = [1, b'B', b'L', 1];
/// Magic, checksum, length and number.
const HEADER_BYTES: usize = 4 + 4 + 4 + 8;
/// What the checksum is of starts here.
const CHECKED_FROM: usize = 8;
/// What comes with the journal entries: their length, first and last moment.
const JOURNAL_BYTES: usize = 4 + 8 + 8;
/// What comes with the names of a tally: their lengths, count and moment.
const TALLY_BYTES: usize = 4 + 4 + 8 + 8;

/// The journal entries and tallies of one group of commits.
#[derive(Debug, Default)]
pub struct Group {
    /// Its number; rises from one group to the next.
    pub(crate) seq: i64,
    pub(crate) journal: JournalRow,
    pub(crate) tallies: Vec<((Key, Arc<str>), TallyDelta)>,
}

impl Group {
    /// The size of the frame of a group with these entries and tallies, in bytes.
    pub(crate) fn frame_bytes(
        journal: &JournalRow,
        tallies: &BTreeMap<(Key, Arc<str>), TallyDelta>,
    ) -> usize {
        let names = tallies.keys().map(|(key, counter)| key.as_bytes().len() + counter.len());
        let tallies = names.map(|names| names + TALLY_BYTES).sum::<usize>();
        HEADER_BYTES + JOURNAL_BYTES + journal.body.len() + tallies
    }

    /// Writes the frame behind what `out` holds.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.seq.to_be_bytes());
        // Lengths fit: what goes into a frame is far smaller than 4 GiB.
        out.extend_from_slice(&(self.journal.body.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.journal.body);
        if let Some((first, last)) = self.journal.span() {
            out.extend_from_slice(&first.millis().to_be_bytes());
            out.extend_from_slice(&last.millis().to_be_bytes());
        }
        for ((key, counter), delta) in &self.tallies {
            for text in [key.as_bytes(), counter.as_bytes()] {
                out.extend_from_slice(&(text.len() as u32).to_be_bytes());
                out.extend_from_slice(text);
            }
            out.extend_from_slice(&delta.count.to_be_bytes());
            out.extend_from_slice(&delta.last.millis().to_be_bytes());
        }
        let length = (out.len() - start - HEADER_BYTES) as u32;
        out[start + CHECKED_FROM..][..4].copy_from_slice(&length.to_be_bytes());
        let checksum = crc32fast::hash(&out[start + CHECKED_FROM..]);
        out[start + 4..][..4].copy_from_slice(&checksum.to_be_bytes());
    }

    /// Reads the frame that `bytes` begin with, and tells its length; `None` if they do not begin with a whole one.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let header = bytes.get(..HEADER_BYTES)?;
        if header[..4] != MAGIC {
            return None;
        }
        let mut fields = Fields(&header[4..]);
        let checksum = u32::from_be_bytes(fields.array()?);
        let length = u32::from_be_bytes(fields.array()?) as usize;
        let seq = i64::from_be_bytes(fields.array()?);
        let end = HEADER_BYTES.checked_add(length)?;
        let checked = bytes.get(CHECKED_FROM..end)?;
        if crc32fast::hash(checked) != checksum {
            return None;
        }
        Some((Self::parse(seq, &bytes[HEADER_BYTES..end])?, end))
    }

    /// Reads the payload of a frame; `None` if no group has it.
    pub fn parse(seq: i64, payload: &[u8]) -> Option<Self> {
        let mut fields = Fields(payload);
        let length = u32::from_be_bytes(fields.array()?) as usize;
        let body = fields.take(length)?.to_vec();
        let span = if body.is_empty() { None } else { Some((fields.time()?, fields.time()?)) };
        let mut tallies = Vec::new();
        while !fields.0.is_empty() {
            let length = u32::from_be_bytes(fields.array()?) as usize;
            let key = Key::from_bytes(fields.take(length)?).ok()?;
            let length = u32::from_be_bytes(fields.array()?) as usize;
            let counter = std::str::from_utf8(fields.take(length)?).ok()?.into();
            let count = u64::from_be_bytes(fields.array()?);
            tallies.push(((key, counter), TallyDelta { count, last: fields.time()? }));
        }
        Some(Self { seq, journal: JournalRow::from_parts(body, span), tallies })
    }
}

/// What is left of a payload.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A moment that a timestamp holds; any other was not written here.
    fn time(&mut self) -> Option<Timestamp> {
        let millis = i64::from_be_bytes(self.array()?);
        Some(Timestamp::from_millis(millis)).filter(|time| time.millis() == millis)
    }
}

#[cfg(test)]
mod tests {
    use base::AccountId;

    use super::*;
    use crate::{JournalEntry, Scope};

    fn group() -> Group {
        let scope = Scope::global(AccountId::DEFAULT);
        let mut group = Group { seq: 7, ..Group::default() };
        let entry = JournalEntry {
            scope: scope.clone(),
            at: Timestamp::from_millis(5),
            id: "id".into(),
            body: b"{}".to_vec(),
        };
        group.journal.push(&entry).expect("fits");
        let key = Key::new(&scope, "s", "k", "a").expect("valid");
        let delta = TallyDelta { count: 3, last: Timestamp::from_millis(4) };
        group.tallies.push(((key, "Use".into()), delta));
        group
    }

    fn frame(group: &Group) -> Vec<u8> {
        let mut bytes = Vec::new();
        group.write(&mut bytes);
        bytes
    }

    #[test]
    fn a_frame_comes_back() {
        let group = group();
        let mut bytes = frame(&group);
        let tallies = group.tallies.iter().cloned().collect();
        assert_eq!(Group::frame_bytes(&group.journal, &tallies), bytes.len());
        let length = bytes.len();
        bytes.extend_from_slice(b"what follows");
        let (read, end) = Group::read(&bytes).expect("whole");
        assert_eq!(end, length);
        assert_eq!(frame(&read), frame(&group));
        assert_eq!(read.journal.span(), group.journal.span());
        let empty = frame(&Group { seq: 1, ..Group::default() });
        assert_eq!(Group::read(&empty).expect("whole").1, empty.len());
    }

    #[test]
    fn what_is_cut_or_changed_is_no_frame() {
        let bytes = frame(&group());
        for length in 0..bytes.len() {
            assert!(Group::read(&bytes[..length]).is_none(), "{length}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(Group::read(&changed).is_none(), "{at} {bit}");
            }
        }
    }
}
