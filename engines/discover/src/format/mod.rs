//! Objects of any format: the content tells what an object is, a reader turns it into texts with places, and containers are
//! walked into. Nothing here panics or stops for a broken object: what cannot be read is reported with the reason.

mod archive;
mod avro;
mod budget;
mod csv;
mod decode;
mod fields;
mod json;
mod mime;
mod office;
mod pdf;
mod sniff;
mod sqlite;
mod table;

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

use crate::classification::Location;
use crate::engine::{Engine, Field};
use crate::scan::Scratch;
use crate::text::{Match, Place, TextScan};

pub use budget::{EXPANSION_FREE_BYTES, EXPANSION_MAX_RATIO};
pub use sniff::Format;

use budget::{Budget, Spent};

/// How much of an object is looked at to tell its format, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;
/// Containers in containers, at most.
pub const DEPTH_MAX: usize = 16;
/// Longest value of a cell or string that is judged in one piece, in bytes; longer ones are cut at a space.
pub const VALUE_MAX_BYTES: usize = 1 << 20;
/// Largest member of a container that is held in memory because its format is read from its end, in bytes. Members of
/// formats that stream have no limit.
pub const MEMBER_MAX_BYTES: usize = 64 << 20;

/// Bytes that can be read from any place, as an object's.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// Why an object, or a part of one, was not read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The bytes could not be had.
    #[error("it cannot be read")]
    Io(#[source] io::Error),
    /// No text, and no format that is known.
    #[error("it is binary, in no format that is known")]
    Binary,
    /// A format that is known but not read.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Encrypted or protected by a password.
    #[error("it is encrypted")]
    Encrypted,
    /// Not what its beginning promised.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Beyond a limit of the engine.
    #[error("it is beyond the limit of {0}")]
    Limit(&'static str),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<Spent>()) {
            return Self::Limit(Spent::WHAT);
        }
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
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
        let size = source.seek(SeekFrom::End(0))?;
        let budget = Budget::of(size);
        let mut walk =
            Walk { engine: self, scratch, sink, budget, inside: String::new(), depth: 0 };
        walk.object(name, Input::Seekable(source))
    }
}

