import assert from "node:assert/strict";
import { test } from "node:test";

import { transform } from "./module.js";
import { run } from "./testing.js";

test("distances are scaled", () => {
  const { rows, refused } = run(transform, { distance: ["double", [100, null, -1]] }, { factor: 1.609344 });
  assert.deepEqual(rows, [{ distance: 160.9344 }, { distance: null }]);
  assert.deepEqual(refused, [[2, "a distance of -1"]]);
});
