//! One file: opened, scanned, reported.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use discover::{Classification, Engine, Scratch, Unreadable};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::list::File;

/// What was found in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectReport {
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970.
    pub modified: i64,
    /// What it turned out to be; `None` if it could not be read.
    pub format: Option<String>,
    pub classification: Classification,
}

impl ObjectReport {
    pub fn unreadable(path: &Path, reason: &Unreadable) -> Self {
        let mut classification = Classification::default();
        classification.note_unread("", reason);
        Self {
            path: path.to_string_lossy().into_owned(),
            size: 0,
            modified: 0,
            format: None,
            classification,
        }
    }
}

/// Scans a file. What cannot be read is part of the report.
pub(super) fn scan(
    engine: &Engine,
    scratch: &mut Scratch,
    file: &File,
    confidence: u8,
    bar: &ProgressBar,
) -> ObjectReport {
    let mut classification = Classification::new(confidence);
    let name = file.path.to_string_lossy();
    let mut counted = 0;
    let outcome = fs::File::open(&file.path).map_err(Unreadable::Io).and_then(|opened| {
        let mut source = Counted { file: opened, bar, counted: &mut counted, size: file.size };
        engine.scan_object(scratch, &name, &mut source, &mut classification)
    });
    bar.inc(file.size.saturating_sub(counted));
    let format = match outcome {
        Ok(scanned) => Some(scanned.format.name().to_owned()),
        Err(reason) => {
            classification.note_unread("", &reason);
            None
        }
    };
    ObjectReport {
        path: name.into_owned(),
        size: file.size,
        modified: file.modified.millis(),
        format,
        classification,
    }
}

/// A file that moves the progress bar as it is read, and never past its size.
struct Counted<'c> {
    file: fs::File,
    bar: &'c ProgressBar,
    counted: &'c mut u64,
    size: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        let step = (length as u64).min(self.size.saturating_sub(*self.counted));
        *self.counted += step;
        self.bar.inc(step);
        Ok(length)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
