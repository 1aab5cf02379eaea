//! What the release build weighs: time to the first answer, resident memory when idle, size on disk. The crate `bench`
//! measures; here are the bars.

use crate::error::Error;
use crate::process::{self, cargo};
use crate::report::{Counts, Outcome};
use crate::workspace::{self, Profile};

/// From the start of the process to the first answered request, in milliseconds.
const MAX_START_MS: u32 = 100;

/// Resident memory when idle, in MiB.
const MAX_RESIDENT_MIB: u32 = 40;

/// Builds the release program, measures it, and fails if it is over a bar.
pub(super) fn measure() -> Result<Outcome, Error> {
    let program = workspace::build_program(Profile::Release)?;
    let mut bench = cargo();
    bench.current_dir(workspace::root()).env("BASTIDE_BINARY", program);
    bench.args(["run", "--release", "--package=bench", "--", "weight"]);
    bench.arg(format!("--start-below={MAX_START_MS}"));
    bench.arg(format!("--memory-below={MAX_RESIDENT_MIB}"));
    let measured = process::output(&mut bench)?;
    let notes = measured.lines().map(str::to_owned).collect();
    Ok(Outcome { counts: Counts::PASS, notes })
}
