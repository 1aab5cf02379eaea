//! What the stages need beyond Rust, a C compiler, Python and Node, and how it is brought.
//!
//! Everything brought by a language's own package manager is pinned and lives in the cache folder, under a
//! name made of what it holds, and is made once. The system's package manager is asked only as root.

pub(crate) mod cargo_fuzz;
pub(crate) mod node;
pub(crate) mod postgres;
pub(crate) mod python;

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::process;
use crate::workspace;

/// Written last into a folder of the cache: without it the folder is half made and is made anew.
const READY: &str = ".ready";

/// A folder of the cache called `name` plus a hash of what decides its content, filled by `fill` when it is not
/// there. Two runs on one machine wait for each other.
fn cached(
    name: &str,
    content: &[&str],
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let cache = workspace::cache()?;
    let folder = cache.join(format!("{name}-{:016x}", hasher.finish()));

    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(Error::file(&lock_path))?;
    lock.lock().map_err(Error::file(&lock_path))?;
    if folder.join(READY).is_file() {
        return Ok(folder);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(Error::file(&folder))?;
    }
    std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    fill(&folder)?;
    File::create(folder.join(READY)).map_err(Error::file(&folder))?;
    Ok(folder)
}

/// Asks the system's package manager for a package. `what` names it in the error.
fn install(what: &'static str, package: &str) -> Result<(), Error> {
    let missing = |why: String| Error::Missing { what, why };
    if !process::is_root() {
        return Err(missing(format!("installing the package {package} needs root")));
    }
    if process::find("apt-get", &[]).is_none() {
        return Err(missing(format!("no apt-get here to install {package} with")));
    }
    let mut update = Command::new("apt-get");
    let mut install = Command::new("apt-get");
    process::run(update.args(["update", "--quiet"]).env("DEBIAN_FRONTEND", "noninteractive"))
        .and_then(|()| {
            install.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
            process::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
        })
        .map_err(|e| missing(crate::error::chain(&e)))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::file(path))
}
