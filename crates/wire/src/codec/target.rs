//! Where a decoded value goes: a field, a new list element or a new map entry.
//!
//! An element or entry comes into being only when its value turns out to be there, so that null is absence in every
//! format: kept where the collection is sparse, dropped where it is not.

use shape::{Kind, List, Map, Member, Scalar, Shape, Value};

use super::DecodeError;
use super::budget::Budget;

/// A place for one value, with its schema.
pub(crate) struct Target<'a> {
    place: Place<'a>,
    /// The member that describes the value.
    pub(crate) member: &'static Member,
    sparse: bool,
}

enum Place<'a> {
    Field(&'a mut dyn Value),
    Element(&'a mut dyn List),
    Entry(&'a mut dyn Map, String),
}

impl<'a> Target<'a> {
    /// The field of a structure. It must not have been filled before.
    pub(crate) fn field(shape: &'a mut dyn Shape, index: usize) -> Result<Self, DecodeError> {
        let member = &shape.schema().members()[index];
        let value = shape.field_mut(index);
        if !value.is_absent() {
            return Err(DecodeError::Duplicate(member.wire_name().to_owned()));
        }
        Ok(Self { place: Place::Field(value), member, sparse: false })
    }

    /// The next element of a list.
    pub(crate) fn element(list: &'a mut dyn List, member: &'static Member, sparse: bool) -> Self {
        Self { place: Place::Element(list), member, sparse }
    }

    /// A new entry of a map.
    pub(crate) fn entry(
        map: &'a mut dyn Map,
        key: String,
        member: &'static Member,
        sparse: bool,
    ) -> Self {
        Self { place: Place::Entry(map, key), member, sparse }
    }

    /// The kind of the value.
    pub(crate) fn kind(&self) -> Kind {
        self.member.target.kind
    }

    /// The value is null.
    pub(crate) fn null(self) -> Result<(), DecodeError> {
        if self.sparse { self.open().map(drop) } else { Ok(()) }
    }

    /// The value is a scalar, which the format calls `found`.
    pub(crate) fn set(self, found: &'static str, scalar: Scalar) -> Result<(), DecodeError> {
        let kind = self.kind();
        self.open()?.set(scalar).map_err(DecodeError::refused(found, kind))
    }

    /// The value to be filled.
    pub(crate) fn open(self) -> Result<&'a mut dyn Value, DecodeError> {
        match self.place {
            Place::Field(value) => Ok(value),
            Place::Element(list) => {
                Budget::entries(list.len() + 1)?;
                Ok(list.push())
            }
            Place::Entry(map, key) => {
                let len = map.len();
                Budget::entries(len + 1)?;
                map_entry(map, key, len)
            }
        }
    }
}

fn map_entry(map: &mut dyn Map, key: String, len: usize) -> Result<&mut dyn Value, DecodeError> {
    // A map only says by its length whether the key is new; the key is kept for a second look.
    map.entry(key.clone());
    if map.len() == len {
        return Err(DecodeError::Duplicate("a key of a map".to_owned()));
    }
    Ok(map.entry(key))
}
