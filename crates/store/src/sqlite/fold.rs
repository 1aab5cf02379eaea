//! Moving groups from the log into the tables, where they are queried for as long as they are kept.
//!
//! Groups that follow each other without another journal row between their numbers share a row, so that it is as large
//! as a query reads well and not as small as groups are.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::StoreError;
use crate::batch::TallyDelta;
use crate::frame::Group;

/// Bytes after which a row takes no further group.
const ROW_BYTES: usize = 256 * 1024;
/// Number and length before each group of a shared row.
const GROUP_HEADER_BYTES: usize = 8 + 4;

/// Writes the groups, which are in order, and the mark that says so, into the open transaction of `connection`. Groups
/// that are in the tables already, or were when those were emptied, are left out.
pub(super) fn fold(connection: &Connection, groups: &[Arc<Group>]) -> rusqlite::Result<()> {
    let mark = mark(connection)?;
    let groups = &groups[groups.partition_point(|group| group.seq <= mark)..];
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return Ok(()) };
    let mut between = connection
        .prepare_cached("SELECT seq FROM journal WHERE seq > ?1 AND seq < ?2 ORDER BY seq")?;
    let between: Vec<i64> =
        between.query_map([first.seq, last.seq], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO journal (seq, first_at, last_at, body, shared) VALUES (?1, ?2, ?3, ?4, 1)",
    )?;
    let mut open: Option<Row> = None;
    for group in groups {
        let Some((first, last)) = group.journal.span() else { continue };
        let span = (first.millis(), last.millis());
        match &mut open {
            Some(row) if row.takes(group, &between) => row.push(group, span),
            _ => {
                if let Some(full) = open.replace(Row::new(group, span)) {
                    insert.execute(params![full.seq, full.first, full.last, full.body])?;
                }
            }
        }
    }
    if let Some(row) = open {
        insert.execute(params![row.seq, row.first, row.last, row.body])?;
    }

    let mut tallies: BTreeMap<_, TallyDelta> = BTreeMap::new();
    for (counter, delta) in groups.iter().flat_map(|group| &group.tallies) {
        tallies.entry(counter).and_modify(|sum| sum.merge(*delta)).or_insert(*delta);
    }
    for ((key, counter), delta) in tallies {
        add_tally(connection, key.as_bytes(), counter, delta)?;
    }
    set_mark(connection, last.seq)
}

/// The number up to which the tables have every group of the log.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'folded'")?
        .query_row([], |row| row.get(0))
}

/// Raises that number.
pub(super) fn set_mark(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'folded'")?;
    statement.execute([seq]).map(drop)
}

/// Adds to one counter.
pub(super) fn add_tally(
    connection: &Connection,
    key: &[u8],
    counter: &str,
    delta: TallyDelta,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO tally (key, counter, count, last) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key, counter) DO UPDATE SET count = count + ?3, last = max(last, ?4)",
    )?;
    let count = i64::try_from(delta.count).unwrap_or(i64::MAX);
    add.execute(params![key, counter, count, delta.last.millis()]).map(drop)
}

/// The groups of a shared row with their numbers, in order.
pub(super) fn groups_of(mut row: &[u8]) -> Result<Vec<(i64, &[u8])>, StoreError> {
    let mut groups = Vec::new();
    while !row.is_empty() {
        let split = row.split_first_chunk().and_then(|(seq, rest)| {
            let (length, rest) = rest.split_first_chunk()?;
            let (group, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            Some(((i64::from_be_bytes(*seq), group), rest))
        });
        let (group, rest) = split.ok_or(StoreError::Corrupt("journal row"))?;
        groups.push(group);
        row = rest;
    }
    Ok(groups)
}

/// A journal row in the making.
struct Row {
    seq: i64,
    first: i64,
    last: i64,
    body: Vec<u8>,
}

impl Row {
    fn new(group: &Group, (first, last): (i64, i64)) -> Self {
        let mut row = Self { seq: group.seq, first, last, body: Vec::new() };
        row.push(group, (first, last));
        row
    }

    /// Whether the group may join: there is room, and no row of `others` lies between.
    fn takes(&self, group: &Group, others: &[i64]) -> bool {
        let bytes = self.body.len() + GROUP_HEADER_BYTES + group.journal.body.len();
        let passed = others.partition_point(|other| *other < self.seq);
        let next = others.get(passed);
        bytes <= ROW_BYTES && next.is_none_or(|other| *other > group.seq)
    }

    fn push(&mut self, group: &Group, (first, last): (i64, i64)) {
        let body = &group.journal.body;
        self.body.extend_from_slice(&group.seq.to_be_bytes());
        // It fits: a group came out of a frame.
        self.body.extend_from_slice(&(body.len() as u32).to_be_bytes());
        self.body.extend_from_slice(body);
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}
