//! XML requests of any kind, body, headers, query and label, are read or refused.

#![no_main]

use bastide_fuzz::codec;
use libfuzzer_sys::fuzz_target;
use shape::Protocol;

fuzz_target!(|data: &[u8]| {
    codec::through(Protocol::RestXml, &bastide_fuzz::request(data));
});
