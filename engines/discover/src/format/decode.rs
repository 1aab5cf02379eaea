//! Text in any encoding as UTF-8. UTF-8 passes through untouched, valid or not: what is no character is no part of a value.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

/// How much is read at a time where text has to be converted, in bytes.
const CHUNK_BYTES: usize = 32 << 10;

/// A reader of UTF-8.
pub(crate) struct Utf8<'r> {
    source: &'r mut dyn Read,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    raw_at: usize,
    ended: bool,
    finished: bool,
    bom: bool,
}

impl<'r> Utf8<'r> {
    pub fn new(source: &'r mut dyn Read, encoding: &'static Encoding) -> Self {
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        Self {
            source,
            decoder,
            raw: Vec::new(),
            raw_at: 0,
            ended: false,
            finished: false,
            bom: true,
        }
    }

    fn plain(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut length = self.source.read(out)?;
        if std::mem::take(&mut self.bom) && out[..length].starts_with(b"\xEF\xBB\xBF") {
            out.copy_within(3..length, 0);
            length -= 3;
            // Nothing left is not the end.
            if length == 0 {
                return self.source.read(out);
            }
        }
        Ok(length)
    }
}

impl Read for Utf8<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() {
            return self.plain(out);
        }
        // One character needs up to four bytes of room.
        if out.len() < 4 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a buffer of less than four bytes",
            ));
        }
        while !self.finished {
            if self.raw_at == self.raw.len() && !self.ended {
                self.raw.resize(CHUNK_BYTES, 0);
                let length = self.source.read(&mut self.raw)?;
                self.raw.truncate(length);
                self.raw_at = 0;
                self.ended = length == 0;
            }
            let Some(decoder) = &mut self.decoder else { break };
            let (result, read, written, _) =
                decoder.decode_to_utf8(&self.raw[self.raw_at..], out, self.ended);
            self.raw_at += read;
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{EUC_KR, UTF_16LE};

    fn read(bytes: &[u8], encoding: &'static Encoding) -> String {
        let mut source = bytes;
        let mut text = Vec::new();
        let mut reader = Utf8::new(&mut source, encoding);
        // Small reads cut characters of the source.
        let mut buffer = [0; 7];
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => return String::from_utf8(text).unwrap(),
                length => text.extend_from_slice(&buffer[..length]),
            }
        }
    }

    #[test]
    fn encodings_come_out_as_utf_8() {
        let utf16: Vec<u8> =
            "\u{feff}주민 900101".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, UTF_16LE), "주민 900101");
        let (euc, _, _) = EUC_KR.encode("주민등록번호 홍길동");
        assert_eq!(read(&euc, EUC_KR), "주민등록번호 홍길동");
        assert_eq!(read("\u{feff}abc".as_bytes(), UTF_8), "abc");
    }
}
