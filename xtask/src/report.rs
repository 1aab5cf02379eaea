//! Progress lines while the stages run, and the table at the end.
//!
//! The only module here that prints for people and reads the clock. No bars and no colour: the lines must
//! read as well in a CI log as on a terminal.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::error::{self, Error};

/// A line for the person at the terminal. Goes to standard error, so that standard output stays for results.
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// A result: standard output.
#[expect(clippy::print_stdout, reason = "a command's result belongs on standard output")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}

/// Does the work and says how long it took.
#[expect(clippy::disallowed_methods, reason = "measures how long work takes, decides nothing")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

/// How many tests a stage ran. A stage that counts nothing by itself is one test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Counts {
    /// One thing that went well.
    pub(crate) const PASS: Self = Self { passed: 1, failed: 0, skipped: 0 };

    /// Adds another count to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// How a stage ended, when it was able to say so.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What ran.
    pub(crate) counts: Counts,
    /// What did not run and why, for the table.
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    /// A stage of which nothing could run.
    pub(crate) fn skipped(count: u32, why: impl Into<String>) -> Self {
        Self { counts: Counts { skipped: count, ..Counts::default() }, notes: vec![why.into()] }
    }
}

impl From<Counts> for Outcome {
    fn from(counts: Counts) -> Self {
        Self { counts, notes: Vec::new() }
    }
}

/// Everything that ran so far.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    stage: &'static str,
    took: Duration,
    outcome: Outcome,
}

impl Report {
    /// Runs a stage and records how it ended. An error is one failed test with the error as its note; something
    /// missing that could not be brought is one skipped test. Returns whether the stage is free of failures.
    pub(crate) fn stage(
        &mut self,
        stage: &'static str,
        work: impl FnOnce() -> Result<Outcome, Error>,
    ) -> bool {
        say(&format!("==> {stage}"));
        let (result, took) = timed(work);
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(missing @ Error::Missing { .. }) => Outcome::skipped(1, error::chain(&missing)),
            Err(error) => Outcome {
                counts: Counts { failed: 1, ..Counts::default() },
                notes: vec![error::chain(&error)],
            },
        };
        say(&format!("    {stage}: {}, {:.1} s", verdict(outcome.counts), took.as_secs_f64()));
        let clean = outcome.counts.failed == 0;
        self.rows.push(Row { stage, took, outcome });
        clean
    }

    /// The sum over all stages.
    pub(crate) fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for row in &self.rows {
            sum.add(row.outcome.counts);
        }
        sum
    }

    /// The table at the end: a line a stage, and under it what did not run.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "\n{:<10} {:>8} {:>8} {:>8} {:>9}",
            "stage", "passed", "failed", "skipped", "seconds"
        );
        for Row { stage, took, outcome: Outcome { counts, notes } } in &self.rows {
            let Counts { passed, failed, skipped } = counts;
            let seconds = took.as_secs_f64();
            // Writing to a String cannot fail.
            let _ =
                write!(text, "\n{stage:<10} {passed:>8} {failed:>8} {skipped:>8} {seconds:>9.1}");
            for note in notes {
                let _ = write!(text, "\n           {note}");
            }
        }
        text
    }
}

/// The closing line, which runners read: alone on its line, the last of the output.
pub(crate) fn closing_line(Counts { passed, failed, skipped }: Counts) -> String {
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

fn verdict(counts: Counts) -> &'static str {
    match counts {
        Counts { failed: 1.., .. } => "FAILED",
        Counts { passed: 0, skipped: 1.., .. } => "skipped",
        Counts { skipped: 1.., .. } => "ok, some skipped",
        _ => "ok",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_fails_the_stage_and_a_missing_tool_skips_it() {
        let mut report = Report::default();
        assert!(report.stage("good", || Ok(Counts { passed: 3, ..Counts::default() }.into())));
        assert!(!report.stage("bad", || Err(Error::Check("seven is not eight".into()))));
        assert!(report.stage("gone", || {
            Err(Error::Missing { what: "nightly", why: "no rustup".into() })
        }));
        assert_eq!(report.counts(), Counts { passed: 3, failed: 1, skipped: 1 });
        assert_eq!(closing_line(report.counts()), "3 passed, 1 failed, 1 skipped");
        let table = report.table();
        assert!(table.contains("seven is not eight"), "{table}");
        assert!(table.contains("nightly is missing: no rustup"), "{table}");
    }
}
