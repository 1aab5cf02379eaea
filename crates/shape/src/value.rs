//! Values seen without their types: how codecs read and fill the generated structs.
//!
//! [`Value`] is the object-safe face that walkers use. [`Typed`] is what a Rust type implements to get it; optional
//! fields (`Option<T>`) and sparse elements come for free. Decoding fills a value in place: `set` for scalars,
//! `list_mut`, `map_mut` and `shape_mut` for the rest, each creating what is absent.

use std::collections::BTreeMap;

use base::Timestamp;
use thiserror::Error;

use crate::{Blob, Document, Schema};

/// A value that was given a scalar of another kind.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a value of another type is expected")]
pub struct Mismatch;

/// A value, read without knowing its type.
pub enum View<'a> {
    /// Not there.
    Absent,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Double(f64),
    /// Text, enum values too.
    String(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A moment.
    Timestamp(Timestamp),
    /// An untyped value.
    Document(&'a Document),
    /// A list.
    List(&'a dyn List),
    /// A map.
    Map(&'a dyn Map),
    /// A structure or union.
    Shape(&'a dyn Shape),
}

/// A scalar on its way into a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A boolean.
    Boolean(bool),
    /// A whole number; also fills floating-point values.
    Integer(i64),
    /// A floating-point number; fills whole ones only if it is whole.
    Double(f64),
    /// Text.
    String(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// A moment.
    Timestamp(Timestamp),
    /// An untyped value.
    Document(Document),
}

/// A field, element or map value.
pub trait Value: Send + Sync {
    /// Reads it.
    fn view(&self) -> View<'_>;
    /// Fills it with a scalar.
    fn set(&mut self, scalar: Scalar) -> Result<(), Mismatch>;
    /// The list in it, made empty if absent; `None` if it is no list.
    fn list_mut(&mut self) -> Option<&mut dyn List>;
    /// The map in it, made empty if absent; `None` if it is no map.
    fn map_mut(&mut self) -> Option<&mut dyn Map>;
    /// The structure in it, made with no fields set if absent; `None` if it is no structure.
    fn shape_mut(&mut self) -> Option<&mut dyn Shape>;
    /// Whether it is absent.
    fn is_absent(&self) -> bool {
        matches!(self.view(), View::Absent)
    }
}

/// A list of values.
pub trait List: Send + Sync {
    /// Elements in it.
    fn len(&self) -> usize;
    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The element at `index`, which must be below `len`.
    fn at(&self, index: usize) -> &dyn Value;
    /// Appends a blank element and gives it to be filled.
    fn push(&mut self) -> &mut dyn Value;
}

/// A map from text to values, in key order.
pub trait Map: Send + Sync {
    /// Entries in it.
    fn len(&self) -> usize;
    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The entries in key order.
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, &dyn Value)> + '_>;
    /// The value for `key`, added blank if it is not there.
    fn entry(&mut self, key: String) -> &mut dyn Value;
}

/// A structure or union.
pub trait Shape: Send + Sync {
    /// Its schema; fields are in the order of its members.
    fn schema(&self) -> &'static Schema;
    /// The field of the member at `index`, which must be below the number of members.
    fn field(&self, index: usize) -> &dyn Value;
    /// The same, to be filled.
    fn field_mut(&mut self, index: usize) -> &mut dyn Value;
    /// The value itself, for downcasting to the generated struct.
    fn as_any(&self) -> &dyn std::any::Any;
    /// The value itself, for downcasting.
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any;
}

/// A Rust type that can stand in a shape.
pub trait Typed: Send + Sync + Sized {
    /// The value that decoding starts from.
    fn blank() -> Self;
    /// See [`Value::view`].
    fn typed_view(&self) -> View<'_>;
    /// See [`Value::set`].
    fn assign(&mut self, _scalar: Scalar) -> Result<(), Mismatch> {
        Err(Mismatch)
    }
    /// See [`Value::list_mut`].
    fn typed_list(&mut self) -> Option<&mut dyn List> {
        None
    }
    /// See [`Value::map_mut`].
    fn typed_map(&mut self) -> Option<&mut dyn Map> {
        None
    }
    /// See [`Value::shape_mut`].
    fn typed_shape(&mut self) -> Option<&mut dyn Shape> {
        None
    }
}

/// What lists and maps hold: a type, or an optional one where the collection is sparse.
pub trait Element: Value + Sized + 'static {
    /// The element that decoding starts from.
    fn blank_element() -> Self;
}

impl<T: Typed> Value for T {
    fn view(&self) -> View<'_> {
        self.typed_view()
    }
    fn set(&mut self, scalar: Scalar) -> Result<(), Mismatch> {
        self.assign(scalar)
    }
    fn list_mut(&mut self) -> Option<&mut dyn List> {
        self.typed_list()
    }
    fn map_mut(&mut self) -> Option<&mut dyn Map> {
        self.typed_map()
    }
    fn shape_mut(&mut self) -> Option<&mut dyn Shape> {
        self.typed_shape()
    }
}

impl<T: Typed> Value for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, Typed::typed_view)
    }
    fn set(&mut self, scalar: Scalar) -> Result<(), Mismatch> {
        let mut value = T::blank();
        value.assign(scalar)?;
        *self = Some(value);
        Ok(())
    }
    fn list_mut(&mut self) -> Option<&mut dyn List> {
        self.get_or_insert_with(T::blank).typed_list()
    }
    fn map_mut(&mut self) -> Option<&mut dyn Map> {
        self.get_or_insert_with(T::blank).typed_map()
    }
    fn shape_mut(&mut self) -> Option<&mut dyn Shape> {
        self.get_or_insert_with(T::blank).typed_shape()
    }
}

