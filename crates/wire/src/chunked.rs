//! The `aws-chunked` content encoding of S3: chunks with signatures, trailing headers, or both.
//!
//! [`Decoder`] is a state machine over whatever pieces the network gives. It borrows the data from its input and
//! keeps nothing but a line and a digest, so a body of any size costs constant memory. **What it yields is
//! provisional until [`Decoder::finish`] succeeds**: a chunk's signature stands in front of data that is longer than
//! one would buffer. Sources: S3 API reference, 'Signature calculations for the Authorization header: transferring
//! payload in multiple chunks', and the same with trailing headers.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, digest, hmac};
use thiserror::Error;

use crate::limits::{MAX_CHUNK_BYTES, MAX_CHUNK_LINE_BYTES, MAX_TRAILER_BYTES};
use crate::sigv4::{EMPTY_SHA256, to_hex};

const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// How a body is cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    Signed,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    SignedTrailer,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedTrailer,
}

impl Mode {
    /// The mode that `X-Amz-Content-Sha256` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Self::Signed),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(Self::SignedTrailer),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Self::UnsignedTrailer),
            _ => None,
        }
    }

    /// Whether chunks carry signatures.
    pub fn is_signed(self) -> bool {
        self != Self::UnsignedTrailer
    }

    fn has_trailer(self) -> bool {
        self != Self::Signed
    }
}

