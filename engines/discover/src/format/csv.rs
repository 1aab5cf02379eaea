//! Tables of text (RFC 4180, with any delimiter).

use std::io::Read;

use super::decode::Utf8;
use super::table::Table;
use super::{HEAD_BYTES, Unreadable, VALUE_MAX_BYTES, Walk, cut};

pub(crate) fn scan(
    walk: &mut Walk<'_, '_>,
    mut text: Utf8<'_>,
    delimiter: u8,
) -> Result<(), Unreadable> {
    let mut cells = Cells { table: Table::new(walk), cell: Vec::new(), any: false };
    let mut buffer = vec![0; HEAD_BYTES];
    let (mut quoted, mut closing) = (false, false);
    loop {
        let length = match text.read(&mut buffer) {
            Ok(length) => length,
            Err(error) => {
                cells.end_row();
                return Err(error.into());
            }
        };
        if length == 0 {
            break;
        }
        let mut rest = &buffer[..length];
        while let Some(&byte) = rest.first() {
            if quoted && !closing {
                let plain = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                cells.add(&rest[..plain]);
                closing = plain < rest.len();
                rest = &rest[(plain + 1).min(rest.len())..];
                continue;
            }
            if closing {
                closing = false;
                // A doubled quote is one.
                if byte == b'"' {
                    cells.add(b"\"");
                    rest = &rest[1..];
                    continue;
                }
                quoted = false;
            }
            if byte == b'"' && cells.cell.is_empty() {
                quoted = true;
                rest = &rest[1..];
                continue;
            }
            let plain = memchr::memchr3(delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
            cells.add(&rest[..plain]);
            match rest.get(plain) {
                Some(b'\n') => cells.end_row(),
                Some(b'\r') | None => {}
                Some(_) => cells.end_cell(),
            }
            rest = &rest[(plain + 1).min(rest.len())..];
        }
    }
    cells.end_row();
    Ok(())
}

struct Cells<'w, 'e, 'k> {
    table: Table<'w, 'e, 'k>,
    cell: Vec<u8>,
    /// Whether the row has a cell that has ended.
    any: bool,
}

impl Cells<'_, '_, '_> {
    fn add(&mut self, piece: &[u8]) {
        self.cell.extend_from_slice(piece);
        while self.cell.len() > VALUE_MAX_BYTES {
            let at = cut(&self.cell[..VALUE_MAX_BYTES]);
            self.table.piece(&self.cell[..at]);
            self.cell.drain(..at);
        }
    }

    fn end_cell(&mut self) {
        self.table.cell(&self.cell);
        self.cell.clear();
        self.any = true;
    }

    /// Ends a row; an empty line is none.
    fn end_row(&mut self) {
        if self.any || !self.cell.is_empty() {
            self.end_cell();
            self.table.end_row();
        }
        self.any = false;
    }
}
