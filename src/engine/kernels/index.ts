export type { Kernels } from "./arguments.ts";
export { allocate, ensure, instantiate } from "./instance.ts";
export { align, layOut } from "./layout.ts";
export type { Memory } from "./webassembly.ts";
