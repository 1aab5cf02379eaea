//! Fuzzing in slices: every target of `fuzz/` for some seconds, on top of what earlier runs learned.

use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;
use crate::process;
use crate::report::{Counts, Outcome, print, say};
use crate::tools::cargo_fuzz;
use crate::workspace;

/// The longest input tried, in bytes: past it, parsers meet their own size limits and nothing new.
const MAX_INPUT_BYTES: u32 = 16 * 1024;

/// A target that holds more memory than this, in MiB, has a leak or an unbounded allocation.
const MAX_MEMORY_MIB: u32 = 1024;

/// One input that takes longer than this, in seconds, is a hang.
const MAX_INPUT_SECONDS: u32 = 10;

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target; may be repeated
    #[arg(long, value_name = "TARGET")]
    only: Vec<String>,
}

/// `cargo xtask fuzz`.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let mut targets = targets()?;
    if !args.only.is_empty() {
        targets.retain(|target| args.only.contains(target));
    }
    let outcome = fuzz(&targets, args.seconds)?;
    outcome.notes.iter().for_each(|note| print(note));
    match outcome.counts.failed {
        0 => Ok(()),
        failed => Err(Error::Check(format!("{failed} of {} targets failed", targets.len()))),
    }
}

/// The stage: all targets. When the tool cannot be had they are named as skipped.
pub(super) fn all(seconds: u32) -> Result<Outcome, Error> {
    let targets = targets()?;
    match fuzz(&targets, seconds) {
        Err(Error::Missing { what, why }) => {
            let count = u32::try_from(targets.len()).unwrap_or(u32::MAX);
            let names = targets.join(", ");
            Ok(Outcome::skipped(count, format!("{what} is missing: {why}; not run: {names}")))
        }
        other => other,
    }
}

fn fuzz(targets: &[String], seconds: u32) -> Result<Outcome, Error> {
    let programs = cargo_fuzz::build()?;
    let mut outcome = Outcome::default();
    for target in targets {
        let artifacts = folder().join("artifacts").join(target);
        std::fs::create_dir_all(&artifacts).map_err(Error::file(&artifacts))?;
        let mut run = Command::new(programs.join(target));
        run.current_dir(workspace::root()).arg(corpus(target)?);
        let seeds = folder().join("seeds").join(target);
        if seeds.is_dir() {
            run.arg(seeds);
        }
        run.args(["-print_final_stats=1"]);
        run.arg(format!("-artifact_prefix={}/", artifacts.display()));
        run.arg(format!("-max_total_time={seconds}"));
        run.arg(format!("-max_len={MAX_INPUT_BYTES}"));
        run.arg(format!("-rss_limit_mb={MAX_MEMORY_MIB}"));
        run.arg(format!("-timeout={MAX_INPUT_SECONDS}"));
        match process::quiet(&mut run) {
            Ok(said) => {
                say(&format!("    {target}: {} inputs", executed(&said)));
                outcome.counts.add(Counts::PASS);
            }
            Err(_) => {
                outcome.counts.failed += 1;
                outcome.notes.push(format!(
                    "{target} failed; the input is in fuzz/artifacts/{target} and repeats with \
                     `cargo +nightly fuzz run {target} FILE`"
                ));
            }
        }
    }
    Ok(outcome)
}

/// How many inputs libFuzzer says it tried.
fn executed(said: &str) -> &str {
    let count = said.lines().find_map(|l| l.strip_prefix("stat::number_of_executed_units:"));
    count.map_or("?", str::trim)
}

/// The targets that `fuzz/Cargo.toml` declares.
fn targets() -> Result<Vec<String>, Error> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        #[serde(default)]
        bin: Vec<Target>,
    }
    #[derive(serde::Deserialize)]
    struct Target {
        name: String,
    }
    let path = folder().join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let manifest: Manifest = toml::from_str(&text)
        .map_err(|e| Error::Malformed { what: path.display().to_string(), source: e.into() })?;
    Ok(manifest.bin.into_iter().map(|target| target.name).collect())
}

/// Where a target's inputs are kept from run to run.
fn corpus(target: &str) -> Result<PathBuf, Error> {
    let folder = workspace::cache()?.join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    Ok(folder)
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}
