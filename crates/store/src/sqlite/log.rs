//! The commit log: where a group of commits that changes no record becomes durable with one write and one sync.
//!
//! Two segments take turns. Frames go into the active one, each at the start of a page; when it is full its groups are
//! folded into the database in the background, and it is written again from its start. A frame counts if it is whole and
//! its number is above the one up to which the database has every group, so nothing has to be erased and replay may be
//! repeated. Groups that wait to be folded are kept in memory too, where queries find them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::private_file;
use crate::StoreError;
use crate::frame::Group;

/// Names of the segments within the folder.
const SEGMENT_FILES: [&str; 2] = ["log.0", "log.1"];
/// Size of a full segment in bytes.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// What a segment grows by when it is written for the first time, in bytes.
const GROWTH_BYTES: usize = 512 * 1024;
/// Largest frame in bytes; what is larger goes into the database at once.
pub(super) const FRAME_MAX_BYTES: usize = 1024 * 1024;
/// Frames begin at multiples of this, in bytes, so that no write touches a page with an acknowledged frame.
const PAGE_BYTES: usize = 4096;

/// The writer's end of the log.
pub(super) struct Log {
    segments: [Segment; 2],
    active: usize,
    buffer: Vec<u8>,
    unfolded: Arc<Unfolded>,
}

/// Whether a group is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is.
    Here,
    /// It is, and the other segment is full: it is time to fold.
    FoldSoon,
    /// It is not, for lack of room: fold, and try again.
    Full,
}

/// A group is not in the log, and nothing of it, or perhaps it is.
#[derive(Debug)]
pub(super) enum AppendError {
    Refused(StoreError),
    Unknown(std::io::Error),
}

impl Log {
    /// Opens the segments of the folder for writing, creating those that are missing. What they hold must have been
    /// folded: `folded` is at least the number of every group in them.
    pub(super) fn open(dir: &Path, folded: i64) -> Result<Self, StoreError> {
        let open = |name| Segment::open(dir.join(name));
        let segments = [open(SEGMENT_FILES[0])?, open(SEGMENT_FILES[1])?];
        let state = State { groups: VecDeque::new(), folded };
        let unfolded = Arc::new(Unfolded(Mutex::new(state)));
        Ok(Self { segments, active: 0, buffer: Vec::new(), unfolded })
    }

    /// The groups that are not in the database yet.
    pub(super) fn unfolded(&self) -> &Arc<Unfolded> {
        &self.unfolded
    }

    /// Makes the group durable. Numbers must rise from one group to the next.
    pub(super) fn append(&mut self, group: &Arc<Group>) -> Result<Appended, AppendError> {
        self.buffer.clear();
        group.write(&mut self.buffer);
        self.buffer.resize(self.buffer.len().next_multiple_of(PAGE_BYTES), 0);
        let folded = self.unfolded.state().folded;
        let mut appended = Appended::Here;
        if !self.segments[self.active].takes(self.buffer.len(), folded) {
            self.active = 1 - self.active;
            if !self.segments[self.active].takes(self.buffer.len(), folded) {
                self.active = 1 - self.active;
                return Ok(Appended::Full);
            }
            appended = Appended::FoldSoon;
        }
        self.segments[self.active].write(&self.buffer, group.seq)?;
        self.unfolded.state().groups.push_back(group.clone());
        Ok(appended)
    }
}

struct Segment {
    path: PathBuf,
    file: File,
    /// How much of the file has been written before; writing it again changes no metadata.
    reserved: u64,
    /// Where the next frame goes.
    end: u64,
    /// Number of the last group in it.
    last: i64,
}

