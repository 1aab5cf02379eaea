//! `bastide scan`: what lies in files and folders. It lists, reads with several threads, keeps a journal if asked, and
//! prints; what counts as sensitive is decided in `discover`.

mod journal;
mod list;
mod object;
mod output;
mod sarif;

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use base::Timestamp;
use base::clock::{Clock as _, System};
use clap::{Parser, ValueEnum};
use discover::{
    AllowList, CustomIdentifier, CustomSettings, Engine, Selection, Settings, Severity,
};
use indicatif::{ProgressBar, ProgressStyle};

use self::journal::Journal;
use self::list::Listed;
use self::object::ObjectReport;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What to scan and how.
#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 nothing found, 10 found of severity low, 11 medium, 12 high; 3 nothing found, but \
    something could not be read; 1 failure, 2 a wrong command line."
)]
pub(crate) struct Options {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How to print; without it a table on a terminal and JSON elsewhere
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Scan only files changed since then: 2026-11-25, 2026-11-25T10:00:00Z, or 36h, 7d before now
    #[arg(long, value_name = "WHEN")]
    changed_since: Option<String>,
    /// Keep a journal in this file and go on from what it holds
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Custom data identifiers: JSON, a list of {name, regex, keywords, ignoreWords, maximumMatchDistance, severityLevels}
    #[arg(long, value_name = "FILE")]
    custom: Vec<PathBuf>,
    /// Text that is not reported, one entry a line
    #[arg(long, value_name = "FILE")]
    allow: Vec<PathBuf>,
    /// A regular expression of values that are not reported
    #[arg(long, value_name = "REGEX")]
    allow_regex: Vec<String>,
    /// Only this managed data identifier; repeatable
    #[arg(long, value_name = "ID", conflicts_with = "exclude")]
    include: Vec<String>,
    /// All managed data identifiers but this; repeatable
    #[arg(long, value_name = "ID")]
    exclude: Vec<String>,
    /// Report only what is at least so sure, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 60, value_parser = clap::value_parser!(u8).range(0..=100))]
    confidence: u8,
    /// Threads; as many as the machine has cores if not given
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// Scans and prints.
pub(crate) fn run(options: &Options) -> ExitCode {
    match scan(options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bastide: {error}");
            ExitCode::FAILURE
        }
    }
}

fn scan(options: &Options) -> Result<ExitCode, Failure> {
    let engine = engine(options)?;
    let since =
        options.changed_since.as_deref().map(|text| changed_since(text, System::default().now()));
    let mut listed = list::files(&options.paths, since.transpose()?)?;
    let mut journal = options
        .resume
        .as_deref()
        .map(|file| Journal::open(file, &settings_text(options)?))
        .transpose()?;
    let mut reports = match &mut journal {
        Some(journal) => journal.take_done(&mut listed.files),
        None => Vec::new(),
    };
    scan_all(options, &engine, &listed, |report| {
        if let Some(journal) = &mut journal {
            journal.append(&report)?;
        }
        reports.push(report);
        Ok(())
    })?;
    if let Some(journal) = &journal {
        journal.sync()?;
    }
    reports.append(&mut listed.unlisted);
    reports.sort_by(|a, b| a.path.cmp(&b.path));
    let table = || if std::io::stdout().is_terminal() { Format::Table } else { Format::Json };
    let text = match options.format.unwrap_or_else(table) {
        Format::Table => output::table(&engine, &reports),
        Format::Json => output::json(&engine, &reports),
        Format::Sarif => sarif::log(&engine, &reports),
    };
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(exit_code(&engine, &reports))
}

