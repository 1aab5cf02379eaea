//! What the generator writes instead of repeating itself: one line a struct, one line an enum.

/// Implements `Shape` and a redacted `Debug` for a struct whose fields are listed in the order of its members.
#[macro_export]
macro_rules! structure {
    ($type:ident, $schema:expr $(, $index:literal $field:ident)* $(,)?) => {
        impl $crate::Shape for $type {
            fn schema(&self) -> &'static $crate::Schema {
                &$schema
            }
            fn field(&self, index: usize) -> &dyn $crate::Value {
                match index {
                    $($index => &self.$field,)*
                    _ => panic!("{} has no member {index}", stringify!($type)),
                }
            }
            fn field_mut(&mut self, index: usize) -> &mut dyn $crate::Value {
                match index {
                    $($index => &mut self.$field,)*
                    _ => panic!("{} has no member {index}", stringify!($type)),
                }
            }
            fn as_any(&self) -> &dyn ::std::any::Any {
                self
            }
            fn as_any_mut(&mut self) -> &mut dyn ::std::any::Any {
                self
            }
        }
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&$crate::Redacted(self), f)
            }
        }
    };
}

/// Declares an open string enum: the known values, and `Unknown` for what validation will refuse.
#[macro_export]
macro_rules! string_enum {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum $type {
            $($variant,)*
            /// A value that the model does not know.
            Unknown(::std::boxed::Box<str>),
        }

        impl $type {
            /// Every known value, in the model's order.
            pub const VALUES: &'static [&'static str] = &[$($text),*];

            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl ::std::convert::From<&str> for $type {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(text.into()),
                }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::Typed for $type {
            fn blank() -> Self {
                Self::Unknown("".into())
            }
            fn typed_view(&self) -> $crate::View<'_> {
                $crate::View::String(self.as_str())
            }
            fn assign(
                &mut self,
                scalar: $crate::Scalar,
            ) -> ::std::result::Result<(), $crate::Mismatch> {
                match scalar {
                    $crate::Scalar::String(text) => {
                        *self = Self::from(text.as_str());
                        Ok(())
                    }
                    _ => Err($crate::Mismatch),
                }
            }
        }
    };
}
