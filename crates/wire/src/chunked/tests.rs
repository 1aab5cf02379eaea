//! The reference's example, both ways; then streams that are cut, changed or made up.

use proptest::prelude::*;

use super::*;
use crate::sigv4::{Scope, SigningKeys};

/// S3 API reference, 'Example: PUT object' of the chunked upload: 66,560 letters in two chunks.
const SEED: &[u8] = b"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const SIGNATURES: [&str; 3] = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];

fn chain() -> ChunkSignature {
    let scope = Scope::new("20130524", "us-east-1", "s3");
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into();
    let key = SigningKeys::default().symmetric(&secret, &scope);
    ChunkSignature::new(key, "20130524T000000Z", scope.as_str(), SEED)
}

fn encode(mode: Mode, chunks: &[&[u8]], trailers: &str) -> Vec<u8> {
    let mut chain = chain();
    let mut out = Vec::new();
    for chunk in chunks.iter().chain([&b"".as_slice()]) {
        out.extend_from_slice(format!("{:x}", chunk.len()).as_bytes());
        if mode.is_signed() {
            let signature = chain.next_chunk(chunk);
            out.extend_from_slice(b";chunk-signature=");
            out.extend_from_slice(&signature);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(chunk);
        if !chunk.is_empty() {
            out.extend_from_slice(b"\r\n");
        }
    }
    for line in trailers.lines() {
        out.extend_from_slice(format!("{line}\r\n").as_bytes());
    }
    if mode == Mode::SignedTrailer {
        let signature = chain.trailer(trailers.as_bytes());
        out.extend_from_slice(b"x-amz-trailer-signature:");
        out.extend_from_slice(&signature);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

/// Decodes `body`, handed over in pieces of `piece` bytes.
fn decode(
    mode: Mode,
    body: &[u8],
    length: Option<u64>,
    piece: usize,
) -> Result<Decoded, ChunkError> {
    let mut decoder = Decoder::new(mode, mode.is_signed().then(chain), length)?;
    let mut data = Vec::new();
    for mut input in body.chunks(piece.max(1)) {
        while let Some(part) = decoder.decode(&mut input)? {
            data.extend_from_slice(part);
        }
    }
    Ok((data, decoder.finish()?))
}

#[test]
fn the_example_of_the_reference() {
    let letters = [b'a'; 66_560];
    let (first, second) = letters.split_at(65_536);
    let body = encode(Mode::Signed, &[first, second], "");
    assert_eq!(body.len(), 66_824, "the example's Content-Length");
    let text = String::from_utf8_lossy(&body);
    for signature in SIGNATURES {
        assert!(text.contains(&format!(";chunk-signature={signature}\r\n")));
    }
    for piece in [1, 7, 1000, usize::MAX] {
        let (data, trailers) = decode(Mode::Signed, &body, Some(66_560), piece).expect("decodes");
        assert!(data == letters && trailers.is_empty());
    }
    // The empty line at the end may be missing.
    decode(Mode::Signed, &body[..body.len() - 2], Some(66_560), 100).expect("decodes");
}

#[test]
fn trailers_come_back() {
    let trailers = "x-amz-checksum-crc32c:sOO8/Q==\n";
    let expected = vec![("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())];
    for mode in [Mode::SignedTrailer, Mode::UnsignedTrailer] {
        let body = encode(mode, &[b"hello"], trailers);
        let decoded = decode(mode, &body, Some(5), 3).expect("decodes");
        assert_eq!(decoded, (b"hello".to_vec(), expected.clone()));
    }
    let body = encode(Mode::SignedTrailer, &[b"hello"], trailers);
    let text = String::from_utf8(body).expect("text");
    let parted = text.replace("x-amz-trailer-signature", "\r\nx-amz-trailer-signature");
    decode(Mode::SignedTrailer, parted.as_bytes(), None, 9).expect("an empty line between");
    let changed = text.replace("sOO8", "tOO8");
    let result = decode(Mode::SignedTrailer, changed.as_bytes(), None, 9);
    assert_eq!(result, Err(ChunkError::SignatureMismatch));
    let unsigned =
        text.split("x-amz-trailer-signature").next().expect("a part").to_owned() + "\r\n";
    let result = decode(Mode::SignedTrailer, unsigned.as_bytes(), None, 9);
    assert_eq!(result, Err(ChunkError::SignatureMismatch));
}

#[test]
fn every_byte_of_a_signed_body_counts() {
    let body = encode(Mode::SignedTrailer, &[b"hello", b"world"], "x-a:b\n");
    let good = decode(Mode::SignedTrailer, &body, None, 8).expect("decodes");
    for index in 0..body.len() {
        let mut changed = body.clone();
        changed[index] ^= 1;
        if let Ok(decoded) = decode(Mode::SignedTrailer, &changed, None, 8) {
            assert_eq!(decoded, good, "byte {index} changes nothing else");
        }
        let cut = decode(Mode::SignedTrailer, &body[..index], None, 8);
        assert!(cut.is_err() || index + 2 >= body.len(), "cut at {index}");
    }
}

#[test]
fn broken_streams_are_refused() {
    let large = format!("{:x}\r\n", MAX_CHUNK_BYTES + 1);
    let long = "1".repeat(MAX_CHUNK_LINE_BYTES + 1);
    let trailers = format!("0\r\n{}", format!("a:{}\r\n", "b".repeat(1000)).repeat(17));
    for (body, error) in [
        ("", ChunkError::IncompleteBody),
        ("5\r\nhel", ChunkError::IncompleteBody),
        ("0\r\n", ChunkError::IncompleteBody),
        ("x\r\n", ChunkError::Malformed("a chunk has no size")),
        ("+1\r\n", ChunkError::Malformed("a chunk has no size")),
        ("\r\n", ChunkError::Malformed("a chunk has no size")),
        ("2\r\nabc\r\n", ChunkError::Malformed("a chunk is longer than it says")),
        ("0\r\n\r\nx", ChunkError::Malformed("data behind the last chunk")),
        ("0\r\nx\r\n\r\n", ChunkError::Malformed("a trailer is not a header")),
        ("ffffffffffffffffffff\r\n", ChunkError::TooLarge("the size of a chunk")),
        (&large, ChunkError::TooLarge("the size of a chunk")),
        (&long, ChunkError::TooLarge("the length of a line")),
        (&trailers, ChunkError::TooLarge("the size of the trailer")),
    ] {
        for piece in [1, 5, usize::MAX] {
            let result = decode(Mode::UnsignedTrailer, body.as_bytes(), None, piece);
            let shown: String = body.chars().take(30).collect();
            assert_eq!(result, Err(error), "{shown}");
        }
    }
    for length in [0, 4, 6] {
        let body = b"5\r\nhello\r\n0\r\n\r\n";
        let result = decode(Mode::UnsignedTrailer, body, Some(length), 4);
        assert_eq!(result, Err(ChunkError::IncompleteBody), "{length}");
    }
    assert!(Decoder::new(Mode::Signed, None, None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_encoded_decodes(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..5),
        piece in 1_usize..40,
        mode in prop::sample::select(vec![Mode::Signed, Mode::SignedTrailer, Mode::UnsignedTrailer]),
    ) {
        let parts: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let trailers = if mode == Mode::Signed { "" } else { "x-a:b\n" };
        let body = encode(mode, &parts, trailers);
        let all = chunks.concat();
        let (data, _) = decode(mode, &body, Some(all.len() as u64), piece).expect("decodes");
        prop_assert_eq!(data, all);
    }

    #[test]
    fn nothing_makes_decoding_panic(
        body in prop::collection::vec(any::<u8>(), 0..200),
        text in "([0-9a-f]{0,3}(;chunk-signature=[0-9a-f]{0,70})?\r?\n?[a-z:]{0,9}\r?\n?){0,6}",
        piece in 1_usize..40,
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let _ = decode(Mode::UnsignedTrailer, body, None, piece);
            let _ = decode(Mode::SignedTrailer, body, Some(3), piece);
        }
    }
}
