//! The journal of a scan: one line a file that is done, so that an interrupted scan goes on where it was. A line that was
//! cut by the interruption is dropped and its file scanned again; a file that changed since is scanned again, too.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Failure, list, object::ObjectReport};

/// The first line.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    journal: String,
    settings: String,
}

/// An open journal.
pub(super) struct Journal {
    file: File,
    done: HashMap<String, ObjectReport>,
}

impl Journal {
    /// Opens or begins a journal; one that was kept under other settings is refused.
    pub fn open(path: &Path, settings: &str) -> Result<Self, Failure> {
        let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| fail(&error))?;
        let expected =
            Header { journal: "bastide scan 1".to_owned(), settings: settings.to_owned() };
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let mut whole = 0;
        let mut done = HashMap::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            if whole == 0 {
                let header: Header =
                    serde_json::from_slice(&line).map_err(|_| fail(&"no journal of a scan"))?;
                if header != expected {
                    return Err(fail(
                        &"a journal of another version or other settings; scan without it",
                    )
                    .into());
                }
            } else {
                let report: ObjectReport =
                    serde_json::from_slice(&line).map_err(|error| fail(&error))?;
                done.insert(report.path.clone(), report);
            }
            whole += line.len() as u64;
            line.clear();
        }
        // A file that is no journal keeps its content; only what follows a header may be cut.
        if whole == 0 && !line.is_empty() {
            return Err(fail(&"no journal of a scan").into());
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        let mut journal = Self { file, done };
        if whole == 0 {
            journal.write(&expected)?;
        }
        Ok(journal)
    }

    /// The reports of files that are done and have not changed; takes them off the list.
    pub fn take_done(&mut self, files: &mut Vec<list::File>) -> Vec<ObjectReport> {
        let mut reports = Vec::new();
        files.retain(|file| {
            let done = self.done.remove(file.path.to_string_lossy().as_ref());
            match done {
                Some(report)
                    if report.size == file.size && report.modified == file.modified.millis() =>
                {
                    reports.push(report);
                    false
                }
                _ => true,
            }
        });
        reports
    }

    /// Notes a file as done.
    pub fn append(&mut self, report: &ObjectReport) -> Result<(), Failure> {
        self.write(report)
    }

    /// Makes sure that the notes outlast the machine.
    pub fn sync(&self) -> Result<(), Failure> {
        Ok(self.file.sync_data()?)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        Ok(self.file.write_all(&text)?)
    }
}
