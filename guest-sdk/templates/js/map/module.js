// A map: gives distances in another unit.

import { column, module, Refusals } from "./thalweg.js";

export const transform = module({
  summary: "gives distances in another unit, and refuses what is no distance",

  // What can be set: `--set factor=1.852` at the command line, `config = { factor = 1.852 }` in a chain file.
  parameters: { factor: { type: "number", description: "How many of the new unit are one of the old." } },

  open(plan, { factor }) {
    const distance = plan.read("distance", "double");
    plan.write("distance", "double");
    return (batch) => {
      const distances = column(batch, distance);
      const refusals = new Refusals();
      const scaled = [];
      for (let row = 0; row < batch.rows; row += 1) {
        const value = distances.values[row];
        scaled[row] = distances.isNull(row) ? null : value * factor;
        if (scaled[row] < 0) refusals.push(row, `a distance of ${value}`);
      }
      return plan.replaced(null, { distance: scaled }, refusals);
    };
  },
});
