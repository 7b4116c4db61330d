/**
 * Serves a folder of repositories, `owner/name/…`, as a hub: `npx tsx test/hub/serve.ts FOLDER [PORT]`. Prints the address
 * for HF_ENDPOINT once it answers, and ends with SIGTERM.
 */
import { HubServer } from "./server.ts";

const [folder, port = "0"] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: serve.ts FOLDER [PORT]");
const server = await HubServer.start(folder, { port: Number(port) });
process.stdout.write(`${server.endpoint}\n`);
process.once("SIGTERM", () => void server.close());
