import type { BuildName } from "../../../host/web/ort/choice.ts";

/** The files of a build of the page, as the build itself tells them to the service worker. */
export interface Site {
  /** Changes with every file. */
  readonly version: string;
  /** SHA-256 in hex of each file by its path below the page; without the service worker's own. */
  readonly files: Readonly<Record<string, string>>;
  /** The content security policy of the page, which its workers get too. */
  readonly policy: string;
}

/** What a page asks the service worker for, once it runs: keeping the files of builds of ONNX Runtime beside all others. */
export interface KeepRequest {
  readonly keep: readonly BuildName[];
}

/** What the service worker says: the version that it keeps, or why it cannot keep it. */
export type Notice = { readonly version: string } | { readonly problem: string };

/**
 * The name of a lock that each page holds while it is open, so that files of its version stay.
 * @param root address of the site's folder, with a slash at its end
 */
export function lockName(root: string, version: string): string {
  return `tag2mask page ${root} ${version}`;
}

/** The build of ONNX Runtime whose WebAssembly a file is; undefined for all other files. */
export function buildOf(path: string): BuildName | undefined {
  const kind = /ort-wasm-simd-threaded(?:\.(\w+))?(?:-[\w-]+)?\.wasm$/.exec(path);
  if (!kind) return undefined;
  return kind[1] === "jspi" ? "jspi" : kind[1] === "asyncify" ? "webgpu" : "wasm";
}
