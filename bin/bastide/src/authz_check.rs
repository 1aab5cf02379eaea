//! `bastide authz check`: judges the requests of a file of cases against the policies of a folder, offline, as the server would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authz::check::{self, Outcome};
use authz::{DOCUMENT_MAX_BYTES, Effect};
use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use crate::Failure;

/// The file of cases, unless another is named.
const CASES_FILE: &str = "cases.json";
/// Folders in folders that are read.
const DEPTH_MAX: usize = 8;

/// What to do with policies.
#[derive(Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Judge a file of requests by a folder of policies, and compare with the expected answers
    ///
    /// Policies are the folder's *.json files, named in the cases by their paths from the folder. docs/authz-check.md describes
    /// the file of cases.
    #[command(
        after_help = "Exit codes: 0 every answer is the expected one, 1 one is not, 2 something cannot be read."
    )]
    Check {
        /// The folder
        folder: PathBuf,
        /// The file of cases; cases.json in the folder if absent
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        /// Print JSON, all cases with their reasons
        #[arg(long)]
        json: bool,
    },
}

/// Checks.
pub(crate) fn run(options: &Options) -> ExitCode {
    let Command::Check { folder, cases, json } = &options.command;
    let cases = cases.clone().unwrap_or_else(|| folder.join(CASES_FILE));
    let outcomes = match judge(folder, &cases) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            eprintln!("bastide: {error}");
            return ExitCode::from(2);
        }
    };
    let different = outcomes.iter().filter(|outcome| !outcome.is_as_expected()).count();
    let text = if *json { as_json(&outcomes) } else { as_text(&outcomes, different) };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) if different == 0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn judge(folder: &Path, cases: &Path) -> Result<Vec<Outcome>, Failure> {
    let mut files = BTreeMap::new();
    collect(folder, "", 0, &mut files)?;
    let cases_text = read(cases)?;
    let outcomes = check::run(&files, &cases_text);
    outcomes.map_err(|error| format!("{}: {}", cases.display(), error.explain()).into())
}

/// Reads the policies of a folder and of those in it.
fn collect(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let name = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(&path, &format!("{name}/"), depth + 1, files)?;
        } else if kind.is_file() && name.ends_with(".json") {
            files.insert(name, read(&path)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| format!("{}: {error}", path.display());
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    // Larger policies the engine refuses, and a list of cases has as much room as a hundred of them.
    if size > 100 * DOCUMENT_MAX_BYTES as u64 {
        return Err(format!("{}: too large", path.display()).into());
    }
    Ok(std::fs::read_to_string(path).map_err(unreadable)?)
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

/// The answer, or why there is none.
fn answer(outcome: &Outcome) -> String {
    match &outcome.answer {
        Ok(decision) if decision.allowed => "allow".to_owned(),
        Ok(_) => "deny".to_owned(),
        Err((file, error)) => format!("no answer: {file}: {}", error.explain()),
    }
}

fn as_text(outcomes: &[Outcome], different: usize) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_as_expected()) {
        let (expected, found) = (word(outcome.expected), answer(outcome));
        let _ = writeln!(out, "{}: expected {expected}, got {found}", outcome.name);
        if let Some(message) = &outcome.message {
            let _ = writeln!(out, "  {message}");
        }
        for reason in outcome.answer.iter().flat_map(|decision| &decision.reasons) {
            let _ = writeln!(out, "  {}", crate::explain::line(reason, false));
        }
    }
    let _ = writeln!(out, "{} cases, {different} different", outcomes.len());
    out
}

fn as_json(outcomes: &[Outcome]) -> String {
    let show = |outcome: &Outcome| {
        let decision = outcome.answer.as_ref().ok();
        json!({
            "name": outcome.name,
            "expected": word(outcome.expected),
            "answer": decision.map(|decision| if decision.allowed { "allow" } else { "deny" }),
            "asExpected": outcome.is_as_expected(),
            "error": outcome.answer.as_ref().err().map(|(file, error)| format!("{file}: {}", error.explain())),
            "message": outcome.message,
            "reasons": decision.map(|decision| &decision.reasons),
        })
    };
    let list: Vec<Value> = outcomes.iter().map(show).collect();
    format!("{:#}\n", Value::from(list))
}
