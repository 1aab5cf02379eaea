//! Real clients against the built program. The suites start it themselves, from `BASTIDE_BINARY`.

use std::process::Command;

use super::{Setting, counts};
use crate::error::Error;
use crate::process;
use crate::report::{Counts, Outcome};
use crate::tools::{node, python};
use crate::workspace;

/// The suite of the Python clients, below the root of the checkout.
const PYTHON_SUITE: &str = "tests/clients/python";

/// How long one JavaScript test may take, in milliseconds. The Python suite has its own limit in `pytest.ini`.
const NODE_TEST_TIMEOUT_MS: u32 = 120_000;

/// boto3, AWS CLI and the AWS Encryption SDK, by pytest.
pub(super) fn python(setting: &Setting) -> Result<Outcome, Error> {
    let programs = python::environment()?;
    let mut pytest = Command::new(programs.join("python"));
    pytest.args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", PYTHON_SUITE]);
    // The environment's own aws must be the one that tests find.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(programs).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(path) {
        pytest.env("PATH", path);
    }
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    setting.apply(&mut pytest);

    let mut sum = Counts::default();
    let mut notes = Vec::new();
    let well = process::listen(&mut pytest, |line| {
        counts::pytest(line, &mut sum);
        if line.starts_with("SKIPPED") {
            notes.push(line.to_owned());
        }
    })?;
    Ok(Outcome { counts: counts::settle(sum, well), notes })
}

/// The AWS SDK for JavaScript, by Node's own runner.
pub(super) fn javascript(setting: &Setting) -> Result<Outcome, Error> {
    node::packages()?;
    let folder = workspace::root().join(node::FOLDER);
    let mut suites: Vec<_> = std::fs::read_dir(&folder)
        .map_err(Error::file(&folder))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    suites.sort();
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"]);
    node.arg(format!("--test-timeout={NODE_TEST_TIMEOUT_MS}"));
    node.args(suites);
    setting.apply(&mut node);
    let mut sum = Counts::default();
    let well = process::listen(&mut node, |line| counts::node(line, &mut sum))?;
    Ok(counts::settle(sum, well).into())
}
