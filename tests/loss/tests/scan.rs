//! SIGKILL in the middle of `bastide scan --resume`, again and again: in the end every file is reported once, with what it
//! holds, and the journal has one line for each.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use base::{Random as _, random};
use client::{Failure, Server};
use serde_json::Value;

/// Files of a usual run, and of a long one.
const FILES: u64 = 1_500;
const FILES_LONG: u64 = 10_000;
/// Kills.
const KILLS: u64 = 8;

#[test]
fn an_interrupted_scan_goes_on_without_loss_or_doubles() -> Result<(), Failure> {
    let count = if std::env::var_os("BASTIDE_LOSS_CYCLES").is_some() { FILES_LONG } else { FILES };
    let folder = tempfile::tempdir()?;
    let files = folder.path().join("files");
    std::fs::create_dir(&files)?;
    for number in 0..count {
        let text = format!(
            "{}\nthe social security number is 536-90-{:04}\n",
            "lorem ipsum ".repeat(200),
            number % 9999 + 1
        );
        std::fs::write(files.join(format!("{number:05}.txt")), text)?;
    }
    let journal = folder.path().join("journal");
    for _ in 0..KILLS {
        let mut child = scan(&files, &journal)?.stdout(Stdio::null()).spawn()?;
        // Somewhere within the next twelfth of the work, at any byte of a line.
        let goal = size(&journal) + random_below(count * 600 / 12);
        while size(&journal) < goal && child.try_wait()?.is_none() {
            std::thread::yield_now();
        }
        child.kill()?;
        child.wait()?;
    }
    let before = std::fs::read(&journal)?.iter().filter(|byte| **byte == b'\n').count();
    assert!(
        (2..count as usize).contains(&before),
        "{before} lines: the kills came too early or too late to mean anything"
    );

    let output = scan(&files, &journal)?.output()?;
    assert_eq!(output.status.code(), Some(12), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let objects = report["objects"].as_array().ok_or("no objects")?;
    assert_eq!(objects.len() as u64, count);
    for object in objects {
        assert_eq!(object["detections"][0]["identifier"], "USA_SOCIAL_SECURITY_NUMBER");
        assert_eq!(object["detections"][0]["count"], 1, "{object}");
    }
    let mut lines: HashMap<String, usize> = HashMap::new();
    for line in std::fs::read_to_string(&journal)?.lines().skip(1) {
        let line: Value = serde_json::from_str(line)?;
        *lines.entry(line["path"].to_string()).or_default() += 1;
    }
    assert_eq!(lines.len() as u64, count);
    assert!(lines.values().all(|times| *times == 1), "a file is in the journal twice");
    Ok(())
}

fn scan(files: &Path, journal: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(Server::binary()?);
    command
        .args(["scan", "--format", "json", "--threads", "2", "--resume"])
        .arg(journal)
        .arg(files);
    Ok(command)
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

fn random_below(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    random::System.fill(&mut bytes);
    u64::from_le_bytes(bytes) % limit.max(1)
}
