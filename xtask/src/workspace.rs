//! Where things are: the checkout, the build products, the cache.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::error::Error;
use crate::process::{self, cargo};

/// The two builds of the program that tasks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; for tests.
    Dev,
    /// As it is shipped; for measuring.
    Release,
}

/// The root of the checkout. Asked of `cargo run` and not of the compiler: several checkouts may share one folder
/// of build products, and the program in it may have been built in another.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        here.parent().map(Path::to_owned).unwrap_or(here)
    });
    &ROOT
}

/// The folder of Bastide in the user's cache; made on first use.
pub(crate) fn cache() -> Result<PathBuf, Error> {
    let base = match (std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir()) {
        (Some(dir), _) if !dir.is_empty() => PathBuf::from(dir),
        (_, Some(home)) => home.join(".cache"),
        (_, None) => std::env::temp_dir(),
    };
    let folder = base.join("bastide");
    std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    Ok(folder)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> Result<PathBuf, Error> {
    let text = process::output(cargo().current_dir(root()).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|e| Error::Malformed { what: "cargo metadata".into(), source: e.into() })?;
    match metadata["target_directory"].as_str() {
        Some(folder) => Ok(folder.into()),
        None => Err(Error::Malformed {
            what: "cargo metadata".into(),
            source: "it names no target_directory".into(),
        }),
    }
}

/// Where the built program is.
pub(crate) fn program(profile: Profile) -> Result<PathBuf, Error> {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    Ok(target()?.join(folder).join("bastide"))
}

/// Builds the program alone, for use, and says where it is.
pub(crate) fn build_program(profile: Profile) -> Result<PathBuf, Error> {
    let mut build = cargo();
    build.current_dir(root()).args(["build", "--package=bastide"]);
    if profile == Profile::Release {
        build.arg("--release");
    }
    process::run(&mut build)?;
    program(profile)
}

/// Builds the program and all tests in the dev profile, and says where the program is. Tests turn on features of
/// dependencies that the program alone does not need; whoever comes before the tests builds this, or much is built
/// twice.
pub(crate) fn build_all() -> Result<PathBuf, Error> {
    let mut build = cargo();
    build.current_dir(root()).args(["build", "--workspace", "--lib", "--bins", "--tests"]);
    process::run(&mut build)?;
    program(Profile::Dev)
}
