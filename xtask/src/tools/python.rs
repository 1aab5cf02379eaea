//! A Python environment with the pinned real clients.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{cached, install, read};
use crate::error::{self, Error};
use crate::{process, workspace};

/// What the environment holds, below the root of the checkout: what is wanted, and the versions it resolves to.
const REQUIREMENTS: [&str; 2] = ["tests/clients/requirements.txt", "tests/clients/constraints.txt"];

/// What the accuracy of `bastide scan` is measured with.
const ACCURACY: &str = "tests/accuracy/requirements.txt";

/// The folder of the environment's programs: `python`, `pytest`, `aws`, `moto_server`.
pub(crate) fn environment() -> Result<PathBuf, Error> {
    environment_of("python", REQUIREMENTS)
}

/// The environment in which the accuracy of `bastide scan` is measured.
pub(crate) fn accuracy() -> Result<PathBuf, Error> {
    environment_of("python-accuracy", [ACCURACY, ACCURACY])
}

fn environment_of(name: &str, requirements: [&str; 2]) -> Result<PathBuf, Error> {
    let [wanted, versions] = requirements.map(|file| workspace::root().join(file));
    let python = process::find("python3", &[])
        .ok_or(Error::Missing { what: "Python", why: "no python3 on the PATH".into() })?;
    let version = process::output(Command::new(&python).arg("--version"))?;
    let content = [version.as_str(), &read(&wanted)?, &read(&versions)?];
    let folder = cached(name, &content, |folder| {
        create(&python, folder)?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg("--requirement").arg(&wanted).arg("--constraint").arg(&versions);
        process::run(&mut pip).map_err(|e| Error::Missing {
            what: "the Python packages of the tests",
            why: error::chain(&e),
        })
    })?;
    Ok(folder.join("bin"))
}

/// Debian splits what `venv` needs into a package of its own: bring that when the first try fails.
fn create(python: &Path, folder: &Path) -> Result<(), Error> {
    let venv = || {
        let mut venv = Command::new(python);
        process::run(venv.args(["-m", "venv", "--clear"]).arg(folder))
    };
    venv().or_else(|_| {
        install("the Python module venv", "python3-venv")?;
        venv()
    })
}
