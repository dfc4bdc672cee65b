//! A row of any Rust type straight into columns. What is not a value of its column as it is (a date as a text, say) makes
//! the row unfit for this: JSON has the rules for it.

use std::fmt::Display;

use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use super::columns::{Column, Columns, Unfit};

impl std::error::Error for Unfit {}

impl Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value is not as its column has it")
    }
}

impl serde::ser::Error for Unfit {
    fn custom<T: Display>(_: T) -> Self {
        Unfit
    }
}

/// Adds a row; one that is unfit leaves nothing behind.
pub(super) fn add(columns: &mut Columns, row: &(impl Serialize + ?Sized)) -> Result<(), Unfit> {
    row.serialize(Row { columns: &mut *columns }).inspect_err(|Unfit| columns.take_back())
}

/// The methods of a serializer for what is unfit.
macro_rules! unfit {
    ($($method:ident($($type:ty),*);)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<Self::Ok, Unfit> {
            Err(Unfit)
        }
    )*};
    (compound $($method:ident($($type:ty),*) = $part:ident;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<Self::$part, Unfit> {
            Err(Unfit)
        }
    )*};
}

/// A row: a struct, or a map with names.
struct Row<'a> {
    columns: &'a mut Columns,
}

impl<'a> Serializer for Row<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Impossible<(), Unfit>;
    type SerializeTuple = Impossible<(), Unfit>;
    type SerializeTupleStruct = Impossible<(), Unfit>;
    type SerializeTupleVariant = Impossible<(), Unfit>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Impossible<(), Unfit>;

    unfit! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_f32(f32);
        serialize_f64(f64); serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]); serialize_none();
        serialize_unit(); serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }
    unfit! { compound
        serialize_seq(Option<usize>) = SerializeSeq; serialize_tuple(usize) = SerializeTuple;
        serialize_tuple_struct(&'static str, usize) = SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) = SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) = SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unfit> {
        Err(Unfit)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Unfit> {
        Ok(Members { columns: self.columns, next: 0, values: 0 })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Unfit> {
        self.serialize_map(None)
    }
}

/// The members of a row.
struct Members<'a> {
    columns: &'a mut Columns,
    /// The column behind the one before, which the next mostly is; between a key and its value, this one.
    next: usize,
    /// How many have a value.
    values: usize,
}

impl Members<'_> {
    fn find(&mut self, name: &str) -> Result<(), Unfit> {
        self.next = self.columns.position(name, self.next).ok_or(Unfit)?;
        Ok(())
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(Value(self.columns.unset(self.next).ok_or(Unfit)?))?;
        self.next += 1;
        self.values += 1;
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unfit> {
        self.find(name)?;
        self.add(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.columns.end_row(self.values)
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unfit> {
        key.serialize(Name(self))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.add(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.columns.end_row(self.values)
    }
}

/// The name of a member, a text.
struct Name<'a, 'b>(&'a mut Members<'b>);

/// One value of a column.
struct Value<'a>(&'a mut Column);

/// What names and values have in common: they are not made of parts.
macro_rules! without_parts {
    () => {
        type Ok = ();
        type Error = Unfit;
        type SerializeSeq = Impossible<(), Unfit>;
        type SerializeTuple = Impossible<(), Unfit>;
        type SerializeTupleStruct = Impossible<(), Unfit>;
        type SerializeTupleVariant = Impossible<(), Unfit>;
        type SerializeMap = Impossible<(), Unfit>;
        type SerializeStruct = Impossible<(), Unfit>;
        type SerializeStructVariant = Impossible<(), Unfit>;

        unfit! { compound
            serialize_seq(Option<usize>) = SerializeSeq; serialize_tuple(usize) = SerializeTuple;
            serialize_tuple_struct(&'static str, usize) = SerializeTupleStruct;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) = SerializeTupleVariant;
            serialize_map(Option<usize>) = SerializeMap; serialize_struct(&'static str, usize) = SerializeStruct;
            serialize_struct_variant(&'static str, u32, &'static str, usize) = SerializeStructVariant;
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unfit> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), Unfit> {
            Err(Unfit)
        }
    };
}

impl Serializer for Name<'_, '_> {
    without_parts!();
    unfit! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_f32(f32);
        serialize_f64(f64); serialize_char(char); serialize_bytes(&[u8]); serialize_none(); serialize_unit();
        serialize_unit_struct(&'static str);
    }

    fn serialize_str(self, name: &str) -> Result<(), Unfit> {
        self.0.find(name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unfit> {
        self.0.find(name)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Unfit> {
        Err(Unfit)
    }
}

impl Serializer for Value<'_> {
    without_parts!();

    fn serialize_bool(self, value: bool) -> Result<(), Unfit> {
        self.0.bool(value)
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unfit> {
        self.0.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unfit> {
        self.0.integer(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unfit> {
        self.0.integer(i64::try_from(value).map_err(Unfit::custom)?)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unfit> {
        self.0.float(value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unfit> {
        self.0.double(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Unfit> {
        self.0.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unfit> {
        self.0.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unfit> {
        self.0.bytes(value)
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        self.0.null()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        self.0.null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        self.0.null()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unfit> {
        self.0.text(variant)
    }
}
