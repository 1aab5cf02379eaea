//! Every format: the value in it is found where it stands; a file that is cut, changed or encrypted is told and stops nothing.
//! The files are made by `files/make.py`, with libraries that are not ours.

use std::io::{Cursor, Read, Seek, SeekFrom, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use discover::{Classification, Engine, Location, Settings};
use proptest::prelude::*;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Settings::default()).expect("an engine"));

const SSN: &str = "USA_SOCIAL_SECURITY_NUMBER";

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn classify(name: &str, content: &[u8]) -> Classification {
    let mut classification = Classification::new(60);
    let mut source = Cursor::new(content);
    if let Err(reason) =
        ENGINE.scan_object(&mut ENGINE.scratch(), name, &mut source, &mut classification)
    {
        classification.note_unread("", &reason);
    }
    classification
}

/// Where the one value of a file stands.
fn place(name: &str) -> (String, Location) {
    let found = classify(name, &file(name));
    assert_eq!(found.unread, [], "{name}");
    let detection = found.detections.get(SSN).unwrap_or_else(|| panic!("{name}: not found"));
    assert_eq!(detection.count, 1, "{name}");
    (detection.occurrences[0].inside.clone(), detection.occurrences[0].location.clone())
}

fn line(start: u64, start_column: u64) -> Location {
    Location::LineRange { start, end: start, start_column }
}

#[test]
fn compressed_text() {
    assert_eq!(place("text.gz"), (String::new(), line(1, 31)));
    assert_eq!(place("text.bz2"), (String::new(), line(1, 31)));
    assert_eq!(place("text.xz"), (String::new(), line(1, 31)));
    assert_eq!(place("text.zst"), (String::new(), line(2, 31)), "two frames are one text");
}

#[test]
fn archives() {
    let cell =
        Location::Cell { column: 2, column_name: Some("ssn".into()), row: 2, cell_reference: None };
    assert_eq!(place("archive.zip"), ("folder/customers.csv".into(), cell));
    let (inside, location) = place("archive.tar.gz");
    assert!(inside.starts_with("deep/xxx") && inside.ends_with(".json"), "{inside}");
    assert_eq!(location, Location::Record { json_path: "$.customer.ssn".into(), record_index: 0 });
}

#[test]
fn office_documents() {
    assert_eq!(place("document.docx").1, line(2, 31));
    let Location::Page { page_number, .. } = place("slides.pptx").1 else { panic!("no page") };
    assert_eq!(page_number, 2);
    for name in ["workbook.xlsx", "workbook.xls"] {
        let Location::Cell { column_name, cell_reference, .. } = place(name).1 else {
            panic!("no cell")
        };
        assert_eq!(
            (column_name.as_deref(), cell_reference.as_deref()),
            (Some("ssn"), Some("People!B2")),
            "{name}"
        );
    }
}

#[test]
fn pages() {
    let Location::Page { page_number, .. } = place("pages.pdf").1 else { panic!("no page") };
    assert_eq!(page_number, 2);
}

#[test]
fn rows_of_a_database() {
    let cell = Location::Cell {
        column: 3,
        column_name: Some("ssn".into()),
        row: 13,
        cell_reference: None,
    };
    assert_eq!(place("database.sqlite"), ("people".into(), cell));
}

#[test]
fn records() {
    let record = Location::Record { json_path: "$.next.ssn".into(), record_index: 1 };
    assert_eq!(place("records-null.avro").1, record);
    assert_eq!(place("records-deflate.avro").1, record);
}

#[test]
fn mail() {
    let (inside, location) = place("message.eml");
    assert_eq!((inside.as_str(), location), ("part 2", line(1, 31)));
    assert_eq!(place("mailbox.mbox"), ("message 2".into(), line(1, 31)));
}

