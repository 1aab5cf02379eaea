//! Tables of text (RFC 4180, with any delimiter). The first row names the columns when it holds no numbers.

use std::io::Read;

use super::decode::Utf8;
use super::{HEAD_BYTES, Unreadable, VALUE_MAX_BYTES, Walk, cut};
use crate::classification::Location;
use crate::engine::Field;

/// Most columns whose names are kept; cells further right have none.
const COLUMNS_MAX: usize = 16_384;

struct Column {
    name: String,
    field: Field,
}

struct Table<'w, 'e, 'k> {
    walk: &'w mut Walk<'e, 'k>,
    columns: Vec<Column>,
    first: Vec<String>,
    cell: Vec<u8>,
    column: usize,
    row: u64,
}

pub(crate) fn scan(
    walk: &mut Walk<'_, '_>,
    mut text: Utf8<'_>,
    delimiter: u8,
) -> Result<(), Unreadable> {
    let mut table =
        Table { walk, columns: Vec::new(), first: Vec::new(), cell: Vec::new(), column: 0, row: 0 };
    let mut buffer = vec![0; HEAD_BYTES];
    let (mut quoted, mut closing) = (false, false);
    loop {
        let length = match text.read(&mut buffer) {
            Ok(length) => length,
            Err(error) => {
                table.end_row();
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
                table.add(&rest[..plain]);
                closing = plain < rest.len();
                rest = &rest[(plain + 1).min(rest.len())..];
                continue;
            }
            if closing {
                closing = false;
                // A doubled quote is one.
                if byte == b'"' {
                    table.add(b"\"");
                    rest = &rest[1..];
                    continue;
                }
                quoted = false;
            }
            if byte == b'"' && table.cell.is_empty() {
                quoted = true;
                rest = &rest[1..];
                continue;
            }
            let plain = memchr::memchr3(delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
            table.add(&rest[..plain]);
            match rest.get(plain) {
                Some(b'\n') => table.end_row(),
                Some(b'\r') | None => {}
                Some(_) => table.end_cell(),
            }
            rest = &rest[(plain + 1).min(rest.len())..];
        }
    }
    table.end_row();
    Ok(())
}

impl Table<'_, '_, '_> {
    fn add(&mut self, piece: &[u8]) {
        self.cell.extend_from_slice(piece);
        while self.cell.len() > VALUE_MAX_BYTES {
            let at = cut(&self.cell[..VALUE_MAX_BYTES]);
            let rest = self.cell.split_off(at);
            self.judge();
            self.cell = rest;
        }
    }

    fn end_cell(&mut self) {
        if self.row == 0 {
            if self.first.len() < COLUMNS_MAX {
                self.first.push(String::from_utf8_lossy(&self.cell).into_owned());
            }
        } else {
            self.judge();
        }
        self.cell.clear();
        self.column += 1;
    }

    fn end_row(&mut self) {
        if self.column == 0 && self.cell.is_empty() {
            return;
        }
        self.end_cell();
        if self.row == 0 {
            self.name_columns();
        }
        self.row += 1;
        self.column = 0;
    }

    /// Takes the first row for names, or judges it like the others.
    fn name_columns(&mut self) {
        let first = std::mem::take(&mut self.first);
        let engine = self.walk.engine;
        let named = first.iter().all(|name| {
            let digits = name.bytes().filter(u8::is_ascii_digit).count();
            digits < 5 && name.len() <= 80 && !name.contains('@')
        });
        if named && !first.is_empty() {
            self.columns = first
                .into_iter()
                .map(|name| Column { field: engine.field([name.as_str()]), name })
                .collect();
            return;
        }
        for (column, cell) in first.into_iter().enumerate() {
            self.column = column;
            self.cell = cell.into_bytes();
            self.judge();
            self.cell.clear();
        }
    }

    fn judge(&mut self) {
        let none = Field::default();
        let column = self.columns.get(self.column);
        let (field, names): (_, &[&str]) = match &column {
            Some(column) => (&column.field, &[column.name.as_str()]),
            None => (&none, &[]),
        };
        let (number, row) = (self.column as u64 + 1, self.row + 1);
        self.walk.cell(field, names, &self.cell, || Location::Cell {
            column: number,
            column_name: column.map(|column| column.name.clone()),
            row,
            cell_reference: None,
        });
    }
}
