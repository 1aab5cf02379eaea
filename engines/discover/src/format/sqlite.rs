//! SQLite database files, read as they are specified (<https://www.sqlite.org/fileformat2.html>): every row of every table,
//! page by page, without SQL. What only stands in a write-ahead log is not seen.

use std::io::SeekFrom;

use super::table::Table;
use super::{Source, Unreadable, Walk};

/// What every file begins with.
pub(crate) const MAGIC: &[u8] = b"SQLite format 3\0";
/// Largest row that is read, in bytes.
const ROW_MAX_BYTES: u64 = 16 << 20;
/// Deepest tree: of the largest file the format allows it is far less.
const DEPTH_MAX: usize = 64;
/// The page of the table of tables.
const SCHEMA_PAGE: u32 = 1;

struct File<'s> {
    source: &'s mut dyn Source,
    page_size: usize,
    usable: usize,
    encoding: u32,
    pages: u32,
    /// Pages that may still be read: each belongs to one tree.
    left: u64,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

pub(crate) fn scan(walk: &mut Walk<'_, '_>, source: &mut dyn Source) -> Result<(), Unreadable> {
    let mut file = File::open(source)?;
    let mut tables = Vec::new();
    file.rows(SCHEMA_PAGE, &mut |row| {
        if let [Value::Text(kind), Value::Text(name), _, Value::Integer(root), sql, ..] =
            row.as_slice()
        {
            let sql = if let Value::Text(sql) = sql { sql.as_str() } else { "" };
            if kind == "table" && *root > 1 {
                tables.push((name.clone(), u32::try_from(*root).unwrap_or(0), columns(sql)));
            }
        }
    })?;
    for (name, root, columns) in tables {
        let outcome = walk.inside_of(&name, |walk| {
            let mut table = Table::with_columns(walk, columns);
            file.rows(root, &mut |row| {
                for value in row {
                    match value {
                        Value::Text(text) => table.cell(text.as_bytes()),
                        Value::Integer(number) => table.cell(number.to_string().as_bytes()),
                        Value::Real(number) => table.cell(number.to_string().as_bytes()),
                        // Text is often kept as a blob.
                        Value::Blob(bytes) if std::str::from_utf8(&bytes).is_ok() => {
                            table.cell(&bytes)
                        }
                        Value::Blob(_) | Value::Null => table.cell(b""),
                    }
                }
                table.end_row();
            })
        });
        if let Err(reason) = outcome {
            walk.unread_member(&name, reason);
        }
    }
    Ok(())
}

fn damaged(what: &str) -> Unreadable {
    Unreadable::Damaged(what.to_owned())
}

