//! Office documents. Word and PowerPoint files are ZIP archives of XML whose text elements are read as they stream by,
//! paragraphs as lines and slides as pages; workbooks (xlsx, xlsb, xls, ods) are read by `calamine` into cells.

use std::io::{BufReader, Read, Seek};

use calamine::{Data, Reader as _, Sheets};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::archive::damaged;
use super::table::Table;
use super::{Source, Unreadable, Walk};
use crate::classification::Location;
use crate::text::Match;

/// Most bytes to which a workbook may expand, since its sheets are held in memory.
const WORKBOOK_MAX_BYTES: u64 = 256 << 20;

/// What a ZIP archive is, by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Slides,
    Workbook,
    /// OpenDocument text or presentation.
    Document,
    Archive,
}

/// Tells office documents from other archives.
pub(crate) fn kind(source: &mut dyn Source) -> Result<Kind, Unreadable> {
    let archive = zip::ZipArchive::new(source).map_err(|error| damaged(&error))?;
    let has = |name: &str| archive.index_for_name(name).is_some();
    Ok(if has("word/document.xml") {
        Kind::Word
    } else if has("ppt/presentation.xml") {
        Kind::Slides
    } else if has("xl/workbook.xml") || has("xl/workbook.bin") {
        Kind::Workbook
    } else if has("content.xml") && has("META-INF/manifest.xml") {
        Kind::Document
    } else {
        Kind::Archive
    })
}

/// The text of the parts that hold text, in the order of their names.
pub(crate) fn document(
    walk: &mut Walk<'_, '_>,
    source: &mut dyn Source,
    kind: Kind,
) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(source).map_err(|error| damaged(&error))?;
    let wanted = |name: &str| match kind {
        Kind::Word => {
            let stem = name
                .strip_prefix("word/")
                .and_then(|name| name.strip_suffix(".xml"))
                .unwrap_or_default();
            ["document", "header", "footer", "comments", "footnotes", "endnotes"].iter().any(
                |part| {
                    stem.strip_prefix(part)
                        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
                },
            )
        }
        Kind::Slides => {
            let slide = name
                .strip_prefix("ppt/slides/slide")
                .or(name.strip_prefix("ppt/notesSlides/notesSlide"));
            slide.is_some_and(|rest| rest.ends_with(".xml"))
        }
        _ => name == "content.xml",
    };
    let mut names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .map(std::borrow::Cow::into_owned)
        .filter(|name| wanted(name))
        .collect();
    names.sort_by_key(|name| (page(name), name.clone()));
    let budget = walk.budget.clone();
    for name in names {
        let member = archive.by_name(&name).map_err(|error| damaged(&error))?;
        let mut metered = budget.meter(member);
        let number = page(&name);
        let mut text = Text {
            reader: Reader::from_reader(BufReader::new(&mut metered)),
            event: Vec::new(),
            pending: Vec::new(),
            at: 0,
            inside: 0,
        };
        let place = |found: &Match<'_>| match kind {
            Kind::Slides => Location::Page {
                page_number: number,
                start: found.start.offset,
                end: found.end.offset,
            },
            _ => super::line(found),
        };
        walk.text_at(&mut text, &place)?;
    }
    Ok(())
}

/// The number in a part's name: of the slide.
fn page(name: &str) -> u64 {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// The text of an XML part: runs of text as they stand, a line for each paragraph, a tab for each cell.
struct Text<R: std::io::BufRead> {
    reader: Reader<R>,
    event: Vec<u8>,
    pending: Vec<u8>,
    at: usize,
    /// Depth inside elements whose text counts.
    inside: usize,
}

impl<R: std::io::BufRead> Text<R> {
    /// Reads one event; false at the end.
    fn step(&mut self) -> std::io::Result<bool> {
        let invalid = |error: quick_xml::Error| match error {
            quick_xml::Error::Io(error) => std::io::Error::new(error.kind(), error.to_string()),
            other => std::io::Error::new(std::io::ErrorKind::InvalidData, other.to_string()),
        };
        self.event.clear();
        match self.reader.read_event_into(&mut self.event).map_err(invalid)? {
            Event::Start(element) => {
                let name = element.local_name();
                let text = matches!(name.as_ref(), "t" | "span" | "h" | "delText" | "instrText");
                let open = name.as_ref() == "p" && element.name().as_ref().starts_with("text:");
                // What stands inside such an element counts, however deep.
                if text || open || self.inside > 0 {
                    self.inside += 1;
                }
            }
            Event::End(element) => {
                self.inside = self.inside.saturating_sub(1);
                match element.local_name().as_ref() {
                    "p" | "h" => self.pending.push(b'\n'),
                    "tc" => self.pending.push(b'\t'),
                    _ => {}
                }
            }
            Event::Empty(element) => match element.local_name().as_ref() {
                "tab" | "s" => self.pending.push(b' '),
                "br" | "cr" | "line-break" => self.pending.push(b'\n'),
                _ => {}
            },
            Event::Text(text) if self.inside > 0 => self.pending.extend_from_slice(text.as_bytes()),
            Event::CData(text) if self.inside > 0 => {
                self.pending.extend_from_slice(text.as_bytes())
            }
            Event::GeneralRef(name) if self.inside > 0 => {
                let name = name.to_string();
                let char = match name.as_str() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    // Entities of the document's own are never expanded.
                    _ => name.strip_prefix('#').and_then(|code| {
                        let number = match code.strip_prefix('x') {
                            Some(hex) => u32::from_str_radix(hex, 16),
                            None => code.parse(),
                        };
                        char::from_u32(number.ok()?)
                    }),
                };
                let mut bytes = [0; 4];
                self.pending.extend_from_slice(
                    char.map_or(" ", |char| char.encode_utf8(&mut bytes)).as_bytes(),
                );
            }
            Event::Eof => return Ok(false),
            _ => {}
        }
        Ok(true)
    }
}

