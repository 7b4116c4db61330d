import { inspect } from "./data.ts";
import { facts } from "./host.ts";
import { look } from "./look.ts";
import { takeAlong } from "./luggage.ts";
import { closeModel, exportMasks, openModel, segment, show, thumbnail } from "./masks.ts";
import { listRuns, readRun, removeRun } from "./runs.ts";
import { serveTasks } from "./serve-tasks.ts";
import { plan } from "./settings.ts";
import { resume, train } from "./training.ts";

serveTasks({
  facts,
  openModel,
  closeModel,
  thumbnail,
  segment,
  show: (input, { handOver }) => show(input, handOver),
  exportMasks,
  inspect,
  plan,
  train,
  resume,
  runs: listRuns,
  readRun,
  look,
  takeAlong,
  removeRun,
});
