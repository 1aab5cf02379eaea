//! `bastide authz check`, as a pipeline runs it: exit codes and what is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/authz-check")
}

fn check(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bastide"));
    command.args(["authz", "check"]).arg(folder).args(more).output().expect("it runs")
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn the_example_is_as_expected() {
    let output = check(&example(), &[]);
    assert_eq!(printed(&output), "6 cases, 0 different\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_difference_is_told_with_its_reasons() {
    let cases = std::fs::read_to_string(example().join("cases.json")).expect("cases");
    let folder = tempfile::tempdir().expect("a folder");
    let changed = folder.path().join("cases.json");
    let wrong = cases.replacen(r#""expect": "Allow""#, r#""expect": "Deny""#, 1);
    let wrong = wrong.replace("policies/ci-trust.json", "policies/absent.json");
    std::fs::write(&changed, wrong).expect("written");
    let changed = changed.to_str().expect("text");
    let output = check(&example(), &["--cases", changed]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("developers read their own team's objects: expected deny, got allow\n"));
    assert!(
        text.contains("policies/developer.json, statement 1 \"OwnTeam\", line 4, column 5\n"),
        "{text}"
    );
    assert!(text.contains("no answer: policies/absent.json: "), "{text}");
    assert!(text.ends_with("6 cases, 3 different\n"));

    let output = check(&example(), &["--cases", changed, "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(list[0]["asExpected"], false);
    assert_eq!(list[2]["reasons"][0]["statement"]["sid"], "OfficeOnly");
}

#[test]
fn what_cannot_be_read_is_no_success() {
    let output = check(Path::new("/nowhere"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = check(&example().join("policies"), &[]);
    assert_eq!(output.status.code(), Some(2), "there is no file of cases");
    let output = check(&example(), &["--cases", "policies/office.json"]);
    assert_eq!(output.status.code(), Some(2));
}