impl<R: std::io::BufRead> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.pending.len() {
            self.pending.clear();
            self.at = 0;
            if !self.step()? {
                return Ok(0);
            }
        }
        let length = out.len().min(self.pending.len() - self.at);
        out[..length].copy_from_slice(&self.pending[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// The cells of every sheet of a workbook, which was looked at to be no larger than memory allows.
pub(crate) fn workbook(walk: &mut Walk<'_, '_>, source: &mut dyn Source) -> Result<(), Unreadable> {
    if zipped(source)? {
        weigh(source)?;
    }
    source.rewind()?;
    let mut workbook: Sheets<_> = calamine::open_workbook_auto_from_rs(Clonable(std::rc::Rc::new(
        std::cell::RefCell::new(source),
    )))
    .map_err(|error| match error.to_string() {
        text if text.to_ascii_lowercase().contains("password") => Unreadable::Encrypted,
        text => Unreadable::Damaged(text),
    })?;
    for sheet in workbook.sheet_names() {
        let range = match workbook.worksheet_range(&sheet) {
            Ok(range) => range,
            Err(error) => {
                walk.unread_member(&sheet, damaged(&error));
                continue;
            }
        };
        let (top, left) = range.start().unwrap_or((0, 0));
        let mut table = Table::of_sheet(walk, &sheet, u64::from(top), left as usize);
        for row in range.rows() {
            for cell in row {
                let text = match cell {
                    Data::Empty | Data::Error(_) | Data::Bool(_) => String::new(),
                    Data::DateTime(moment) => moment.as_f64().to_string(),
                    Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e18 => {
                        format!("{number:.0}")
                    }
                    other => other.to_string(),
                };
                table.cell(text.as_bytes());
            }
            table.end_row();
        }
    }
    Ok(())
}

/// A compound file: an old workbook, something encrypted, or a document whose format is not read.
pub(crate) fn old(walk: &mut Walk<'_, '_>, source: &mut dyn Source) -> Result<(), Unreadable> {
    let mut content = Vec::new();
    source.rewind()?;
    Read::take(&mut *source, super::MEMBER_MAX_BYTES as u64 + 1).read_to_end(&mut content)?;
    if content.len() > super::MEMBER_MAX_BYTES {
        return Err(Unreadable::Limit("64 MiB of a compound file"));
    }
    // The names of its streams are in UTF-16.
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(&content, &name).is_some()
    };
    if has("EncryptedPackage") {
        return Err(Unreadable::Encrypted);
    }
    if has("WordDocument") || has("PowerPoint Document") {
        return Err(Unreadable::Unsupported(
            "the binary format of Word and PowerPoint before 2007",
        ));
    }
    workbook(walk, &mut std::io::Cursor::new(content))
}

fn zipped(source: &mut dyn Source) -> Result<bool, Unreadable> {
    let mut magic = [0; 2];
    source.rewind()?;
    source.read_exact(&mut magic)?;
    Ok(&magic == b"PK")
}

/// Expands all members without keeping them, for what they say about their size cannot be believed.
fn weigh(source: &mut dyn Source) -> Result<(), Unreadable> {
    let mut archive = zip::ZipArchive::new(source).map_err(|error| damaged(&error))?;
    let mut total = 0;
    for index in 0..archive.len() {
        let Ok(member) = archive.by_index(index) else { continue };
        let mut member = member.take(WORKBOOK_MAX_BYTES - total + 1);
        total += std::io::copy(&mut member, &mut std::io::sink()).unwrap_or(0);
        if total > WORKBOOK_MAX_BYTES {
            return Err(Unreadable::Limit("256 MiB of an expanded workbook"));
        }
    }
    Ok(())
}

/// `calamine` tries one format after the other on clones of the source.
struct Clonable<'s>(std::rc::Rc<std::cell::RefCell<&'s mut dyn Source>>);

impl Clone for Clonable<'_> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Read for Clonable<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(out)
    }
}

impl Seek for Clonable<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}
