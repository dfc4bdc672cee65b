//! Modules that do harm by what they do in a call.

use super::guest::{Code, HARMLESS};

/// What is told of each, and, where the rows that are hurt are others, from where to where.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) code: Code,
    pub(super) told: &'static str,
}

/// Calls in which the first row is a bad one end so.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "an endless loop",
        code: Code { harm: "(loop $forever (br $forever))", ..HARMLESS },
        told: "it took longer than its deadline of 200ms",
    },
    Kind {
        name: "memory without bounds",
        code: Code {
            harm: "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable",
            ..HARMLESS
        },
        told: "it needs more than its memory of 2097152 bytes",
    },
    Kind {
        name: "recursion without end",
        code: Code {
            fields: "(func $deep (param i32) (result i32)
                (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))",
            harm: "(drop (call $deep (i32.const 0)))",
            ..HARMLESS
        },
        told: "it trapped (call stack exhausted)",
    },
    Kind {
        name: "a trap on one row of many",
        code: Code {
            apply: "(loop $next
                (if (i32.eq (i32.load (local.get $values)) (i32.const 9000)) (then
                  (call $log (i32.const 3) (i32.const 16) (i32.const 14))
                  unreachable))
                (local.set $values (i32.add (local.get $values) (i32.const 4)))
                (br_if $next (i32.lt_u (local.get $values) (local.get $end))))
                (local.set $values (i32.load offset=16 (local.get $columns)))",
            ..HARMLESS
        },
        told: "it trapped (wasm `unreachable` instruction executed), saying: the last words",
    },
    Kind {
        name: "a load past the end of memory",
        code: Code { harm: "(drop (i32.load (i32.const -4)))", ..HARMLESS },
        told: "it trapped (out of bounds memory access)",
    },
    Kind {
        name: "a division by zero",
        code: Code {
            harm: "(drop (i32.div_s (i32.const 1) (i32.sub (local.get $rows) (local.get $rows))))",
            ..HARMLESS
        },
        told: "it trapped (integer divide by zero)",
    },
    Kind {
        name: "a call of what is no function of that kind",
        code: Code { fields: "(table 4 funcref)", harm: "(call_indirect (i32.const 3))", ..HARMLESS },
        told: "it trapped (uninitialized element)",
    },
    Kind {
        name: "a table that grows and grows",
        code: Code {
            fields: "(table $t 1 funcref)",
            harm: "(loop $more (br_if $more
                (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable",
            ..HARMLESS
        },
        told: "it trapped (wasm `unreachable` instruction executed)",
    },
    Kind {
        name: "an answer that lies outside of memory",
        code: Code { harm: "(return (i32.const -8))", ..HARMLESS },
        told: "it trapped (",
    },
    Kind {
        name: "an answer at an odd address",
        code: Code { harm: "(return (i32.const 1025))", ..HARMLESS },
        told: "it trapped (",
    },
    Kind {
        name: "a flood of messages, and then a trap",
        code: Code {
            fields: "(global $count (mut i32) (i32.const 0))",
            harm: "(loop $more
                (call $log (i32.const 3) (i32.const 0x80000) (i32.const 0x20000))
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (br_if $more (i32.lt_u (global.get $count) (i32.const 20))))
                (call $log (i32.const 3) (i32.const 16) (i32.const 14)) unreachable",
            ..HARMLESS
        },
        told: "it trapped (wasm `unreachable` instruction executed), saying: the last words",
    },
    Kind {
        name: "a message that is no text",
        code: Code {
            harm: "(i32.store (i32.const 0x40000) (i32.const -1))
                (call $log (i32.const 0) (i32.const 0x40000) (i32.const 4))",
            ..HARMLESS
        },
        told: "it trapped (",
    },
    Kind {
        name: "a message of a level that there is not",
        code: Code { harm: "(call $log (i32.const 77) (i32.const 16) (i32.const 14))", ..HARMLESS },
        told: "it trapped (",
    },
    Kind {
        name: "memory for arguments past the end",
        code: Code {
            realloc: "(if (i32.eq (local.get $size) (i32.const 7228)) (then (return (i32.const -64))))",
            ..HARMLESS
        },
        told: "it trapped (",
    },
    Kind {
        name: "memory for arguments at an odd address",
        code: Code {
            realloc: "(if (i32.eq (local.get $size) (i32.const 7228)) (then (return (i32.const 0x40001))))",
            ..HARMLESS
        },
        told: "it trapped (",
    },
    Kind {
        name: "no memory for arguments, but a loop",
        code: Code { realloc: "(if (i32.eq (local.get $size) (i32.const 7228)) (then (loop $l (br $l))))", ..HARMLESS },
        told: "it took longer than its deadline of 200ms",
    },
    Kind {
        name: "a message while memory is asked for",
        code: Code {
            realloc: "(if (i32.eq (local.get $size) (i32.const 7228)) (then
                (call $log (i32.const 3) (i32.const 16) (i32.const 14))))",
            ..HARMLESS
        },
        told: "it trapped (",
    },
    Kind {
        name: "a trap after the answer",
        code: Code {
            fields: "(global $bad (mut i32) (i32.const 0))
                (func (export \"cabi_post_thalweg:module/transform@1.0.0#apply\") (param i32)
                  (if (global.get $bad) (then unreachable)))",
            harm: "(global.set $bad (i32.const 1))",
            ..HARMLESS
        },
        told: "it trapped (wasm `unreachable` instruction executed)",
    },
    Kind {
        name: "a loop after the answer",
        code: Code {
            fields: "(global $bad (mut i32) (i32.const 0))
                (func (export \"cabi_post_thalweg:module/transform@1.0.0#apply\") (param i32)
                  (if (global.get $bad) (then (loop $l (br $l)))))",
            harm: "(global.set $bad (i32.const 1))",
            ..HARMLESS
        },
        told: "it took longer than its deadline of 200ms",
    },
    Kind {
        name: "state left dirty after a trap",
        code: Code {
            fields: "(global $dirty (mut i32) (i32.const 0))",
            apply: "(if (i32.or (global.get $dirty) (i32.load (i32.const 64))) (then (loop $l (br $l))))",
            harm: "(global.set $dirty (i32.const 1)) (i32.store (i32.const 64) (i32.const 1)) unreachable",
            ..HARMLESS
        },
        told: "it trapped (wasm `unreachable` instruction executed)",
    },
];
