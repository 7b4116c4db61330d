import { createRequire } from "node:module";
import { expect, test } from "vitest";
import {
  type OrtWishes,
  type Packages,
  chooseOrt,
} from "../../../../src/host/node/ort/choose-ort.ts";
import type { Platform } from "../../../../src/host/node/ort/platform.ts";

const version = "1.30.0";
const linux: Platform = { os: "linux", cpu: "x64", musl: false };

/** A machine on which only these packages are installed; a text in place of a version is the error of loading it. */
function installed(versions: Readonly<Record<string, string>>): Packages {
  return {
    load(name) {
      const found = versions[name];
      // The very error of Node.
      if (found === undefined) return createRequire("/nowhere/")(name);
      if (!/^\d/.test(found)) throw new Error(`${found}\nRequire stack:`);
      return { name, env: { versions: { node: found } } };
    },
    loadWasm: () => ({ name: "wasm" }),
  };
}

const choose = (platform: Platform, packages: Packages, wishes: Partial<OrtWishes> = {}) =>
  chooseOrt(platform, packages, { version, ...wishes });

test.each<[Platform, string]>([
  [linux, "@tag2mask/ort-linux-x64"],
  [{ os: "linux", cpu: "arm64", musl: false }, "@tag2mask/ort-linux-arm64"],
  [{ os: "darwin", cpu: "arm64", musl: false }, "@tag2mask/ort-darwin-arm64"],
  [{ os: "win32", cpu: "x64", musl: false }, "@tag2mask/ort-win32-x64"],
  [{ os: "win32", cpu: "arm64", musl: false }, "@tag2mask/ort-win32-arm64"],
])("on %j native code comes from %s, also beside onnxruntime-node", (platform, name) => {
  const packages = installed({ [name]: version, "onnxruntime-node": version });
  expect(choose(platform, packages)).toMatchObject({ kind: "native", from: name });
});

test("where the platform's package is hidden, onnxruntime-node does, if somebody installed it", () => {
  const packages = installed({ "onnxruntime-node": version });
  expect(choose(linux, packages)).toMatchObject({ kind: "native", from: "onnxruntime-node" });
});

test.each<[string, Platform, Readonly<Record<string, string>>, string]>([
  [
    "both packages are hidden",
    linux,
    {},
    "neither @tag2mask/ort-linux-x64 nor onnxruntime-node is installed",
  ],
  [
    "the C library is musl, whatever is installed",
    { ...linux, musl: true },
    { "@tag2mask/ort-linux-x64": version, "onnxruntime-node": version },
    "there is no native one for linux-x64 with musl",
  ],
  [
    "it is a Mac with an Intel processor",
    { os: "darwin", cpu: "x64", musl: false },
    {},
    "there is no native one for darwin-x64",
  ],
  [
    "nobody knows the system",
    { os: "haiku", cpu: "riscv64", musl: false },
    {},
    "there is no native one for haiku-riscv64",
  ],
  [
    "the system lacks a library",
    linux,
    { "@tag2mask/ort-linux-x64": "libstdc++.so.6: cannot open shared object file" },
    "@tag2mask/ort-linux-x64: it cannot be loaded (libstdc++.so.6: cannot open shared object file)",
  ],
  [
    "onnxruntime-node is of another version",
    linux,
    { "onnxruntime-node": "1.24.3" },
    "onnxruntime-node: it is version 1.24.3, and 1.30.0 is needed",
  ],
])("WebAssembly, and the reason, where %s", (_, platform, versions, reason) => {
  const packages = installed(versions);
  expect(choose(platform, packages)).toEqual({ kind: "wasm", ort: { name: "wasm" }, reason });
  expect(() => choose(platform, packages, { wanted: "native" })).toThrow(
    `TAG2MASK_ORT: native is wanted, but ${reason}`,
  );
});

test("TAG2MASK_ORT takes WebAssembly though there is native code, and refuses other words", () => {
  const packages = installed({ "@tag2mask/ort-linux-x64": version });
  expect(choose(linux, packages, { wanted: "native" }).kind).toBe("native");
  expect(choose(linux, packages, { wanted: "wasm" })).toMatchObject({
    kind: "wasm",
    reason: "TAG2MASK_ORT asks for it",
  });
  expect(() => choose(linux, packages, { wanted: "gpu" })).toThrow(
    'TAG2MASK_ORT: expected native or wasm, found "gpu"',
  );
});