impl<T: Typed + 'static> Element for T {
    fn blank_element() -> Self {
        T::blank()
    }
}

impl<T: Typed + 'static> Element for Option<T> {
    fn blank_element() -> Self {
        None
    }
}

impl<T: Shape + Default> Typed for T {
    fn blank() -> Self {
        T::default()
    }
    fn typed_view(&self) -> View<'_> {
        View::Shape(self)
    }
    fn typed_shape(&mut self) -> Option<&mut dyn Shape> {
        Some(self)
    }
}

/// A structure that contains itself, behind a pointer.
#[derive(Clone, Default, Debug)]
pub struct Nested<T>(pub Box<T>);

impl<T> std::ops::Deref for Nested<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Shape + Default> Typed for Nested<T> {
    fn blank() -> Self {
        Self(Box::default())
    }
    fn typed_view(&self) -> View<'_> {
        View::Shape(self.0.as_ref())
    }
    fn typed_shape(&mut self) -> Option<&mut dyn Shape> {
        Some(self.0.as_mut())
    }
}

impl<T: Element> Typed for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }
    fn typed_view(&self) -> View<'_> {
        View::List(self)
    }
    fn typed_list(&mut self) -> Option<&mut dyn List> {
        Some(self)
    }
}

impl<T: Element> List for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }
    fn at(&self, index: usize) -> &dyn Value {
        &self[index]
    }
    fn push(&mut self) -> &mut dyn Value {
        self.push(T::blank_element());
        let last = self.len() - 1;
        &mut self[last]
    }
}

impl<T: Element> Typed for BTreeMap<String, T> {
    fn blank() -> Self {
        BTreeMap::new()
    }
    fn typed_view(&self) -> View<'_> {
        View::Map(self)
    }
    fn typed_map(&mut self) -> Option<&mut dyn Map> {
        Some(self)
    }
}

impl<T: Element> Map for BTreeMap<String, T> {
    fn len(&self) -> usize {
        self.len()
    }
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, &dyn Value)> + '_> {
        Box::new(self.iter().map(|(key, value)| (key.as_str(), value as &dyn Value)))
    }
    fn entry(&mut self, key: String) -> &mut dyn Value {
        self.entry(key).or_insert_with(T::blank_element)
    }
}

macro_rules! scalar {
    ($type:ty, $blank:expr, |$this:ident| $view:expr, $($pattern:pat => $value:expr),+) => {
        impl Typed for $type {
            fn blank() -> Self {
                $blank
            }
            fn typed_view(&self) -> View<'_> {
                let $this = self;
                $view
            }
            fn assign(&mut self, scalar: Scalar) -> Result<(), Mismatch> {
                *self = match scalar {
                    $($pattern => $value,)+
                    _ => return Err(Mismatch),
                };
                Ok(())
            }
        }
    };
}

scalar!(bool, false, |v| View::Boolean(*v), Scalar::Boolean(b) => b);
scalar!(i32, 0, |v| View::Integer(i64::from(*v)),
    Scalar::Integer(n) => i32::try_from(n).map_err(|_| Mismatch)?,
    Scalar::Double(d) => i32::try_from(whole(d)?).map_err(|_| Mismatch)?);
scalar!(i64, 0, |v| View::Integer(*v),
    Scalar::Integer(n) => n, Scalar::Double(d) => whole(d)?);
scalar!(f32, 0.0, |v| View::Double(f64::from(*v)),
    Scalar::Double(d) => d as f32, Scalar::Integer(n) => n as f32);
scalar!(f64, 0.0, |v| View::Double(*v), Scalar::Double(d) => d, Scalar::Integer(n) => n as f64);
scalar!(String, String::new(), |v| View::String(v), Scalar::String(s) => s);
scalar!(Blob, Blob::default(), |v| View::Blob(v), Scalar::Blob(b) => Blob::new(b));
scalar!(Timestamp, Timestamp::EPOCH, |v| View::Timestamp(*v), Scalar::Timestamp(t) => t);
scalar!(Document, Document::Null, |v| View::Document(v), Scalar::Document(d) => d);

fn whole(number: f64) -> Result<i64, Mismatch> {
    // 2^53: beyond it a double does not tell neighbouring whole numbers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64).ok_or(Mismatch)
}
