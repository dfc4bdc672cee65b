// A module in JavaScript: keeps the flights that left late, with their distance in kilometres.

import { column, module, Refusals } from "./thalweg.js";

export const transform = module({
  summary: "keeps the flights that left late, with their distance in kilometres",
  parameters: {
    min: { type: "integer", default: 30, description: "More minutes of delay than these are late." },
    factor: { type: "number", default: 1.609344, description: "Kilometres in one unit of the distance." },
  },

  open(plan, { min, factor }) {
    const delay = plan.read("delay", "int", "bigint");
    const distance = plan.read("distance", "double");
    plan.write("distance", "double");

    return (batch) => {
      const delays = column(batch, delay);
      const distances = column(batch, distance);
      const refusals = new Refusals();
      const keep = [];
      const kilometres = [];
      for (let row = 0; row < batch.rows; row += 1) {
        keep[row] = !delays.isNull(row) && delays.values[row] > min;
        kilometres[row] = distances.isNull(row) ? null : distances.values[row] * factor;
        if (keep[row] && kilometres[row] < 0) refusals.push(row, "the distance is negative");
      }
      return plan.replaced(keep, { distance: kilometres }, refusals);
    };
  },
});