impl Segment {
    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = private_file(&path)?;
        let reserved = file.metadata().map_err(|e| StoreError::file(&path, e))?.len();
        Ok(Self { path, file, reserved, end: 0, last: i64::MIN })
    }

    /// Whether there is room, after starting over if everything in it is folded.
    fn takes(&mut self, bytes: usize, folded: i64) -> bool {
        if self.last <= folded {
            self.end = 0;
        }
        self.end + bytes as u64 <= SEGMENT_BYTES
    }

    fn write(&mut self, frame: &[u8], seq: i64) -> Result<(), AppendError> {
        let end = self.end + frame.len() as u64;
        while self.reserved < end {
            let grown = self.grow().map_err(|e| StoreError::file(&self.path, e));
            grown.map_err(AppendError::Refused)?;
        }
        match self.file.write_all_at(frame, self.end) {
            Ok(()) => {}
            // A file system that copies what it overwrites. Part of a frame is none.
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                return Err(AppendError::Refused(StoreError::file(&self.path, error)));
            }
            Err(error) => return Err(AppendError::Unknown(error)),
        }
        self.file.sync_data().map_err(AppendError::Unknown)?;
        self.end = end;
        self.last = seq;
        Ok(())
    }

    fn grow(&mut self) -> std::io::Result<()> {
        self.file.write_all_at(&vec![0; GROWTH_BYTES], self.reserved)?;
        self.file.sync_all()?;
        self.reserved += GROWTH_BYTES as u64;
        Ok(())
    }
}

/// The groups behind number `folded` that the folder's log holds, in order.
pub(super) fn replay(dir: &Path, folded: i64) -> Result<Vec<Arc<Group>>, StoreError> {
    let mut groups = Vec::new();
    for name in SEGMENT_FILES {
        let path = dir.join(name);
        match std::fs::read(&path) {
            Ok(content) => read_segment(&content, &mut groups),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::file(&path, error)),
        }
    }
    groups.retain(|group| group.seq > folded);
    groups.sort_unstable_by_key(|group| group.seq);
    Ok(groups.into_iter().map(Arc::new).collect())
}

/// Every whole frame. What lies between is skipped page by page: a frame that was being written when the process
/// died, or bytes that rotted, must not hide the frames behind them.
fn read_segment(content: &[u8], groups: &mut Vec<Group>) {
    let mut at = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match Group::read(rest) {
            Some((group, bytes)) => {
                groups.push(group);
                bytes
            }
            None => PAGE_BYTES,
        };
        at += step.next_multiple_of(PAGE_BYTES);
    }
}

/// Groups that are durable in the log and not in the database yet.
pub(super) struct Unfolded(Mutex<State>);

struct State {
    groups: VecDeque<Arc<Group>>,
    /// The database has every group up to this number.
    folded: i64,
}

impl Unfolded {
    /// All of them, oldest first. Those that a database snapshot taken later has as well are told by its own mark.
    pub(super) fn snapshot(&self) -> Vec<Arc<Group>> {
        self.state().groups.iter().cloned().collect()
    }

    /// The oldest, up to about so many bytes.
    pub(super) fn oldest(&self, max_bytes: usize) -> Vec<Arc<Group>> {
        let mut bytes = 0;
        let state = self.state();
        let fits = state.groups.iter().take_while(|group| {
            let before = bytes;
            bytes += group.journal.body.len();
            before < max_bytes
        });
        fits.cloned().collect()
    }

    /// Forgets the groups up to this number: the database has them, or was emptied.
    pub(super) fn folded(&self, up_to: i64) {
        let mut state = self.state();
        while state.groups.front().is_some_and(|group| group.seq <= up_to) {
            state.groups.pop_front();
        }
        state.folded = state.folded.max(up_to);
    }

    /// A queue and a number are whole at every moment, whoever panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use base::{AccountId, Timestamp};
    use tempfile::TempDir;

    use super::*;
    use crate::{JournalEntry, Scope};

    fn group(seq: i64, bytes: usize) -> Arc<Group> {
        let entry = JournalEntry {
            scope: Scope::global(AccountId::DEFAULT),
            at: Timestamp::from_millis(seq),
            id: seq.to_string(),
            body: vec![b'x'; bytes],
        };
        let mut group = Group { seq, ..Group::default() };
        group.journal.push(&entry).expect("fits");
        Arc::new(group)
    }

