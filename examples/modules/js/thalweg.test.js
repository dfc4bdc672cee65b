// What module.js builds on: every flat type in and out, bitmaps past a byte, the configuration's errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { column, module } from "./thalweg.js";
import { messages, run } from "./testing.js";

const VALUES = {
  boolean: [true, null, false], tinyint: [-128, null, 127], smallint: [-1, null, 2], int: [-3, null, 4],
  bigint: [-5, null, Number.MAX_SAFE_INTEGER], float: [0.5, null, -2], double: [0.1, null, -0.25],
  text: ["", null, "Tübingen 🛫"], date: [-1, null, 19000],
};

for (const [type, values] of Object.entries(VALUES)) {
  test(`${type} comes back as it went in`, () => {
    const copy = module({
      open(plan) {
        const a = plan.read("a", type);
        plan.write("b", type);
        return (batch) => {
          const input = column(batch, a);
          const read = (row) => (input.isNull(row) ? null : type === "text" ? input.text(row) : input.get(row));
          return plan.replaced(null, { b: [0, 1, 2].map(read) });
        };
      },
    });
    const { rows, types } = run(copy, { a: [type, values] });
    assert.deepEqual(rows.map((row) => row.b), values);
    assert.deepEqual(types, { a: type, b: type });
  });
}

test("columns are written in the order of the table", () => {
  const swapped = module({
    open(plan) {
      for (const name of ["c", "b", "a"]) plan.write(name, "text");
      return () => plan.replaced(Array(9).fill(true), { a: Array(9).fill("A"), b: Array(9).fill("B"), c: Array(9).fill("C") });
    },
  });
  const { rows } = run(swapped, { a: ["int", Array(9).fill(1)], x: ["int", Array(9).fill(2)], b: ["int", Array(9).fill(3)] });
  assert.deepEqual(rows[8], { a: "A", x: 2, b: "B", c: "C" });
});

test("the configuration's errors name the key", () => {
  const parameters = { min: { type: "integer" }, unit: { type: "string", default: "km" } };
  const configured = module({ summary: "", parameters, open: (plan, settings) => () => { throw new Error(JSON.stringify(settings)); } });
  for (const [config, key] of [[{}, "min"], [{ min: 1.5 }, "min"], [{ min: "1" }, "min"], [{ min: 1, unit: 2 }, "unit"], [{ min: 1, x: 0 }, "x"]]) {
    assert.throws(() => run(configured, { a: ["int", []] }, config), ({ tag, val }) => tag === "invalid-config" && val[0] === key);
  }
  assert.throws(() => run(configured, { a: ["int", []] }, { min: 1 }), { message: '{"min":1,"unit":"km"}' });
  assert.deepEqual(messages, [["error", 'Error: {"min":1,"unit":"km"}']]);
});

test("a column that is missing or of another type is named", () => {
  const reads = module({ open: (plan) => plan.read("a", "int", "bigint") });
  for (const [columns, text] of [[{ b: ["int", []] }, /no column a/], [{ a: ["text", []] }, /a is text, but int or bigint/]]) {
    assert.throws(() => run(reads, columns), ({ tag, val }) => tag === "unsuitable-input" && text.test(val));
  }
});
