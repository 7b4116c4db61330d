/** Fetches a file with the environment of this process and prints what came: `fetch.ts OWNER/NAME FILE`. */
import { nodeHub } from "../../src/host/node/hub/hub.ts";

const [repository = "", file = ""] = process.argv.slice(2);
const events = nodeHub.fetch({ repository, revision: "main", file });
let next = await events.next();
for (; !next.done; next = await events.next())
  process.stdout.write(`${JSON.stringify(next.value)}\n`);
process.stdout.write(`${JSON.stringify(next.value)}\n`);
