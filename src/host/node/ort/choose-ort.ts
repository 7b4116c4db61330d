import type * as native from "onnxruntime-node";
import type * as web from "onnxruntime-web";
import { UserError } from "../../../user-error.ts";
import { type Platform, describePlatform, nativePackage } from "./platform.ts";

/** ONNX Runtime as native code. */
export interface NativeOrt {
  readonly kind: "native";
  readonly ort: typeof native;
  /** The package it comes from. */
  readonly from: string;
}

/** ONNX Runtime as WebAssembly. */
export interface WasmOrt {
  readonly kind: "wasm";
  readonly ort: typeof web;
  /** Why it is not native code, as a clause. */
  readonly reason: string;
}

export type Ort = NativeOrt | WasmOrt;

/** Loads packages, as `require` does. */
export interface Packages {
  /** Throws an error with the code MODULE_NOT_FOUND where there is no such package. */
  load(name: string): unknown;
  loadWasm(): unknown;
}

export interface OrtWishes {
  /** Version that tag2mask is made for. */
  readonly version: string;
  /** Value of TAG2MASK_ORT: `native` or `wasm`; the best that there is by default. */
  readonly wanted?: string | undefined;
}

/**
 * Chooses ONNX Runtime: the package of the platform, else onnxruntime-node if somebody installed it, else WebAssembly, which runs
 * everywhere. A UserError if native code is wanted and there is none.
 */
export function chooseOrt(
  platform: Platform,
  packages: Packages,
  { version, wanted = "" }: OrtWishes,
): Ort {
  if (!["", "native", "wasm"].includes(wanted)) {
    throw new UserError(`TAG2MASK_ORT: expected native or wasm, found ${JSON.stringify(wanted)}`);
  }
  const wasm = (reason: string): WasmOrt => {
    if (wanted === "native") throw new UserError(`TAG2MASK_ORT: native is wanted, but ${reason}`);
    return { kind: "wasm", ort: packages.loadWasm() as typeof web, reason };
  };
  if (wanted === "wasm") return wasm("TAG2MASK_ORT asks for it");
  const own = nativePackage(platform);
  const none = `there is no native one for ${describePlatform(platform)}`;
  // Code that was made for glibc may end a process on musl instead of failing to load.
  if (platform.musl) return wasm(none);

  const names = [...(own === undefined ? [] : [own]), "onnxruntime-node"];
  const problems: string[] = [];
  for (const name of names) {
    const found = tryToLoad(name, packages, version);
    if (typeof found !== "string") return { kind: "native", ort: found, from: name };
    if (found !== "") problems.push(`${name}: ${found}`);
  }
  if (problems.length > 0) return wasm(problems.join(", "));
  if (own === undefined) return wasm(none);
  return wasm(`neither ${own} nor onnxruntime-node is installed`);
}

/** The package, or what is wrong with it; an empty text where it is not installed. */
function tryToLoad(
  name: string,
  packages: Packages,
  version: string,
): typeof native | "" | (string & {}) {
  let ort: typeof native;
  try {
    ort = packages.load(name) as typeof native;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === "MODULE_NOT_FOUND" && message.includes(`'${name}'`);
    return isMissing ? "" : `it cannot be loaded (${message.split("\n")[0]})`;
  }
  const found = ort.env.versions.node;
  return found === version ? ort : `it is version ${found}, and ${version} is needed`;
}
