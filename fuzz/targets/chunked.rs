//! A chunked body is taken apart the same however it arrives, and never yields more than it holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::chunked::{Decoder, Mode};

type Decoded = Option<(Vec<u8>, Vec<(String, String)>)>;

/// Decodes `body` handed over in pieces of `piece` bytes; `None` where it is refused.
fn decode(body: &[u8], piece: usize, length: Option<u64>) -> Decoded {
    let mut decoder = Decoder::new(Mode::UnsignedTrailer, None, length).ok()?;
    let mut data = Vec::new();
    for mut input in body.chunks(piece) {
        while let Some(part) = decoder.decode(&mut input).ok()? {
            data.extend_from_slice(part);
        }
    }
    Some((data, decoder.finish().ok()?))
}

fuzz_target!(|input: (u8, Option<u8>, &[u8])| {
    let (piece, length, body) = input;
    let whole = decode(body, body.len().max(1), length.map(u64::from));
    let pieces = decode(body, usize::from(piece).max(1), length.map(u64::from));
    assert_eq!(whole, pieces);
    if let Some((data, _)) = whole {
        assert!(data.len() <= body.len());
        assert!(length.is_none_or(|length| data.len() == usize::from(length)));
    }
});