/// Reads all files with several threads; hands each report on as it comes.
fn scan_all(
    options: &Options,
    engine: &Engine,
    listed: &Listed,
    mut done: impl FnMut(ObjectReport) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = options.threads.unwrap_or(cores).get().min(listed.files.len().max(1));
    let bar = progress_bar(listed.files.iter().map(|file| file.size).sum());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel(threads * 4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, bar, next) = (sender.clone(), bar.clone(), &next);
            scope.spawn(move || {
                let mut scratch = engine.scratch();
                while let Some(file) = listed.files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = object::scan(engine, &mut scratch, file, options.confidence, &bar);
                    if sender.send(report).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let outcome = receiver.iter().try_for_each(&mut done);
        // A failure lets the threads see that nobody listens any more.
        drop(receiver);
        outcome
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(bytes)
    } else {
        ProgressBar::hidden()
    };
    let style = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    bar.with_style(
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

fn engine(options: &Options) -> Result<Engine, Failure> {
    let mut settings = Settings::default();
    if !options.include.is_empty() {
        settings.managed = Selection::Include(options.include.clone());
    } else if !options.exclude.is_empty() {
        settings.managed = Selection::Exclude(options.exclude.clone());
    }
    for file in &options.custom {
        let list: Vec<CustomSettings> = serde_json::from_str(&read(file)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        for custom in list {
            let name = custom.name.clone();
            let custom = CustomIdentifier::new(custom);
            settings.custom.push(
                custom.map_err(|error| explain(&format!("{}: {name}", file.display()), &error))?,
            );
        }
    }
    for file in &options.allow {
        let list = AllowList::text(&read(file)?);
        settings.allow.push(list.map_err(|error| explain(&file.display().to_string(), &error))?);
    }
    for regex in &options.allow_regex {
        settings
            .allow
            .push(AllowList::regex(regex).map_err(|error| explain("--allow-regex", &error))?);
    }
    Ok(Engine::new(settings)?)
}

/// What a journal must have been written with: results under other settings are other results.
fn settings_text(options: &Options) -> Result<String, Failure> {
    let files =
        options.custom.iter().chain(&options.allow).map(read).collect::<Result<Vec<_>, _>>()?;
    let lists = [&options.include, &options.exclude, &options.allow_regex, &files];
    Ok(serde_json::to_string(&(lists, options.confidence, env!("CARGO_PKG_VERSION")))?)
}

fn read(file: &PathBuf) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

fn explain(what: &str, error: &discover::Error) -> Failure {
    match std::error::Error::source(error) {
        Some(source) => format!("{what}: {error}: {source}").into(),
        None => format!("{what}: {error}").into(),
    }
}

/// A date, a moment, or so many hours or days before now.
fn changed_since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = |unit: char, hours: i64| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Timestamp::from_millis(
            now.millis().saturating_sub(count.saturating_mul(hours * 3_600_000)),
        ))
    };
    Timestamp::parse_rfc3339(text)
        .or_else(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")))
        .or_else(|| ago('h', 1))
        .or_else(|| ago('d', 24))
        .ok_or_else(|| {
            format!("--changed-since {text}: no date, moment or number of hours (36h) or days (7d)")
                .into()
        })
}

fn exit_code(engine: &Engine, reports: &[ObjectReport]) -> ExitCode {
    let worst = reports.iter().filter_map(|report| report.classification.worst(engine)).max();
    let unread = reports.iter().any(|report| report.classification.unread_count > 0);
    ExitCode::from(match worst {
        Some(Severity::Low) => 10,
        Some(Severity::Medium) => 11,
        Some(Severity::High) => 12,
        None if unread => 3,
        None => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_spans_are_understood() {
        let now = Timestamp::parse_rfc3339("2026-11-25T12:00:00Z").unwrap();
        let since = |text| changed_since(text, now).map(Timestamp::rfc3339).ok();
        assert_eq!(since("36h").as_deref(), Some("2026-11-24T00:00:00Z"));
        assert_eq!(since("2d").as_deref(), Some("2026-11-23T12:00:00Z"));
        assert_eq!(since("2026-11-01").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(since("2026-11-01T01:00:00+01:00").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(since("yesterday"), None);
    }
}
