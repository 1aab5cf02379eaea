//! Objects of any format, hostile ones included, are scanned to an end: the reader is chosen by the content, and the seeds are
//! a file of each format. The same bytes give the same report.

#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use discover::{Classification, Engine, Settings};
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Settings::default()).expect("an engine"));

fuzz_target!(|data: &[u8]| {
    let scan = || {
        let mut found = Classification::new(0);
        let mut source = Cursor::new(data);
        let read = ENGINE.scan_object(&mut ENGINE.scratch(), "object", &mut source, &mut found);
        (found, read.map_err(|reason| reason.to_string()).err())
    };
    assert_eq!(scan(), scan());
});
