//! Objects of any format: the content tells what an object is, a reader turns it into texts with places, and containers are
//! walked into. Nothing here panics or stops for a broken object: what cannot be read is reported with the reason.

mod csv;
mod decode;
mod json;
mod sniff;
mod text;

use std::io::{self, Read, Seek, SeekFrom};

use thiserror::Error;

use crate::classification::Location;
use crate::engine::{Engine, Field};
use crate::scan::Scratch;
use crate::text::{Match, TextScan};

pub use sniff::Format;

/// How much of an object is looked at to tell its format, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;
/// Longest value of a cell or string that is judged in one piece, in bytes; longer ones are cut at a space.
pub const VALUE_MAX_BYTES: usize = 1 << 20;

/// Bytes that can be read from any place, as an object's.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// Why an object, or a part of one, was not read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The bytes could not be had.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// No text, and no format that is known.
    #[error("it is binary, in no format that is known")]
    Binary,
    /// Not what its beginning promised.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Who is told what an object holds.
pub trait Sink<'e> {
    /// A value was found. `inside` is the way into containers, empty for the object itself.
    fn found(&mut self, inside: &str, found: Match<'e>, location: Location);
    /// A part was not read; the scan goes on with the others.
    fn unreadable(&mut self, inside: &str, reason: Unreadable);
}

/// What an object turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Its format.
    pub format: Format,
}

impl Engine {
    /// Scans an object: finds out its format and reads it, containers included. `name` is its file name or key, which only
    /// helps to tell tables from other text.
    ///
    /// # Errors
    /// [`Unreadable`] when the object itself cannot be read; what was found before stays reported.
    pub fn scan_object<'e>(
        &'e self,
        scratch: &mut Scratch,
        name: &str,
        source: &mut dyn Source,
        sink: &mut dyn Sink<'e>,
    ) -> Result<Scanned, Unreadable> {
        let mut walk = Walk { engine: self, scratch, sink, inside: String::new() };
        walk.object(name, Input::Seekable(source))
    }
}

/// What a reader reads from.
pub(crate) enum Input<'i> {
    Seekable(&'i mut dyn Source),
}

/// The way through an object.
pub(crate) struct Walk<'e, 'w> {
    pub engine: &'e Engine,
    pub scratch: &'w mut Scratch,
    pub sink: &'w mut dyn Sink<'e>,
    /// The way into containers.
    pub inside: String,
}

impl<'e> Walk<'e, '_> {
    /// Reads one object or member.
    pub fn object(&mut self, name: &str, input: Input<'_>) -> Result<Scanned, Unreadable> {
        let Input::Seekable(source) = input;
        source.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        Read::take(&mut *source, HEAD_BYTES as u64).read_to_end(&mut head)?;
        let format = sniff::format(name, &head);
        source.seek(SeekFrom::Start(0))?;
        let encoding = sniff::encoding(&head);
        match format {
            Format::Text => text::scan(self, decode::Utf8::new(source, encoding))?,
            Format::Csv(delimiter) => {
                csv::scan(self, decode::Utf8::new(source, encoding), delimiter)?
            }
            Format::Json => json::scan(self, decode::Utf8::new(source, encoding))?,
            Format::Binary => return Err(Unreadable::Binary),
        }
        Ok(Scanned { format })
    }

    /// Scans the text of a cell or a record's value.
    pub fn cell(
        &mut self,
        field: &Field,
        names: &[&str],
        text: &[u8],
        location: impl Fn() -> Location,
    ) {
        let (sink, inside) = (&mut *self.sink, &self.inside);
        let mut found = |m| sink.found(inside, m, location());
        self.engine.scan_cell(self.scratch, field, names, text, &mut found);
    }

    /// Scans lines of text to their end.
    pub fn lines(
        &mut self,
        text: &mut dyn Read,
        origin: crate::text::Place,
    ) -> Result<(), Unreadable> {
        let Self { engine, scratch, sink, inside, .. } = self;
        let mut scan = TextScan::new(engine, scratch, &Field::default(), &[]).starting_at(origin);
        let mut found = |m: Match<'e>| {
            let location = line(&m);
            sink.found(inside, m, location);
        };
        let mut buffer = vec![0; HEAD_BYTES];
        loop {
            match text.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => scan.feed(&buffer[..length], &mut found),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What was read up to here is still judged.
                    scan.finish(&mut found);
                    return Err(error.into());
                }
            }
        }
        scan.finish(&mut found);
        Ok(())
    }
}

/// The lines of a match.
pub(crate) fn line(found: &Match<'_>) -> Location {
    Location::LineRange {
        start: found.start.line + 1,
        end: found.end.line + 1,
        start_column: found.start.column + 1,
    }
}

/// Cuts a value that is too long for one piece: at the last space of the piece, if there is one.
pub(crate) fn cut(text: &[u8]) -> usize {
    memchr::memrchr3(b' ', b'\n', b',', text).map_or(text.len(), |at| at + 1)
}
