//! `cargo xtask bench`: release builds, the servers to compare with, then the bench itself.

use std::process::Command;

use crate::error::{self, Error};
use crate::process;
use crate::report::say;
use crate::tools::python;
use crate::workspace::{self, Profile};

/// The bench that has moto for a peer.
const COMPARED_WITH_MOTO: &str = "kms";

/// The accuracy of `bastide scan` over a corpus that is made, and the speed of its engine.
const DISCOVER: &str = "discover";
/// What makes the corpus and compares, below the root of the checkout.
const ACCURACY: &str = "tests/accuracy";

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure
    #[arg(value_parser = [COMPARED_WITH_MOTO, "weight", DISCOVER])]
    name: String,
    /// Passed to the bench, for example `-- --seconds 30`
    #[arg(last = true, value_name = "BENCH OPTIONS")]
    bench: Vec<String>,
}

/// The bench finds the program in `BASTIDE_BINARY` and, where it could be brought, moto in `BASTIDE_MOTO_SERVER`.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let program = workspace::build_program(Profile::Release)?;
    if args.name == DISCOVER {
        return discover(&program, &args.bench);
    }
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

/// Makes the corpus, compares what is found with what was planted, and measures the speed of the engine. `options` are those of
/// `compare.py`.
fn discover(program: &std::path::Path, options: &[String]) -> Result<(), Error> {
    let python = python::accuracy()?.join("python");
    let scripts = workspace::root().join(ACCURACY);
    let folder = std::env::temp_dir().join(format!("bastide-accuracy-{}", std::process::id()));
    let done = process::run(Command::new(&python).arg(scripts.join("corpus.py")).arg(&folder))
        .and_then(|()| {
            let mut compare = Command::new(&python);
            compare.arg(scripts.join("compare.py")).arg(program).arg(&folder).arg("--floors");
            process::run(compare.args(options))
        });
    // The corpus is made anew from its seed whenever it is wanted.
    std::fs::remove_dir_all(&folder).map_err(Error::file(&folder))?;
    done?;
    let mut speed = process::cargo();
    speed.current_dir(workspace::root()).args(["bench", "--package=discover"]);
    process::run(&mut speed)
}
