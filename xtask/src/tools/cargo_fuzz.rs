//! cargo-fuzz and the nightly compiler whose sanitizer flags it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cached;
use crate::error::{self, Error};
use crate::{process, workspace};

/// The version that is built when the machine has none in the cache. It builds in 45 s on two cores.
const VERSION: &str = "0.13.2";

/// Builds all targets of `fuzz/` once and returns the folder of their programs. Those are run as they are: through
/// cargo-fuzz each run would look again whether it must build, and show a compile error as a finding.
pub(crate) fn build() -> Result<PathBuf, Error> {
    let rustup = process::find("rustup", &[]).ok_or_else(|| missing("no rustup".into()))?;
    bring_nightly(&rustup)?;
    let cargo_fuzz = bring_cargo_fuzz()?;
    let host = host(&rustup)?;
    let target = workspace::target()?.join("fuzz");

    let mut build = nightly(&rustup);
    build.arg(cargo_fuzz).args(["fuzz", "build", "--fuzz-dir", "fuzz", "--target", &host]);
    build.current_dir(workspace::root()).env("CARGO_TARGET_DIR", &target);
    process::run(&mut build)?;
    Ok(target.join(host).join("release"))
}

fn bring_nightly(rustup: &Path) -> Result<(), Error> {
    let toolchains = process::output(Command::new(rustup).args(["toolchain", "list"]))?;
    if toolchains.lines().any(|line| line.starts_with("nightly-")) {
        return Ok(());
    }
    let mut install = Command::new(rustup);
    install.args(["toolchain", "install", "nightly", "--profile=minimal"]);
    process::run(&mut install).map_err(|e| missing(error::chain(&e)))
}

fn bring_cargo_fuzz() -> Result<PathBuf, Error> {
    let folder = cached("cargo-fuzz", &[VERSION], |folder| {
        let build = folder.join("build");
        let mut install = process::cargo();
        install.args(["install", "cargo-fuzz", "--locked", "--quiet", "--version", VERSION]);
        install.arg("--root").arg(folder).arg("--target-dir").arg(&build);
        process::run(&mut install).map_err(|e| missing(error::chain(&e)))?;
        std::fs::remove_dir_all(&build).map_err(Error::file(build))
    })?;
    Ok(folder.join("bin/cargo-fuzz"))
}

fn host(rustup: &Path) -> Result<String, Error> {
    let version = process::output(nightly(rustup).args(["rustc", "-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| missing("rustc -vV names no host".into()))
}

/// `rustup run nightly`, ready for the program to run.
fn nightly(rustup: &Path) -> Command {
    let mut command = Command::new(rustup);
    command.args(["run", "nightly"]);
    // Set by the cargo that started this task; they would put its compiler in nightly's place.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command
}

fn missing(why: String) -> Error {
    Error::Missing { what: "cargo-fuzz on nightly Rust", why }
}
