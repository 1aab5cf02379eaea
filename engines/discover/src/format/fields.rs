//! What the keys of records say, remembered: each key is looked up once, and each way of a key into another once.

use std::collections::HashMap;

use crate::engine::{Engine, Field};

/// Most fields that are remembered; a map with ids for keys would have no end.
const FIELDS_MAX: usize = 8 << 10;

/// The fields that were met. Number 0 is that of the record itself, of which nothing is known.
pub(crate) struct Fields {
    fields: Vec<Field>,
    keys: HashMap<Vec<u8>, usize>,
    ways: HashMap<(usize, usize), usize>,
}

impl Fields {
    pub fn new() -> Self {
        Self { fields: vec![Field::default()], keys: HashMap::new(), ways: HashMap::new() }
    }

    pub fn get(&self, field: usize) -> &Field {
        &self.fields[field]
    }

    /// The field of a key inside another; the outer one once there are too many.
    pub fn enter(&mut self, engine: &Engine, outer: usize, key: &[u8]) -> usize {
        if self.fields.len() > FIELDS_MAX {
            return outer;
        }
        let number = match self.keys.get(key) {
            Some(number) => *number,
            None => {
                self.fields.push(engine.field([String::from_utf8_lossy(key).as_ref()]));
                self.keys.insert(key.to_vec(), self.fields.len() - 1);
                self.fields.len() - 1
            }
        };
        *self.ways.entry((outer, number)).or_insert_with(|| {
            let joined = engine.within(&self.fields[outer], &self.fields[number]);
            self.fields.push(joined);
            self.fields.len() - 1
        })
    }
}

/// Adds a key to a JSON path: behind a dot where it can be, else in brackets.
pub(crate) fn push_key(path: &mut String, key: &str) {
    use std::fmt::Write as _;
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let _ = if plain {
        write!(path, ".{key}")
    } else {
        write!(path, "['{}']", key.replace('\'', "\\'"))
    };
}
