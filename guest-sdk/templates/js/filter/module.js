// A filter: keeps flights that left late.

import { column, kept, module } from "./thalweg.js";

export const transform = module({
  summary: "keeps flights that left late",

  // What can be set: `--set min=45` at the command line, `config = { min = 45 }` in a chain file.
  parameters: { min: { type: "integer", description: "Minutes from which a flight is late." } },

  open(plan, { min }) {
    const delay = plan.read("delay", "int");
    return (batch) => {
      const delays = column(batch, delay);
      const keep = [];
      for (let row = 0; row < batch.rows; row += 1) {
        keep[row] = !delays.isNull(row) && delays.values[row] >= min;
      }
      return kept(keep);
    };
  },
});
