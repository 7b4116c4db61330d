import { answer } from "../../host/node/webgpu/worker.ts";
import { compareWithFormula } from "./central-differences.ts";
import { opTable } from "./op-table.ts";

// How far each op of the table is off.
await answer(() =>
  Object.fromEntries(
    opTable.map((row) => [row.name, () => compareWithFormula(row, "webgpu", "float32")]),
  ),
);
