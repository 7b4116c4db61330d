import type * as ort from "onnxruntime-web";
import type { BuildName } from "./choice.ts";

/** The parts of onnxruntime-web that graphs need, whichever of its entries they come from. */
export type OrtWeb = Pick<typeof ort, "InferenceSession" | "Tensor">;

export interface ModuleOptions {
  /**
   * Address of the folder with the files `ort-wasm-simd-threaded.*` of onnxruntime-web; relative ones start at the page or worker.
   * By default they are where the bundler of the page has put them.
   */
  readonly files?: string | undefined;
  /** Threads inside an operator, at least 1. */
  readonly threads: number;
}

const entries: Readonly<Record<BuildName, () => Promise<typeof ort>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
  jspi: () => import("onnxruntime-web/jspi"),
};

/** Loads a build of onnxruntime-web; its .wasm file follows with the first session. Files and threads are those of its first call. */
export async function loadOrt(
  build: BuildName,
  { files, threads }: ModuleOptions,
): Promise<OrtWeb> {
  const { env, InferenceSession, Tensor } = await entries[build]();
  env.wasm.numThreads = threads;
  if (files !== undefined) env.wasm.wasmPaths = absolute(files);
  if (build !== "wasm") env.webgpu.powerPreference = "high-performance";
  return { InferenceSession, Tensor };
}

/** The absolute address of a folder, with a slash at its end: threads load the files too, and they live at other addresses. */
function absolute(folder: string): string {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  return new URL(folder.endsWith("/") ? folder : `${folder}/`, base).href;
}
