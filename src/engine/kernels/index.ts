export { allocate, ensure, instantiate, type Kernels } from "./instance.ts";
export type { Memory } from "./webassembly.ts";
