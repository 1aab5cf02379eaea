//! QR codes as PNG pictures (RFC 2083), black on white.
//!
//! Such a picture is small and made once in a device's life, so it is not compressed; that spares a compressor.

use qrcode::{Color, EcLevel, QrCode};
use shape::Failure;

/// Pixels of a module's side.
const MODULE_PIXELS: usize = 4;
/// Modules of the white border that readers need (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;
/// Bytes of a stored block at most (RFC 1951).
const BLOCK_MAX: usize = 0xFFFF;
/// The modulus of Adler-32 (RFC 1950).
const ADLER: u32 = 65_521;
/// The polynomial of CRC-32, bits reversed.
const CRC: u32 = 0xEDB8_8320;

/// The picture of a QR code that says `text`.
///
/// # Errors
/// A fault of ours for more text than a QR code holds.
pub(crate) fn png(text: &[u8]) -> Result<Vec<u8>, Failure> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Failure::internal)?;
    let (modules, colors) = (code.width(), code.to_colors());
    let side = (modules + 2 * QUIET_MODULES) * MODULE_PIXELS;
    let is_dark = |x: usize, y: usize| {
        let module = |pixel: usize| {
            (pixel / MODULE_PIXELS).checked_sub(QUIET_MODULES).filter(|module| *module < modules)
        };
        let place = module(x).zip(module(y)).map(|(x, y)| y * modules + x);
        place.is_some_and(|place| colors[place] == Color::Dark)
    };
    let mut rows = Vec::with_capacity(side * (1 + side.div_ceil(8)));
    for y in 0..side {
        // No filter.
        rows.push(0);
        for x in (0..side).step_by(8) {
            let bits = (0..8).map(|bit| u8::from(!is_dark(x + bit, y)) << (7 - bit));
            rows.push(bits.sum());
        }
    }

    let mut header = Vec::new();
    let length = (side as u32).to_be_bytes();
    header.extend_from_slice(&length);
    header.extend_from_slice(&length);
    // One bit a pixel, greyscale; deflate, adaptive filters, not interlaced.
    header.extend_from_slice(&[1, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &stored(&rows));
    chunk(&mut png, b"IEND", &[]);
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let crc = crc32(&png[start..]);
    png.extend_from_slice(&crc.to_be_bytes());
}

/// A zlib stream of stored blocks.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(BLOCK_MAX).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (a, b) = data.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % ADLER;
        (a, (a + b) % ADLER)
    });
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ CRC } else { crc >> 1 };
    !data.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_what_it_was_made_of() {
        let text = format!("otpauth://totp/phone%40example?secret={}", "MZXW6YTB".repeat(8));
        let png = png(text.as_bytes()).expect("a picture");
        let side = u32::from_be_bytes(png[16..20].try_into().expect("four bytes")) as usize;
        // Signature, header chunk, the head of the data chunk, zlib's header and the block's: then rows.
        let row = 1 + side.div_ceil(8);
        let rows = &png[8 + 25 + 8 + 2 + 5..][..row * side];
        let grey = |x: usize, y: usize| match rows[y * row + 1 + x / 8] >> (7 - x % 8) & 1 {
            1 => 255,
            _ => 0,
        };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
        let codes = picture.detect_grids();
        let [code] = codes.as_slice() else { panic!("{} codes", codes.len()) };
        assert_eq!(code.decode().expect("it reads").1, text);
    }

    #[test]
    fn checksums_are_those_of_the_specifications() {
        // The check value of CRC-32/ISO-HDLC, and RFC 2083's empty end chunk.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b"IEND"), 0xAE42_6082);
        let stream = stored(b"Wikipedia");
        assert_eq!(stream[stream.len() - 4..], 0x11E6_0398u32.to_be_bytes());
    }
}