/// What a reader reads from.
pub(crate) enum Input<'i> {
    /// From any place.
    Seekable(&'i mut dyn Source),
    /// As it comes.
    Stream(&'i mut dyn Read),
}

/// The way through an object.
pub(crate) struct Walk<'e, 'w> {
    pub engine: &'e Engine,
    scratch: &'w mut Scratch,
    sink: &'w mut dyn Sink<'e>,
    /// How much may still be expanded.
    pub budget: Budget,
    /// The way into containers.
    inside: String,
    depth: usize,
}

impl<'e> Walk<'e, '_> {
    /// Reads one object.
    fn object(&mut self, name: &str, input: Input<'_>) -> Result<Scanned, Unreadable> {
        let mut head = Vec::new();
        match input {
            Input::Seekable(source) => {
                source.rewind()?;
                Read::take(&mut *source, HEAD_BYTES as u64).read_to_end(&mut head)?;
                source.rewind()?;
                let format = sniff::format(name, &head);
                if format.streams() {
                    self.stream(name, format, &head, source)?;
                } else {
                    self.guarded(format, source)?;
                }
                Ok(Scanned { format })
            }
            Input::Stream(source) => {
                Read::take(&mut *source, HEAD_BYTES as u64).read_to_end(&mut head)?;
                let format = sniff::format(name, &head);
                if format.streams() {
                    let mut source = head.as_slice().chain(source);
                    self.stream(name, format, &head, &mut source)?;
                } else {
                    let room = MEMBER_MAX_BYTES + 1 - head.len();
                    Read::take(source, room as u64).read_to_end(&mut head)?;
                    if head.len() > MEMBER_MAX_BYTES {
                        return Err(Unreadable::Limit("64 MiB for a member of this format"));
                    }
                    self.guarded(format, &mut Cursor::new(head))?;
                }
                Ok(Scanned { format })
            }
        }
    }

    /// Formats that are read as they come.
    fn stream(
        &mut self,
        name: &str,
        format: Format,
        head: &[u8],
        source: &mut dyn Read,
    ) -> Result<(), Unreadable> {
        let encoding = sniff::encoding(head);
        match format {
            Format::Text => self.text(&mut decode::Utf8::new(source, encoding)),
            Format::Csv(delimiter) => {
                csv::scan(self, decode::Utf8::new(source, encoding), delimiter)
            }
            Format::Json => json::scan(self, decode::Utf8::new(source, encoding)),
            Format::Message => mime::message(self, source),
            Format::Mailbox => mime::mailbox(self, source),
            Format::Avro => avro::scan(self, source),
            Format::Gzip => archive::gzip(self, name, source),
            Format::Bzip2 => archive::bzip2(self, name, source),
            Format::Xz => archive::xz(self, name, source),
            Format::Zstandard => archive::zstd(self, name, source),
            Format::Tar => archive::tar(self, source),
            _ => Err(Unreadable::Binary),
        }
    }

    /// Formats that are read from any place. Their readers are partly not ours: one that gives up takes its object with it
    /// and nothing else.
    fn guarded(&mut self, format: Format, source: &mut dyn Source) -> Result<(), Unreadable> {
        let (inside, depth) = (self.inside.len(), self.depth);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.whole(format, source)));
        self.inside.truncate(inside);
        self.depth = depth;
        outcome.unwrap_or_else(|_| Err(Unreadable::Damaged("its reader gave up".to_owned())))
    }

    fn whole(&mut self, format: Format, source: &mut dyn Source) -> Result<(), Unreadable> {
        match format {
            Format::Zip => match office::kind(source)? {
                office::Kind::Archive => archive::zip(self, source),
                office::Kind::Workbook => office::workbook(self, source),
                kind => office::document(self, source, kind),
            },
            Format::Ole => office::old(self, source),
            Format::Pdf => pdf::scan(self, source),
            Format::Sqlite => sqlite::scan(self, source),
            Format::Other(name) => Err(Unreadable::Unsupported(name)),
            _ => Err(Unreadable::Binary),
        }
    }

    /// Reads what a container holds, one level deeper.
    pub fn nested(&mut self, name: &str, input: Input<'_>) -> Result<(), Unreadable> {
        if self.depth == DEPTH_MAX {
            return Err(Unreadable::Limit("16 containers in containers"));
        }
        self.depth += 1;
        let outcome = self.object(name, input);
        self.depth -= 1;
        outcome.map(|_| ())
    }

    /// Reads a member of a container. That it cannot be read does not stop the container, unless too much was expanded.
    pub fn member(&mut self, name: &str, source: &mut dyn Read) -> Result<(), Unreadable> {
        let budget = self.budget.clone();
        let outcome = self
            .inside_of(name, |walk| walk.nested(name, Input::Stream(&mut budget.meter(source))));
        if let Err(reason) = outcome {
            self.unread_member(name, reason);
        }
        if self.budget.spent() { Err(Unreadable::Limit(Spent::WHAT)) } else { Ok(()) }
    }

    /// Does something inside a member of this name.
    pub fn inside_of<T>(&mut self, name: &str, then: impl FnOnce(&mut Self) -> T) -> T {
        let end = self.inside.len();
        if !name.is_empty() {
            if end > 0 {
                self.inside.push('/');
            }
            self.inside.push_str(name);
        }
        let outcome = then(self);
        self.inside.truncate(end);
        outcome
    }

    /// Tells that what is being read cannot be read on.
    pub fn unread(&mut self, reason: Unreadable) {
        self.sink.unreadable(&self.inside, reason);
    }

    /// Tells that a member cannot be read.
    pub fn unread_member(&mut self, name: &str, reason: Unreadable) {
        self.inside_of(name, |walk| walk.unread(reason));
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

    /// Scans text of any kind, by lines: prose, logs, source, Markdown, HTML and XML. Markup is read as it stands, so that
    /// names of elements and attributes count as keywords; nothing is expanded, so no document grows.
    pub fn text(&mut self, text: &mut dyn Read) -> Result<(), Unreadable> {
        self.lines(text, Place::default(), &line)
    }

    /// Scans text whose matches have places of another kind.
    pub fn text_at(
        &mut self,
        text: &mut dyn Read,
        place: &dyn Fn(&Match<'e>) -> Location,
    ) -> Result<(), Unreadable> {
        self.lines(text, Place::default(), place)
    }

    /// Scans the rest of a text that begins at `origin`.
    fn lines(
        &mut self,
        text: &mut dyn Read,
        origin: Place,
        place: &dyn Fn(&Match<'e>) -> Location,
    ) -> Result<(), Unreadable> {
        let Self { engine, scratch, sink, inside, .. } = self;
        let mut scan = TextScan::new(engine, scratch, &Field::default(), &[]).starting_at(origin);
        let mut found = |m: Match<'e>| {
            let location = place(&m);
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