#[test]
fn what_is_encrypted_or_unknown_is_told() {
    for (name, reason) in [("encrypted.zip", "encrypted"), ("encrypted.pdf", "encrypted")] {
        let found = classify(name, &file(name));
        assert_eq!(found.detections.len(), 0, "{name}");
        assert!(found.unread[0].reason.contains(reason), "{name}: {:?}", found.unread);
    }
    assert!(classify("x", b"PAR1\0\0\0\0").unread[0].reason.contains("Parquet is not supported"));
    assert!(classify("x", b"Rar!\x1A\x07\0\0").unread[0].reason.contains("RAR is not supported"));
}

/// The file in so many coats of gzip.
fn coats(content: &[u8], count: usize) -> Vec<u8> {
    (0..count).fold(content.to_vec(), |inner, _| {
        let mut coat = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        coat.write_all(&inner).and_then(|()| coat.finish()).expect("memory takes it")
    })
}

#[test]
fn nesting_has_a_limit() {
    let ssn = b"my ssn 536-90-4399";
    assert_eq!(classify("x", &coats(ssn, 10)).detections[SSN].count, 1);
    let deep = classify("x", &coats(ssn, 100));
    assert!(
        deep.detections.is_empty() && deep.unread[0].reason.contains("16 containers"),
        "{deep:?}"
    );
}

#[test]
fn bombs_are_stopped_by_what_they_produce() {
    // A gigabyte and a half of spaces: many members of one stream, in another coat.
    let member = coats(&vec![b' '; 1 << 20], 1);
    let bomb = coats(&member.repeat(1600), 1);
    assert!(bomb.len() < 4 << 20, "{} bytes", bomb.len());
    let found = classify("x", &bomb);
    assert!(found.unread[0].reason.contains("expansion"), "{found:?}");
}

const FILES: &[&str] = &[
    "text.gz",
    "text.bz2",
    "text.xz",
    "text.zst",
    "archive.zip",
    "archive.tar.gz",
    "document.docx",
    "slides.pptx",
    "workbook.xlsx",
    "workbook.xls",
    "pages.pdf",
    "database.sqlite",
    "records-null.avro",
    "records-deflate.avro",
    "message.eml",
    "mailbox.mbox",
    "encrypted.zip",
    "encrypted.pdf",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn damage_is_told_and_stops_nothing(
        name in prop::sample::select(FILES),
        cut in 0.0..1.0_f64,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut content = file(name);
        for (place, byte) in changes {
            let place = place.index(content.len());
            content[place] = byte;
        }
        content.truncate((content.len() as f64 * (0.3 + cut)) as usize);
        // Whatever comes out, it comes out.
        let found = classify(name, &content);
        prop_assert!(found.detections.values().all(|detection| detection.count < 1000));
    }
}

/// A log without end, made as it is read, of which nothing is kept.
struct Endless {
    at: u64,
    size: u64,
}

/// One line of it, 64 bytes.
const LOG_LINE: &[u8; 64] = b"2026-11-25T22:36:01.123Z INFO request 1234567 took 12 ms ok ok\r\n";

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = out.len().min(usize::try_from(self.size - self.at).unwrap_or(usize::MAX));
        for byte in &mut out[..length] {
            *byte = LOG_LINE[(self.at % 64) as usize];
            self.at += 1;
        }
        Ok(length)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.size.saturating_add_signed(back),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// Most memory that the process ever held, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// 64 MiB, or 1 GiB with `BASTIDE_LONG`; the file of the peak is the process's, so other tests only make it larger.
#[test]
fn size_does_not_count_for_memory() {
    let size = if std::env::var_os("BASTIDE_LONG").is_some() { 1 << 30 } else { 64 << 20 };
    let mut small = Classification::new(60);
    let mut scratch = ENGINE.scratch();
    let mut warm = Endless { at: 0, size: 4 << 20 };
    ENGINE.scan_object(&mut scratch, "x.log", &mut warm, &mut small).expect("text");
    let before = peak_kib();
    let mut found = Classification::new(60);
    ENGINE
        .scan_object(&mut scratch, "x.log", &mut Endless { at: 0, size }, &mut found)
        .expect("text");
    assert_eq!(found.detections.len(), 0);
    assert!(peak_kib() - before < 48 << 10, "{} KiB more for {size} bytes", peak_kib() - before);
}
