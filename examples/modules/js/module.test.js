// The module under Node: what is kept, changed and refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { transform } from "./module.js";
import { run } from "./testing.js";

const COLUMNS = { delay: ["int", [45, 30, 31, null, 90]], distance: ["double", [100, 200, null, 300, -1]] };

test("late flights are kept, in kilometres", () => {
  const { rows, refused } = run(transform, COLUMNS);
  assert.deepEqual(rows, [{ delay: 45, distance: 160.9344 }, { delay: 31, distance: null }]);
  assert.deepEqual(refused, [[4, "the distance is negative"]]);
});

test("what is late can be set, and must be a number", () => {
  assert.deepEqual(run(transform, COLUMNS, { min: 40, factor: 2 }).rows, [{ delay: 45, distance: 200 }]);
  assert.throws(() => run(transform, COLUMNS, { min: "x" }), { tag: "invalid-config", val: ["min", "must be a value of type integer"] });
});
