// Entry of the worker threads when tag2mask runs from its TypeScript sources: tsx does not reach into
// workers by itself.
import { register } from "tsx/esm/api";

register();
const { default: run } = await import("./entry.ts");
export default run;
