//! One record or variant of the WIT, both ways, from one list of its fields or cases.

/// How one field is converted: as it is, by `FromWit` and `IntoWit` (`convert`), or by `TryFromWit` and `IntoWit`
/// (`check`).
#[doc(hidden)]
#[macro_export]
macro_rules! wit_field {
    (from ($value:expr)) => {
        $value
    };
    (from ($value:expr) convert) => {
        $crate::wit::FromWit::from_wit($value)
    };
    (from ($value:expr) check) => {
        $crate::wit::TryFromWit::try_from_wit($value)?
    };
    (into ($value:expr)) => {
        $value
    };
    (into ($value:expr) $how:ident) => {
        $crate::wit::IntoWit::into_wit($value)
    };
}

/// A record: `module::Name { field, field: convert, field: check }`. Ours has the same name and fields; with `try` in
/// front there are fields to `check`. `else field: value` at the end: a field that ours has beside them.
#[doc(hidden)]
#[macro_export]
macro_rules! wit_record {
    ($module:ident :: $name:ident { $($field:ident $(: $how:ident)?),* $(,)? } $(else $own:ident: $value:expr)?) => {
        impl $crate::wit::FromWit<$module::$name> for $crate::$name {
            fn from_wit(wit: $module::$name) -> Self {
                Self { $($field: $crate::wit_field!(from (wit.$field) $($how)?),)* $($own: $value)? }
            }
        }
        $crate::wit_record!(into $module::$name { $($field $(: $how)?),* });
    };
    (try $module:ident :: $name:ident { $($field:ident $(: $how:ident)?),* $(,)? }) => {
        impl $crate::wit::TryFromWit<$module::$name> for $crate::$name {
            fn try_from_wit(wit: $module::$name) -> ::std::result::Result<Self, $crate::wit::Malformed> {
                Ok(Self { $($field: $crate::wit_field!(from (wit.$field) $($how)?)),* })
            }
        }
        $crate::wit_record!(into $module::$name { $($field $(: $how)?),* });
    };
    (into $module:ident :: $name:ident { $($field:ident $(: $how:ident)?),* }) => {
        impl $crate::wit::IntoWit<$module::$name> for $crate::$name {
            fn into_wit(self) -> $module::$name {
                $module::$name { $($field: $crate::wit_field!(into (self.$field) $($how)?)),* }
            }
        }
    };
}

/// A variant: `module::Name { case, .. }`, where a case is one of
///
/// - `Case`, without a payload;
/// - `Case(payload)`, or `Case(payload: convert)`;
/// - `Case { field, field: convert }`, in the WIT a tuple of the fields in this order;
/// - `Case in module::Record { field, field: convert }`, in the WIT a record of the fields.
///
/// Ours has the same name and cases; with `try` in front there are fields to `check`, with `from` as well and
/// it does not become the WIT's again. `else Case` at the end: any case
/// of ours that is not listed becomes that one, with its text; `or Case`: that one, which has none.
#[doc(hidden)]
#[macro_export]
macro_rules! wit_variant {
    ($module:ident :: $name:ident {
        $($case:ident
            $(( $payload:ident $(: $payload_how:ident)? ))?
            $({ $($field:ident $(: $field_how:ident)?),* })?
            $(in $record_module:ident :: $record:ident { $($part:ident $(: $part_how:ident)?),* })?
        ),* $(,)?
    } $(else $other:ident)?) => {
        impl $crate::wit::FromWit<$module::$name> for $crate::$name {
            fn from_wit(wit: $module::$name) -> Self {
                match wit {$(
                    $module::$name::$case $(($payload))? $((($($field),*)))?
                        $(($record_module::$record { $($part),* }))? =>
                        Self::$case
                            $(($crate::wit_field!(from ($payload) $($payload_how)?)))?
                            $({ $($field: $crate::wit_field!(from ($field) $($field_how)?)),* })?
                            $({ $($part: $crate::wit_field!(from ($part) $($part_how)?)),* })?,
                )*}
            }
        }
        $crate::wit_variant!(into $module::$name {
            $($case $(($payload $(: $payload_how)?))? $({ $($field $(: $field_how)?),* })?
                $(in $record_module::$record { $($part $(: $part_how)?),* })?),*
        } $(else $other)?);
    };
    (try $module:ident :: $name:ident {
        $($case:ident
            $(( $payload:ident $(: $payload_how:ident)? ))?
            $({ $($field:ident $(: $field_how:ident)?),* })?
            $(in $record_module:ident :: $record:ident { $($part:ident $(: $part_how:ident)?),* })?
        ),* $(,)?
    } $(or $other:ident)?) => {
        $crate::wit_variant!(from $module::$name {
            $($case $(($payload $(: $payload_how)?))? $({ $($field $(: $field_how)?),* })?
                $(in $record_module::$record { $($part $(: $part_how)?),* })?),*
        });
        $crate::wit_variant!(into $module::$name {
            $($case $(($payload $(: $payload_how)?))? $({ $($field $(: $field_how)?),* })?
                $(in $record_module::$record { $($part $(: $part_how)?),* })?),*
        } $(or $other)?);
    };
    (from $module:ident :: $name:ident {
        $($case:ident
            $(( $payload:ident $(: $payload_how:ident)? ))?
            $({ $($field:ident $(: $field_how:ident)?),* })?
            $(in $record_module:ident :: $record:ident { $($part:ident $(: $part_how:ident)?),* })?
        ),* $(,)?
    }) => {
        impl $crate::wit::TryFromWit<$module::$name> for $crate::$name {
            fn try_from_wit(wit: $module::$name) -> ::std::result::Result<Self, $crate::wit::Malformed> {
                Ok(match wit {$(
                    $module::$name::$case $(($payload))? $((($($field),*)))?
                        $(($record_module::$record { $($part),* }))? =>
                        Self::$case
                            $(($crate::wit_field!(from ($payload) $($payload_how)?)))?
                            $({ $($field: $crate::wit_field!(from ($field) $($field_how)?)),* })?
                            $({ $($part: $crate::wit_field!(from ($part) $($part_how)?)),* })?,
                )*})
            }
        }
    };
    (into $module:ident :: $name:ident {
        $($case:ident
            $(( $payload:ident $(: $payload_how:ident)? ))?
            $({ $($field:ident $(: $field_how:ident)?),* })?
            $(in $record_module:ident :: $record:ident { $($part:ident $(: $part_how:ident)?),* })?
        ),*
    } $(else $other:ident)? $(or $last:ident)?) => {
        impl $crate::wit::IntoWit<$module::$name> for $crate::$name {
            fn into_wit(self) -> $module::$name {
                match self {
                    $(
                        Self::$case $(($payload))? $({ $($field),* })? $({ $($part),* })? =>
                            $module::$name::$case
                                $(($crate::wit_field!(into ($payload) $($payload_how)?)))?
                                $((($($crate::wit_field!(into ($field) $($field_how)?)),*)))?
                                $(($record_module::$record {
                                    $($part: $crate::wit_field!(into ($part) $($part_how)?)),*
                                }))?,
                    )*
                    $(other => $module::$name::$other(other.to_string()),)?
                    $(_ => $module::$name::$last,)?
                }
            }
        }
    };
}
