// Entry of the worker threads when tag2mask runs from its TypeScript sources: tsx does not reach into
// workers by itself.
import { register } from "tsx/esm/api";

register();
const { default: make } = await import("./label-worker.ts");
export default make;
