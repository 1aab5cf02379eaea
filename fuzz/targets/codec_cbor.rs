//! CBOR bodies of any kind are read or refused, and what was read is written the same for ever.

#![no_main]

use bastide_fuzz::codec;
use libfuzzer_sys::fuzz_target;
use shape::Protocol;

fuzz_target!(|data: &[u8]| codec::steady(Protocol::RpcV2Cbor, data));
