//! How fast text is scanned with every identifier on: `cargo bench -p discover`. Prose, logs and JSON are made up here; about
//! one line in a thousand holds something.

use std::io::Cursor;
use std::sync::LazyLock;

use discover::{Classification, Engine, Settings};
use divan::Bencher;
use divan::counter::BytesCount;

/// Size of each text, in bytes.
const SIZE: usize = 64 << 20;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Settings::default()).expect("an engine"));

fn main() {
    divan::main();
}

#[divan::bench(args = ["prose", "log", "json"], sample_count = 8, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>, kind: &str) {
    let text = match kind {
        "prose" => prose(),
        "log" => log(),
        _ => json(),
    };
    let mut scratch = ENGINE.scratch();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let mut found = Classification::new(0);
        let scanned = ENGINE.scan_object(&mut scratch, "", &mut Cursor::new(&text), &mut found);
        assert!(scanned.is_ok() && !found.detections.is_empty());
        found
    });
}

#[divan::bench]
fn make_an_engine() -> Engine {
    Engine::new(Settings::default()).expect("an engine")
}

/// A line for each number until there is enough.
fn lines(line: impl Fn(&mut String, u64)) -> String {
    let mut text = String::with_capacity(SIZE + 1024);
    let mut state = 1_u64;
    while text.len() < SIZE {
        // A linear congruential generator (Knuth's MMIX) makes the same text every time.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        line(&mut text, state >> 20);
    }
    text
}

const WORDS: &[&str] = &[
    "the",
    "account",
    "of",
    "review",
    "which",
    "after",
    "several",
    "meetings",
    "was",
    "found",
    "to",
    "be",
    "less",
    "useful",
    "than",
    "expected",
    "Committee",
    "and",
    "its",
    "members",
    "agreed",
    "on",
    "plans",
    "for",
    "another",
    "quarter",
    "Report",
    "contains",
    "figures",
    "that",
    "nobody",
    "had",
    "seen",
    "before",
    "in",
    "Europe",
    "where",
    "prices",
    "rose",
    "by",
    "12",
    "percent",
    "during",
    "2024",
    "while",
    "demand",
    "fell",
];

fn prose() -> String {
    lines(|text, random| {
        for i in 0..14 {
            text.push_str(WORDS[(random >> (i * 3)) as usize % WORDS.len()]);
            text.push(' ');
        }
        if random % 1000 == 0 {
            text.push_str("social security number 536-90-4399");
        }
        text.push('\n');
    })
}

fn log() -> String {
    lines(|text, random| {
        use std::fmt::Write as _;
        let (second, id, size) = (random % 60, random % 1_000_000, random % 100_000);
        let _ = writeln!(
            text,
            "2024-11-25T22:36:{second:02}.123Z INFO [worker-{}] request {id} GET /api/v1/items/{size} 200 {size} bytes in {} ms",
            random % 16,
            random % 900
        );
        if random % 1000 == 0 {
            text.push_str("user entered card 4539578763621486\n");
        }
    })
}

fn json() -> String {
    lines(|text, random| {
        use std::fmt::Write as _;
        let word = |shift: u32| WORDS[(random >> shift) as usize % WORDS.len()];
        let _ = writeln!(
            text,
            "{{\"id\": {}, \"title\": \"{} {} {}\", \"body\": \"{} {} {} {} and {} {} {}\", \"active\": true, \"score\": 0.{}, \"tags\": [\"{}\", \"{}\"]}}",
            random % 1_000_000,
            word(1),
            word(4),
            word(7),
            word(2),
            word(5),
            word(8),
            word(11),
            word(13),
            word(15),
            word(17),
            random % 1000,
            word(3),
            word(9)
        );
        if random % 1000 == 0 {
            text.push_str("{\"customer\": {\"ssn\": \"536-90-4399\"}}\n");
        }
    })
}
