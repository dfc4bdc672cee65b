//! Rows of any Rust types as JSON texts. Other than serde_json's, they keep numbers that are not finite: as `"NaN"`,
//! `"Infinity"`, `"-Infinity"`; bytes are hexadecimal digits.

use std::fmt::{Display, Write};

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;

/// A value as JSON.
pub(super) fn json(value: impl Serialize) -> Result<String, Error> {
    let mut out = String::new();
    value.serialize(Text { out: &mut out })?;
    Ok(out)
}

/// Writes one value.
struct Text<'a> {
    out: &'a mut String,
}

impl<'a> Text<'a> {
    fn put(self, value: impl Display) -> Result<(), Error> {
        write!(self.out, "{value}").map_err(Error::custom)
    }

    fn quoted(self, value: &str) -> Result<(), Error> {
        self.out.push_str(&serde_json::to_string(value)?);
        Ok(())
    }

    fn float(self, value: f64, finite: impl Serialize) -> Result<(), Error> {
        match value {
            f64::INFINITY => self.put("\"Infinity\""),
            f64::NEG_INFINITY => self.put("\"-Infinity\""),
            _ if value.is_nan() => self.put("\"NaN\""),
            _ => self.put(serde_json::to_string(&finite)?),
        }
    }

    /// Begins a list or an object; with a name, as the only member of an object.
    fn open(self, variant: Option<&str>, open: char, close: &'static str) -> Result<Parts<'a>, Error> {
        if let Some(variant) = variant {
            self.out.push('{');
            Text { out: &mut *self.out }.quoted(variant)?;
            self.out.push(':');
        }
        self.out.push(open);
        Ok(Parts { out: self.out, is_first: true, close })
    }
}

/// The names that enums give their variants with values: `{"variant": value}`.
const VARIANT_LIST: &str = "]}";
const VARIANT_OBJECT: &str = "}}";

/// Writes the parts of a list or an object.
struct Parts<'a> {
    out: &'a mut String,
    is_first: bool,
    close: &'static str,
}

impl Parts<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.separate();
        value.serialize(Text { out: self.out })
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.separate();
        Text { out: self.out }.quoted(name)?;
        self.value(value)
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.out.push(':');
        value.serialize(Text { out: self.out })
    }

    fn close(self) {
        self.out.push_str(self.close);
    }
}

macro_rules! displayed {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.put(value)
        }
    )*};
}

impl<'a> Serializer for Text<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    displayed!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128
    );

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.float(value.into(), value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.float(value, value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.quoted(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.quoted(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.out.push('"');
        value.iter().try_for_each(|byte| write!(self.out, "{byte:02x}")).map_err(Error::custom)?;
        self.out.push('"');
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.put("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.put("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.put("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.quoted(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut parts = self.open(None, '{', "}")?;
        parts.member(variant, value)?;
        parts.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        self.open(None, '[', "]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Error> {
        self.open(None, '[', "]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        self.open(None, '[', "]")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Error> {
        self.open(Some(variant), '[', VARIANT_LIST)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        self.open(None, '{', "}")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        self.open(None, '{', "}")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Error> {
        self.open(Some(variant), '{', VARIANT_OBJECT)
    }
}

macro_rules! parts {
    ($($kind:ident: $method:ident($($name:ident: $type:ty)?) = $part:ident;)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), Error> {
                self.$part($($name,)? value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element() = element;
    SerializeTuple: serialize_element() = element;
    SerializeTupleStruct: serialize_field() = element;
    SerializeTupleVariant: serialize_field() = element;
    SerializeStruct: serialize_field(name: &'static str) = member;
    SerializeStructVariant: serialize_field(name: &'static str) = member;
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.separate();
        let key = json(key)?;
        match key.as_bytes() {
            [b'"', ..] => self.out.push_str(&key),
            [b'{' | b'[', ..] => return Err(Error::custom("a map's key must be a text or a number")),
            _ => {
                self.out.push('"');
                self.out.push_str(&key);
                self.out.push('"');
            }
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}
