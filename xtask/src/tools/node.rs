//! The pinned npm packages of the JavaScript clients.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{cached, read};
use crate::error::{self, Error};
use crate::{process, workspace};

/// Where the JavaScript clients are, below the root of the checkout.
pub(crate) const FOLDER: &str = "tests/clients/js";

/// Makes the packages importable from `tests/clients/js`: installed in the cache, linked as its `node_modules`,
/// which git ignores.
pub(crate) fn packages() -> Result<(), Error> {
    let home = workspace::root().join(FOLDER);
    for program in ["node", "npm"] {
        if process::find(program, &[]).is_none() {
            return Err(Error::Missing { what: "Node", why: format!("no {program} on the PATH") });
        }
    }
    let manifests = ["package.json", "package-lock.json"];
    let [package, lock] = manifests.map(|file| read(&home.join(file)));
    let folder = cached("npm", &[&package?, &lock?], |folder| {
        for file in manifests {
            let to = folder.join(file);
            std::fs::copy(home.join(file), &to).map_err(Error::file(to))?;
        }
        let mut npm = Command::new("npm");
        npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
        process::run(&mut npm).map_err(|e| Error::Missing {
            what: "the npm packages of tests/clients/js",
            why: error::chain(&e),
        })
    })?;
    link(&folder.join("node_modules"), &home.join("node_modules"))
}

fn link(packages: &Path, at: &Path) -> Result<(), Error> {
    if std::fs::read_link(at).is_ok_and(|to| to == packages) {
        return Ok(());
    }
    if at.symlink_metadata().is_ok_and(|m| m.is_dir()) {
        std::fs::remove_dir_all(at).map_err(Error::file(at))?;
    } else if at.symlink_metadata().is_ok() {
        std::fs::remove_file(at).map_err(Error::file(at))?;
    }
    symlink(packages, at).map_err(Error::file(at))
}
