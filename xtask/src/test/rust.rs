//! The tests written in Rust, by cargo-nextest where it is, else by `cargo test`.
//!
//! One build serves all stages. A test that needs PostgreSQL has `postgres` in its name; that is how it is found,
//! and how it is named when there is no server. The crate `loss` is a stage of its own.

use std::process::Command;

use super::{Setting, counts};
use crate::error::Error;
use crate::process::{self, cargo};
use crate::report::{Counts, Outcome};
use crate::tools::postgres::Postgres;
use crate::workspace;

/// In the name of every test that needs a server.
const POSTGRES: &str = "postgres";

/// The crate of the loss tests.
const LOSS: &str = "loss";

/// Kills in a long run; the tests' own number is for a usual one.
const LONG_LOSS_CYCLES: &str = "1000";

/// Conformance cases that are not part of the project; the tests read them where they are.
const SHARED_DATA: &str = "../shared/data";

/// Everything but what the other stages run.
pub(super) fn unit(setting: &Setting) -> Result<Outcome, Error> {
    let filter = format!("not package({LOSS}) and not test(/{POSTGRES}/)");
    let mut outcome = run(setting, &filter, &["--exclude", LOSS], &["--skip", POSTGRES], |_| {})?;
    if !workspace::root().join(SHARED_DATA).is_dir() {
        outcome.notes.push(format!(
            "protocol and SigV4 conformance cases did not run: {SHARED_DATA} is absent"
        ));
    }
    Ok(outcome)
}

/// The tests that need PostgreSQL. They share one server; each keeps to tables of its own.
pub(super) fn postgres(setting: &Setting) -> Result<Outcome, Error> {
    let filter = format!("not package({LOSS}) and test(/{POSTGRES}/)");
    match Postgres::start() {
        Ok(server) => run(setting, &filter, &["--exclude", LOSS], &[POSTGRES], |command| {
            command.env("BASTIDE_TEST_POSTGRES", server.url());
        }),
        Err(Error::Missing { what, why }) => {
            without_postgres(setting, &["--workspace", "--exclude", LOSS], what, &why)
        }
        Err(error) => Err(error),
    }
}

/// The tests that kill the program. A whole program has a server to itself.
pub(super) fn loss(setting: &Setting) -> Result<Outcome, Error> {
    let package = ["--package", LOSS];
    let cycles = |command: &mut Command| {
        if setting.long {
            command.env("BASTIDE_LOSS_CYCLES", LONG_LOSS_CYCLES);
        }
    };
    match Postgres::start() {
        Ok(server) => run(setting, &format!("package({LOSS})"), &package, &[], |command| {
            cycles(command);
            command.env("BASTIDE_TEST_POSTGRES", server.url());
        }),
        Err(Error::Missing { what, why }) => {
            let filter = format!("package({LOSS}) and not test(/{POSTGRES}/)");
            let mut outcome = run(setting, &filter, &package, &["--skip", POSTGRES], cycles)?;
            let skipped = without_postgres(setting, &package, what, &why)?;
            outcome.counts.add(skipped.counts);
            outcome.notes.extend(skipped.notes);
            Ok(outcome)
        }
        Err(error) => Err(error),
    }
}

/// What did not run for want of a server, by name.
fn without_postgres(
    setting: &Setting,
    packages: &[&str],
    what: &str,
    why: &str,
) -> Result<Outcome, Error> {
    let mut list = cargo();
    list.args(["test", "--quiet", "--lib", "--bins", "--tests"]).args(packages);
    list.args(["--", "--list", POSTGRES]);
    setting.apply(&mut list);
    let listed = process::output(&mut list)?;
    let names: Vec<_> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let mut outcome = Outcome::skipped(count, format!("{what} is missing: {why}; not run:"));
    outcome.notes.extend(names.into_iter().map(str::to_owned));
    Ok(outcome)
}

/// Runs the tests that nextest's `filter` selects; `packages` and `names` select the same for `cargo test`.
fn run(
    setting: &Setting,
    filter: &str,
    packages: &[&str],
    names: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> Result<Outcome, Error> {
    let cargo_home = std::env::home_dir().map(|home| home.join(".cargo/bin"));
    let nextest = process::find("cargo-nextest", cargo_home.as_slice()).is_some();
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"]);
        command.args(["--status-level=slow", "--final-status-level=fail"]);
        command.args(["--filterset", filter]);
    } else {
        command.args(["test", "--quiet", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        if !packages.contains(&"--package") {
            command.arg("--workspace");
        }
        command.args(packages).arg("--").args(names);
    }
    setting.apply(&mut command);
    prepare(&mut command);
    let reader = if nextest { counts::nextest } else { counts::libtest };
    let mut sum = Counts::default();
    let well = process::listen(&mut command, |line| reader(line, &mut sum))?;
    Ok(counts::settle(sum, well).into())
}