    fn opened() -> (TempDir, Log) {
        let dir = tempfile::tempdir().expect("a folder");
        let log = Log::open(dir.path(), 0).expect("opens");
        (dir, log)
    }

    fn found(dir: &TempDir, folded: i64) -> Vec<i64> {
        let groups = replay(dir.path(), folded).expect("reads");
        groups.iter().map(|group| group.seq).collect()
    }

    #[test]
    fn what_was_appended_is_replayed_until_it_is_folded() {
        let (dir, mut log) = opened();
        assert!(found(&dir, 0).is_empty());
        for (seq, bytes) in [(3, 10), (4, 3 * PAGE_BYTES), (7, PAGE_BYTES - 1)] {
            assert_eq!(log.append(&group(seq, bytes)).expect("appends"), Appended::Here);
        }
        assert_eq!(found(&dir, 0), [3, 4, 7]);
        assert_eq!(found(&dir, 4), [7]);
        // Folded, the segment starts over; what is left of earlier frames counts no more.
        log.unfolded().folded(7);
        log.append(&group(8, 1)).expect("appends");
        assert_eq!(found(&dir, 7), [8]);
        let unfolded = log.unfolded().snapshot();
        assert_eq!(unfolded.iter().map(|group| group.seq).collect::<Vec<_>>(), [8]);
    }

    #[test]
    fn segments_take_turns_and_wait_for_the_fold() {
        let (dir, mut log) = opened();
        let mut soon = Vec::new();
        let mut seq = 0;
        let full = loop {
            seq += 1;
            match log.append(&group(seq, FRAME_MAX_BYTES / 2)).expect("appends") {
                Appended::Here => {}
                Appended::FoldSoon => soon.push(seq),
                Appended::Full => break seq,
            }
        };
        assert_eq!(found(&dir, 0), (1..full).collect::<Vec<_>>());
        let [switched] = soon[..] else { panic!("one switch, not {soon:?}") };
        // With only the first segment folded, that one is used again.
        log.unfolded().folded(switched - 1);
        let again = log.append(&group(full, FRAME_MAX_BYTES / 2)).expect("appends");
        assert_eq!(again, Appended::FoldSoon);
        assert_eq!(found(&dir, switched - 1), (switched..=full).collect::<Vec<_>>());
    }

    #[test]
    fn damage_costs_the_frame_that_it_hits() {
        let (dir, mut log) = opened();
        for seq in 1..=3 {
            log.append(&group(seq, 2 * PAGE_BYTES)).expect("appends");
        }
        let path = dir.path().join(SEGMENT_FILES[0]);
        let whole = std::fs::read(&path).expect("reads");
        let frame = 3 * PAGE_BYTES;
        for at in [0, 5, 100, 2 * PAGE_BYTES + 10] {
            let mut rotten = whole.clone();
            rotten[frame + at] ^= 1;
            std::fs::write(&path, &rotten).expect("writes");
            assert_eq!(found(&dir, 0), [1, 3], "{at}");
        }
        // A write that the end of the process cut short.
        for length in [2 * frame, 2 * frame + 3, 2 * frame + PAGE_BYTES, 3 * frame - PAGE_BYTES] {
            std::fs::write(&path, &whole[..length]).expect("writes");
            assert_eq!(found(&dir, 0), [1, 2], "{length}");
        }
    }

    #[test]
    fn a_full_disk_refuses_and_leaves_the_log_usable() {
        let dir = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/dev/full", dir.path().join(SEGMENT_FILES[0])).expect("links");
        let mut log = Log::open(dir.path(), 0).expect("opens");
        for seq in 1..3 {
            let refused = log.append(&group(seq, 1)).expect_err("no space");
            assert!(matches!(refused, AppendError::Refused(_)), "{refused:?}");
        }
        assert!(log.unfolded().snapshot().is_empty());
    }
}
