//! `cargo xtask test`: every stage in order, on after a failure, a table at the end.

mod clients;
mod counts;
pub(crate) mod fuzz;
mod rust;
mod weight;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::error::Error;
use crate::report::{self, Counts, Report, print, say};
use crate::workspace::{self, Profile};

/// Seconds for each fuzz target in a usual run, and in a long one.
const FUZZ_SECONDS: [u32; 2] = [5, 60];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take the time: more rounds of the loss tests, a minute for each fuzz target
    #[arg(long)]
    long: bool,
    /// Run only these stages; may be repeated
    #[arg(long, value_enum, value_name = "STAGE")]
    only: Vec<Stage>,
    /// Write the closing counts to this file instead of printing them
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// What can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Unit and in-process tests of all crates
    Unit,
    /// The tests that need PostgreSQL, on a private server
    Postgres,
    /// Kill the program at random moments and look for what was lost
    Loss,
    /// AWS CLI, AWS SDKs and the AWS Encryption SDK against the built program
    Clients,
    /// Start time, resident memory and size of the release build
    Weight,
    /// Some seconds for every fuzz target
    Fuzz,
}

/// What the stages hand to the tests they run.
struct Setting {
    /// The dev build of the program, as `BASTIDE_BINARY` in their environment.
    program: PathBuf,
    /// Whether to take the time.
    long: bool,
}

impl Setting {
    fn apply(&self, command: &mut std::process::Command) {
        command.current_dir(workspace::root()).env("BASTIDE_BINARY", &self.program);
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let wanted = |stage| args.only.is_empty() || args.only.contains(&stage);
    let mut report = Report::default();
    let uses_program =
        args.only.is_empty() || args.only.iter().any(|s| !matches!(s, Stage::Weight | Stage::Fuzz));
    let build = || workspace::build_all().map(|_| Counts::PASS.into());
    if !uses_program || report.stage("build", build) {
        let setting = Setting { program: workspace::program(Profile::Dev)?, long: args.long };
        stages(&setting, &wanted, &mut report);
    }
    say(&report.table());
    let counts = report.counts();
    let line = report::closing_line(counts);
    match &args.summary {
        Some(file) => std::fs::write(file, line).map_err(Error::file(file))?,
        None => print(&line),
    }
    match counts.failed {
        0 => Ok(()),
        failed => Err(Error::Check(format!("{failed} failed"))),
    }
}

fn stages(setting: &Setting, wanted: &impl Fn(Stage) -> bool, report: &mut Report) {
    if wanted(Stage::Unit) {
        report.stage("unit", || rust::unit(setting));
    }
    if wanted(Stage::Postgres) {
        report.stage("postgres", || rust::postgres(setting));
    }
    if wanted(Stage::Loss) {
        report.stage("loss", || rust::loss(setting));
    }
    if wanted(Stage::Clients) {
        report.stage("python", || clients::python(setting));
        report.stage("javascript", || clients::javascript(setting));
    }
    if wanted(Stage::Weight) {
        report.stage("weight", weight::measure);
    }
    if wanted(Stage::Fuzz) {
        let seconds = FUZZ_SECONDS[usize::from(setting.long)];
        report.stage("fuzz", || fuzz::all(seconds));
    }
}