impl<'s> File<'s> {
    fn open(source: &'s mut dyn Source) -> Result<Self, Unreadable> {
        let size = source.seek(SeekFrom::End(0))?;
        source.rewind()?;
        let mut header = [0; 100];
        source.read_exact(&mut header).map_err(|_| damaged("it is cut short"))?;
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return Err(damaged("no size of a page")),
        };
        let usable = page_size.checked_sub(usize::from(header[20])).filter(|usable| *usable >= 480);
        let usable = usable.ok_or_else(|| damaged("no room in its pages"))?;
        let encoding = u32::from_be_bytes([header[56], header[57], header[58], header[59]]);
        let pages = u32::try_from(size / page_size as u64).unwrap_or(u32::MAX);
        Ok(Self { source, page_size, usable, encoding, pages, left: u64::from(pages) })
    }

    fn page(&mut self, number: u32) -> Result<Vec<u8>, Unreadable> {
        if number == 0 || number > self.pages {
            return Err(damaged("a page that is not there"));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| damaged("its pages go in circles"))?;
        self.source.seek(SeekFrom::Start(u64::from(number - 1) * self.page_size as u64))?;
        let mut page = vec![0; self.page_size];
        self.source.read_exact(&mut page)?;
        Ok(page)
    }

    /// Calls `row` with every row of the tree at `root`, in order.
    fn rows(&mut self, root: u32, row: &mut dyn FnMut(Vec<Value>)) -> Result<(), Unreadable> {
        self.left = u64::from(self.pages);
        self.tree(root, 0, row)
    }

    fn tree(
        &mut self,
        number: u32,
        depth: usize,
        row: &mut dyn FnMut(Vec<Value>),
    ) -> Result<(), Unreadable> {
        if depth > DEPTH_MAX {
            return Err(damaged("its pages go in circles"));
        }
        let page = self.page(number)?;
        let start = if number == SCHEMA_PAGE { 100 } else { 0 };
        let kind = page[start];
        let interior = matches!(kind, 2 | 5);
        if !matches!(kind, 2 | 5 | 10 | 13) {
            return Err(damaged("a page of no known kind"));
        }
        let count = usize::from(u16_at(&page, start + 3)?);
        let pointers = start + if interior { 12 } else { 8 };
        for index in 0..count {
            let cell = usize::from(u16_at(&page, pointers + index * 2)?);
            let mut at = cell;
            if interior {
                let child = u32_at(&page, cell)?;
                self.tree(child, depth + 1, row)?;
                at += 4;
            }
            // An interior page of a table has keys only.
            if kind != 5 {
                let size = varint(&page, &mut at)?;
                if kind == 13 {
                    varint(&page, &mut at)?;
                }
                let payload = self.payload(&page, at, size, kind == 13)?;
                if let Some(payload) = payload {
                    row(self.record(&payload)?);
                }
            }
        }
        if interior {
            let last = u32_at(&page, start + 8)?;
            self.tree(last, depth + 1, row)?;
        }
        Ok(())
    }

    /// A row's bytes, those on overflow pages included; `None` if there are too many.
    fn payload(
        &mut self,
        page: &[u8],
        at: usize,
        size: u64,
        table: bool,
    ) -> Result<Option<Vec<u8>>, Unreadable> {
        if size > ROW_MAX_BYTES {
            return Ok(None);
        }
        let (size, usable) = (size as usize, self.usable);
        let most = if table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let least = (usable - 12) * 32 / 255 - 23;
        let local = if size <= most {
            size
        } else {
            let wanted = least + (size - least) % (usable - 4);
            if wanted <= most { wanted } else { least }
        };
        let here = page.get(at..at + local).ok_or_else(|| damaged("a row beyond its page"))?;
        let mut payload = here.to_vec();
        if local < size {
            let mut next = u32_at(page, at + local)?;
            while payload.len() < size {
                let overflow = self.page(next)?;
                next = u32_at(&overflow, 0)?;
                let length = (size - payload.len()).min(usable - 4);
                payload.extend_from_slice(&overflow[4..4 + length]);
            }
        }
        Ok(Some(payload))
    }

    fn record(&self, payload: &[u8]) -> Result<Vec<Value>, Unreadable> {
        let mut at = 0;
        let header = varint(payload, &mut at)? as usize;
        let mut body = header;
        let mut values = Vec::new();
        while at < header {
            let kind = varint(payload, &mut at)?;
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind as usize,
                5 => 6,
                6 | 7 => 8,
                10 | 11 => return Err(damaged("a value of no known kind")),
                _ => ((kind - 12) / 2) as usize,
            };
            let bytes = body.checked_add(length).and_then(|end| payload.get(body..end));
            let bytes = bytes.ok_or_else(|| damaged("a value beyond its row"))?;
            body += length;
            values.push(match kind {
                0 => Value::Null,
                8 | 9 => Value::Integer(kind as i64 - 8),
                1..=6 => Value::Integer(integer(bytes)),
                7 => Value::Real(f64::from_bits(integer(bytes) as u64)),
                _ if kind % 2 == 0 => Value::Blob(bytes.to_vec()),
                _ => Value::Text(self.text(bytes)),
            });
        }
        Ok(values)
    }

    fn text(&self, bytes: &[u8]) -> String {
        match self.encoding {
            2 => encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
            3 => encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Unreadable> {
    let pair = bytes.get(at..at + 2).ok_or_else(|| damaged("a page that ends early"))?;
    Ok(u16::from_be_bytes([pair[0], pair[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Unreadable> {
    let four = bytes.get(at..at + 4).ok_or_else(|| damaged("a page that ends early"))?;
    Ok(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

/// A big-endian two's complement number of up to eight bytes.
fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |sum, byte| sum << 8 | i64::from(*byte))
}

/// SQLite's variable-length integer of one to nine bytes.
fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, Unreadable> {
    let mut value = 0;
    for index in 0..9 {
        let byte = *bytes.get(*at).ok_or_else(|| damaged("a number that ends early"))?;
        *at += 1;
        if index == 8 {
            return Ok(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(value)
}

/// The names of the columns in a CREATE TABLE statement.
fn columns(sql: &str) -> Vec<String> {
    let Some(open) = sql.find('(') else { return Vec::new() };
    let (mut depth, mut quote) = (0, None);
    let mut parts = vec![String::new()];
    for char in sql[open + 1..].chars() {
        match (char, quote) {
            (c, Some(q)) if c == q => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(char),
            ('[', None) => quote = Some(']'),
            ('(', None) => depth += 1,
            (')', None) if depth == 0 => break,
            (')', None) => depth -= 1,
            (',', None) if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(char);
        }
    }
    let name = |part: &String| {
        let part = part.trim();
        let close = match part.chars().next()? {
            quote @ ('"' | '`' | '\'') => Some(quote),
            '[' => Some(']'),
            _ => None,
        };
        let name = match close {
            Some(close) => part[1..].split(close).next()?,
            None => part.split_whitespace().next()?,
        };
        let constraint = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"];
        let plain =
            close.is_some() || !constraint.iter().any(|word| name.eq_ignore_ascii_case(word));
        plain.then(|| name.to_owned())
    };
    parts.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_the_statement() {
        let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, \"full name\" TEXT, [ssn] TEXT DEFAULT ('a,b'), price DECIMAL(10,2), UNIQUE (id))";
        assert_eq!(columns(sql), ["id", "full name", "ssn", "price"]);
    }

    #[test]
    fn numbers_have_the_formats_lengths() {
        assert_eq!(varint(&[0x81, 0x00], &mut 0).unwrap(), 128);
        assert_eq!(varint(&[0xFF; 9], &mut 0).unwrap(), u64::MAX);
        assert!(varint(&[0x80], &mut 0).is_err());
        assert_eq!(integer(&[0xFF]), -1);
        assert_eq!(integer(&[0x01, 0x00]), 256);
    }
}
