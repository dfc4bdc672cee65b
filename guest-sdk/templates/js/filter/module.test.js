import assert from "node:assert/strict";
import { test } from "node:test";

import { transform } from "./module.js";
import { run } from "./testing.js";

test("late flights are kept", () => {
  const { rows } = run(transform, { delay: ["int", [45, 10, null, 30]] }, { min: 30 });
  assert.deepEqual(rows, [{ delay: 45 }, { delay: 30 }]);
});
