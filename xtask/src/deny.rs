//! `cargo xtask deny`: the dependencies against `deny.toml`.
//!
//! The file is in cargo-deny's format and that tool reads it too; here only licences, bans and sources are
//! checked, in milliseconds and with nothing to install. Bans look at what is really built, as `cargo tree`
//! resolves it: a crate that Cargo.lock names for a feature nobody turns on is no violation.

mod licence;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Error;
use crate::process::{self, cargo};
use crate::report::{print, say};
use crate::workspace;

/// What `deny.toml` says.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    use_instead: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// What `Cargo.lock` says, as far as it is wanted.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    source: Option<String>,
}

/// Prints every violation and fails if there is one.
pub(crate) fn run() -> Result<(), Error> {
    let policy: Policy = parse("deny.toml")?;
    let lock: Lock = parse("Cargo.lock")?;
    let tree = process::output(cargo().current_dir(workspace::root()).args([
        "tree",
        "--locked",
        "--workspace",
        "--target=all",
        "--edges=normal,build,dev",
        "--prefix=none",
        "--no-dedupe",
        "--format={p}|{l}",
    ]))?;
    let built = packages(&tree);

    let violations = violations(&policy, &built, &lock);
    violations.iter().for_each(|violation| say(violation));
    match violations.len() {
        0 => {
            print(&format!("{} packages satisfy deny.toml", built.len()));
            Ok(())
        }
        count => Err(Error::Check(format!("{count} violations of deny.toml"))),
    }
}

/// Name and licence expression of every package, from lines such as `clap v4.6.9|MIT OR Apache-2.0`.
fn packages(tree: &str) -> BTreeMap<&str, &str> {
    let package =
        |line: &'_ str| -> Option<(usize, usize)> { Some((line.find(' ')?, line.rfind('|')? + 1)) };
    tree.lines()
        .filter_map(|line| package(line).map(|(name, licence)| (&line[..name], &line[licence..])))
        .collect()
}

fn violations(policy: &Policy, built: &BTreeMap<&str, &str>, lock: &Lock) -> Vec<String> {
    let mut found = Vec::new();
    for (name, licence) in built {
        if !licence::permitted(licence, &policy.licenses.allow) {
            found.push(format!("{name}: licence not allowed: {licence:?}"));
        }
    }
    for ban in &policy.bans.deny {
        if built.contains_key(ban.name.as_str()) {
            let instead = ban.use_instead.as_deref().map(|i| format!("; use {i}"));
            found.push(format!(
                "{}: banned: {}{}",
                ban.name,
                ban.reason,
                instead.unwrap_or_default()
            ));
        }
    }
    for package in &lock.package {
        let Some(source) = &package.source else { continue };
        let registry = source.strip_prefix("registry+");
        if !registry.is_some_and(|r| policy.sources.allow_registry.iter().any(|a| a == r)) {
            found.push(format!("{}: source not allowed: {source}", package.name));
        }
    }
    found
}

fn parse<T: serde::de::DeserializeOwned>(file: &str) -> Result<T, Error> {
    let path = workspace::root().join(file);
    let text = std::fs::read_to_string(&path).map_err(Error::file(path))?;
    toml::from_str(&text).map_err(|e| Error::Malformed { what: file.into(), source: e.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_violation_is_named() {
        let policy: Policy = toml::from_str(
            r#"
            [licenses]
            allow = ["MIT"]
            [bans]
            deny = [{ crate = "ring", reason = "a second provider", use-instead = "aws-lc-rs" }]
            [sources]
            allow-registry = ["https://good"]
            "#,
        )
        .expect("is TOML");
        let lock: Lock = toml::from_str(
            r#"
            [[package]]
            name = "own"
            [[package]]
            name = "fine"
            source = "registry+https://good"
            [[package]]
            name = "forked"
            source = "git+https://elsewhere"
            "#,
        )
        .expect("is TOML");
        let built =
            packages("own v1 (/here)|MIT\nring v0.17|MIT\ncopyleft v1 (proc-macro)|GPL-3.0\n");
        assert_eq!(
            violations(&policy, &built, &lock),
            [
                r#"copyleft: licence not allowed: "GPL-3.0""#,
                "ring: banned: a second provider; use aws-lc-rs",
                "forked: source not allowed: git+https://elsewhere",
            ]
        );
    }
}
