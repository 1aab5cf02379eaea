//! `cargo xtask bench`: release builds, the servers to compare with, then the bench itself.

use crate::error::{self, Error};
use crate::process;
use crate::report::say;
use crate::tools::python;
use crate::workspace::{self, Profile};

/// The bench that has moto for a peer.
const COMPARED_WITH_MOTO: &str = "kms";

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure
    #[arg(value_parser = [COMPARED_WITH_MOTO, "weight"])]
    name: String,
    /// Passed to the bench, for example `-- --seconds 30`
    #[arg(last = true, value_name = "BENCH OPTIONS")]
    bench: Vec<String>,
}

/// The bench finds the program in `BASTIDE_BINARY` and, where it could be brought, moto in `BASTIDE_MOTO_SERVER`.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let program = workspace::build_program(Profile::Release)?;
    let mut bench = process::cargo();
    bench.current_dir(workspace::root()).args(["run", "--release", "--package=bench", "--"]);
    bench.arg(&args.name).args(&args.bench).env("BASTIDE_BINARY", program);
    if args.name == COMPARED_WITH_MOTO {
        match python::environment() {
            Ok(programs) => {
                bench.env("BASTIDE_MOTO_SERVER", programs.join("moto_server"));
            }
            Err(error) => say(&format!("not compared with moto: {}", error::chain(&error))),
        }
    }
    process::run(&mut bench)
}
