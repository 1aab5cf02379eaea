//! The reader of JSON bodies ends on any bytes, and reads whatever a strict reader reads.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut elements = 0_usize;
    let whole = waf::walk_json(data, &mut |_| elements += 1);
    assert!(elements <= data.len());
    if serde_json::from_slice::<serde_json::Value>(data).is_ok() {
        assert!(whole);
    }
});
