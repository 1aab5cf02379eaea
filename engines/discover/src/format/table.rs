//! Rows of cells, whatever they come from. Unless the columns are known, the first row names them when it holds no numbers.

use super::Walk;
use crate::classification::Location;
use crate::engine::Field;

/// Most columns whose names are kept; cells further right have none.
const COLUMNS_MAX: usize = 16_384;

/// A table that is being read, cell by cell.
pub(crate) struct Table<'w, 'e, 'k> {
    walk: &'w mut Walk<'e, 'k>,
    columns: Vec<Column>,
    first: Vec<Vec<u8>>,
    /// Whether the next row may be names.
    unnamed: bool,
    /// Rows and columns before the next cell.
    row: u64,
    column: usize,
    left: usize,
    /// Of a workbook.
    sheet: Option<String>,
}

struct Column {
    name: String,
    field: Field,
}

impl<'w, 'e, 'k> Table<'w, 'e, 'k> {
    /// A table whose first row may be names.
    pub fn new(walk: &'w mut Walk<'e, 'k>) -> Self {
        Self {
            walk,
            columns: Vec::new(),
            first: Vec::new(),
            unnamed: true,
            row: 0,
            column: 0,
            left: 0,
            sheet: None,
        }
    }

    /// A sheet whose cells begin after so many rows and columns.
    pub fn of_sheet(walk: &'w mut Walk<'e, 'k>, sheet: &str, top: u64, left: usize) -> Self {
        Self { row: top, column: left, left, sheet: Some(sheet.to_owned()), ..Self::new(walk) }
    }

    /// A table whose columns have these names.
    pub fn with_columns(walk: &'w mut Walk<'e, 'k>, names: Vec<String>) -> Self {
        let mut table = Self::new(walk);
        table.unnamed = false;
        table.name(names);
        table
    }

    /// Takes the next cell.
    pub fn cell(&mut self, text: &[u8]) {
        if self.unnamed {
            self.first.push(text[..text.len().min(super::VALUE_MAX_BYTES)].to_vec());
        } else {
            self.judge(text);
        }
        self.column += 1;
    }

    /// Judges a part of a cell that is too long for one piece.
    pub fn piece(&mut self, text: &[u8]) {
        self.judge(text);
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        if std::mem::take(&mut self.unnamed) {
            self.settle_first();
        }
        self.row += 1;
        self.column = self.left;
    }

    /// Takes the first row for names, or judges it like the others.
    fn settle_first(&mut self) {
        let first = std::mem::take(&mut self.first);
        let names: Vec<String> =
            first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let plausible = names.iter().all(|name| {
            let digits = name.bytes().filter(u8::is_ascii_digit).count();
            digits < 5 && name.len() <= 80 && !name.contains('@')
        });
        if plausible && names.iter().any(|name| !name.is_empty()) {
            self.name(names);
            return;
        }
        for (index, text) in first.iter().enumerate() {
            self.column = self.left + index;
            self.judge(text);
        }
    }

    fn name(&mut self, names: Vec<String>) {
        let engine = self.walk.engine;
        let column = |name: String| Column { field: engine.field([name.as_str()]), name };
        self.columns = names.into_iter().take(COLUMNS_MAX).map(column).collect();
    }

    fn judge(&mut self, text: &[u8]) {
        if text.len() < 2 {
            return;
        }
        let none = Field::default();
        let column =
            self.columns.get(self.column - self.left).filter(|column| !column.name.is_empty());
        let (field, names): (_, &[&str]) = match &column {
            Some(column) => (&column.field, &[column.name.as_str()]),
            None => (&none, &[]),
        };
        let (number, row) = (self.column as u64 + 1, self.row + 1);
        let sheet = self.sheet.as_deref();
        self.walk.cell(field, names, text, || Location::Cell {
            column: number,
            column_name: column.map(|column| column.name.clone()),
            row,
            cell_reference: sheet.map(|sheet| format!("{sheet}!{}{row}", letters(number))),
        });
    }
}

/// The name of a column in a workbook: A, B, … Z, AA.
fn letters(mut number: u64) -> String {
    let mut out = Vec::new();
    while number > 0 {
        number -= 1;
        out.push(b'A' + (number % 26) as u8);
        number /= 26;
    }
    out.iter().rev().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_in_workbooks() {
        assert_eq!([1, 26, 27, 702, 703].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
