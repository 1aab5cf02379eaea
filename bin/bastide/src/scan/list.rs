//! Which files there are below the given paths. Links are followed where they are given, not where they are found, so that
//! no folder is walked twice.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use base::Timestamp;
use discover::Unreadable;

use super::Failure;
use super::object::ObjectReport;

/// A file to scan.
pub(super) struct File {
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    pub modified: Timestamp,
}

/// What was listed.
pub(super) struct Listed {
    pub files: Vec<File>,
    /// Folders and files that could not be looked at.
    pub unlisted: Vec<ObjectReport>,
}

/// Lists the regular files below `paths` in the order of their names, changed since then if that is given.
pub(super) fn files(paths: &[PathBuf], since: Option<Timestamp>) -> Result<Listed, Failure> {
    let mut listed = Listed { files: Vec::new(), unlisted: Vec::new() };
    for path in paths {
        // What is named on the command line must be there.
        let metadata =
            fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        listed.add(path.clone(), &metadata, since);
    }
    listed.files.sort_by(|a, b| a.path.cmp(&b.path));
    listed.files.dedup_by(|a, b| a.path == b.path);
    Ok(listed)
}

impl Listed {
    fn add(&mut self, path: PathBuf, metadata: &Metadata, since: Option<Timestamp>) {
        if metadata.is_dir() {
            self.folder(&path, since);
        } else if metadata.is_file() {
            let modified = modified(metadata);
            if since.is_none_or(|since| modified >= since) {
                self.files.push(File { path, size: metadata.len(), modified });
            }
        }
    }

    fn folder(&mut self, folder: &Path, since: Option<Timestamp>) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unlisted.push(ObjectReport::unreadable(&folder, &Unreadable::Io(error)));
                    continue;
                }
            };
            for entry in entries {
                let looked = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)));
                match looked {
                    Ok((path, metadata)) if metadata.is_dir() => folders.push(path),
                    Ok((path, metadata)) => self.add(path, &metadata, since),
                    Err(error) => {
                        self.unlisted
                            .push(ObjectReport::unreadable(&folder, &Unreadable::Io(error)));
                    }
                }
            }
        }
    }
}

fn modified(metadata: &Metadata) -> Timestamp {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Timestamp::from_millis(
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
    )
}