/// A body that is not what its mode says.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ChunkError {
    /// The framing is broken.
    #[error("The request body is not a valid aws-chunked stream: {0}.")]
    Malformed(&'static str),
    /// A limit is exceeded.
    #[error("The request body exceeds a limit of aws-chunked streams: {0}.")]
    TooLarge(&'static str),
    /// A chunk or the trailer is not what was signed.
    #[error("The chunk signature we calculated does not match the signature you provided.")]
    SignatureMismatch,
    /// The body ends early, or holds another number of bytes than `X-Amz-Decoded-Content-Length` says.
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header.")]
    IncompleteBody,
}

/// The chain of signatures: each chunk's covers the one before it, the first the request's own.
#[derive(Clone)]
pub struct ChunkSignature {
    key: Arc<hmac::Key>,
    /// Date and scope, the two lines that all strings to sign of a request share.
    context: String,
    previous: [u8; 64],
}

impl ChunkSignature {
    /// Begins a chain at a request's signature (hexadecimal; its length was proved with it).
    pub(crate) fn new(key: Arc<hmac::Key>, amz_date: &str, scope: &str, signature: &[u8]) -> Self {
        let mut previous = [b'0'; 64];
        for (to, from) in previous.iter_mut().zip(signature) {
            *to = *from;
        }
        Self { key, context: format!("{amz_date}\n{scope}"), previous }
    }

    /// The signature of the next chunk, in hexadecimal.
    pub fn next_chunk(&mut self, data: &[u8]) -> [u8; 64] {
        self.chunk(digest::digest(&digest::SHA256, data).as_ref())
    }

    /// The signature of the trailing headers: lines of `name:value`, each ended by a line feed.
    pub fn trailer(&mut self, lines: &[u8]) -> [u8; 64] {
        let hash = to_hex(digest::digest(&digest::SHA256, lines).as_ref());
        self.advance("AWS4-HMAC-SHA256-TRAILER", "", &hash)
    }

    fn chunk(&mut self, sha256: &[u8]) -> [u8; 64] {
        let empty = format!("\n{EMPTY_SHA256}");
        self.advance("AWS4-HMAC-SHA256-PAYLOAD", &empty, &to_hex(sha256))
    }

    fn advance(&mut self, algorithm: &str, extra_line: &str, hash: &[u8; 64]) -> [u8; 64] {
        let to_sign = format!(
            "{algorithm}\n{}\n{}{extra_line}\n{}",
            self.context,
            String::from_utf8_lossy(&self.previous),
            String::from_utf8_lossy(hash),
        );
        self.previous = to_hex(hmac::sign(&self.key, to_sign.as_bytes()).as_ref());
        self.previous
    }
}

impl fmt::Debug for ChunkSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkSignature").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Takes a chunked body apart.
pub struct Decoder {
    mode: Mode,
    signature: Option<ChunkSignature>,
    state: State,
    line: Vec<u8>,
    /// Digest of the chunk in progress, and the signature it must have.
    hash: digest::Context,
    claimed: Option<[u8; 64]>,
    /// Bytes that the whole body must still yield, where its length is declared.
    remaining: Option<u64>,
    trailers: Vec<(String, String)>,
    trailer_lines: Vec<u8>,
    trailer_signature: Option<String>,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the line that begins a chunk.
    ChunkLine,
    /// In a chunk's data, with this many bytes to come.
    Data(u64),
    /// In the line end behind a chunk's data.
    DataEnd,
    /// In the lines behind the last chunk.
    Trailer,
    /// Behind the empty line that ends the body.
    Done,
}

impl Decoder {
    /// A decoder for a body of `decoded_length` bytes (`X-Amz-Decoded-Content-Length`), if that is declared.
    /// Signed modes need the `signature` that [`crate::sigv4::Payload::Chunked`] brings.
    ///
    /// # Errors
    /// [`ChunkError::SignatureMismatch`] if a signed mode comes without it.
    pub fn new(
        mode: Mode,
        signature: Option<ChunkSignature>,
        decoded_length: Option<u64>,
    ) -> Result<Self, ChunkError> {
        if mode.is_signed() != signature.is_some() {
            return Err(ChunkError::SignatureMismatch);
        }
        Ok(Self {
            mode,
            signature,
            state: State::ChunkLine,
            line: Vec::new(),
            hash: digest::Context::new(&digest::SHA256),
            claimed: None,
            remaining: decoded_length,
            trailers: Vec::new(),
            trailer_lines: Vec::new(),
            trailer_signature: None,
            trailer_bytes: 0,
        })
    }

    /// Takes input off the front of `input` and returns the next piece of data in it; `None` when all of it is
    /// taken and more is needed.
    ///
    /// # Errors
    /// Any [`ChunkError`]; the decoder is of no use after one.
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<&'a [u8]>, ChunkError> {
        while !input.is_empty() {
            match self.state {
                State::Data(left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let (data, rest) = input.split_at(take);
                    *input = rest;
                    if self.signature.is_some() {
                        self.hash.update(data);
                    }
                    let left = left - take as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                    return Ok(Some(data));
                }
                State::ChunkLine => {
                    if self.take_line(input)? {
                        self.begin_chunk()?;
                    }
                }
                State::DataEnd => {
                    if self.take_line(input)? {
                        if !self.line.is_empty() {
                            return Err(ChunkError::Malformed("a chunk is longer than it says"));
                        }
                        self.end_chunk()?;
                        self.state = State::ChunkLine;
                    }
                }
                State::Trailer => {
                    if self.take_line(input)? {
                        self.trailer_line()?;
                    }
                }
                State::Done => return Err(ChunkError::Malformed("data behind the last chunk")),
            }
        }
        Ok(None)
    }

    /// Ends the body: returns the trailing headers, names in lower case, once everything is proved.
    ///
    /// # Errors
    /// [`ChunkError::IncompleteBody`] or [`ChunkError::SignatureMismatch`].
    pub fn finish(mut self) -> Result<Vec<(String, String)>, ChunkError> {
        // Some clients leave out the last line end. Where signatures prove that nothing else is missing, it is not.
        if self.state == State::Trailer && self.mode.is_signed() && self.line.is_empty() {
            self.end_trailer()?;
        }
        if self.state != State::Done || self.remaining.is_some_and(|left| left > 0) {
            return Err(ChunkError::IncompleteBody);
        }
        Ok(self.trailers)
    }

    /// Moves a line into `self.line`, without its end; `false` while the end is not there.
    fn take_line(&mut self, input: &mut &[u8]) -> Result<bool, ChunkError> {
        let end = memchr::memchr(b'\n', input);
        let take = end.map_or(input.len(), |end| end + 1);
        if self.line.len() + take > MAX_CHUNK_LINE_BYTES {
            return Err(ChunkError::TooLarge("the length of a line"));
        }
        let (line, rest) = input.split_at(take);
        self.line.extend_from_slice(line);
        *input = rest;
        if end.is_none() {
            return Ok(false);
        }
        self.line.pop();
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(true)
    }

    /// `<size in hexadecimal>[;chunk-signature=<hexadecimal>]`.
    fn begin_chunk(&mut self) -> Result<(), ChunkError> {
        let line = std::mem::take(&mut self.line);
        let text = std::str::from_utf8(&line)
            .map_err(|_| ChunkError::Malformed("a chunk line is not text"))?;
        let (size, extension) = text.split_once(';').unwrap_or((text, ""));
        let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits {
            return Err(ChunkError::Malformed("a chunk has no size"));
        }
        let size = u64::from_str_radix(size, 16)
            .ok()
            .filter(|size| *size <= MAX_CHUNK_BYTES)
            .ok_or(ChunkError::TooLarge("the size of a chunk"))?;
        self.claimed = match extension.strip_prefix("chunk-signature=") {
            Some(text) => Some(
                <[u8; 64]>::try_from(text.as_bytes()).map_err(|_| ChunkError::SignatureMismatch)?,
            ),
            None => None,
        };
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.checked_sub(size).ok_or(ChunkError::IncompleteBody)?;
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        self.end_chunk()?;
        self.state = State::Trailer;
        Ok(())
    }

    /// Proves the chunk that just ended.
    fn end_chunk(&mut self) -> Result<(), ChunkError> {
        let Some(signature) = &mut self.signature else { return Ok(()) };
        let hash = std::mem::replace(&mut self.hash, digest::Context::new(&digest::SHA256));
        let computed = signature.chunk(hash.finish().as_ref());
        let claimed = self.claimed.take().ok_or(ChunkError::SignatureMismatch)?;
        constant_time::verify_slices_are_equal(&computed, &claimed)
            .map_err(|_| ChunkError::SignatureMismatch)
    }

    /// One line behind the last chunk: a header, the trailer's signature, or the empty line at the end.
    fn trailer_line(&mut self) -> Result<(), ChunkError> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            // An empty line may also part the trailer from its signature.
            let open = self.mode == Mode::SignedTrailer && self.trailer_signature.is_none();
            return if open { Ok(()) } else { self.end_trailer() };
        }
        self.trailer_bytes += line.len();
        if self.trailer_bytes > MAX_TRAILER_BYTES {
            return Err(ChunkError::TooLarge("the size of the trailer"));
        }
        if !self.mode.has_trailer() || self.trailer_signature.is_some() {
            return Err(ChunkError::Malformed("an unexpected trailer"));
        }
        let text = std::str::from_utf8(&line)
            .map_err(|_| ChunkError::Malformed("a trailer is not text"))?;
        let (name, value) =
            text.split_once(':').ok_or(ChunkError::Malformed("a trailer is not a header"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if name == TRAILER_SIGNATURE {
            self.trailer_signature = Some(value);
        } else {
            self.trailer_lines.extend_from_slice(format!("{name}:{value}\n").as_bytes());
            self.trailers.push((name, value));
        }
        Ok(())
    }

    /// Proves the trailer. Without one there is nothing to prove: the last chunk's signature stood before it.
    fn end_trailer(&mut self) -> Result<(), ChunkError> {
        self.state = State::Done;
        if self.mode != Mode::SignedTrailer {
            return Ok(());
        }
        let Some(signature) = &mut self.signature else { return Ok(()) };
        let computed = signature.trailer(&self.trailer_lines);
        let claimed = self.trailer_signature.take().ok_or(ChunkError::SignatureMismatch)?;
        constant_time::verify_slices_are_equal(&computed, claimed.as_bytes())
            .map_err(|_| ChunkError::SignatureMismatch)
    }
}

#[cfg(test)]
mod tests;
