//! `cargo xtask up`: build, then become the server.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::error::Error;
use crate::report::say;
use crate::workspace::{self, Profile};

/// Arguments of `cargo xtask up`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Serve the release build: slower to build, faster to answer
    #[arg(long)]
    release: bool,
    /// Passed to `bastide serve --dev`, for example `-- --listen 127.0.0.1:4570`
    #[arg(last = true, value_name = "SERVE OPTIONS")]
    serve: Vec<String>,
}

/// Returns only when the server cannot be started: otherwise this process is the server, so that signals and
/// the exit code are its own.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let profile = if args.release { Profile::Release } else { Profile::Dev };
    say("==> build");
    let program = workspace::build_program(profile)?;
    say("==> serve (Ctrl-C stops it)");
    let mut serve = Command::new(&program);
    serve.args(["serve", "--dev"]).args(&args.serve);
    let source = serve.exec();
    Err(Error::Start { program: program.display().to_string(), source })
}
