// Compiles src/engine/kernels/assembly (AssemblyScript) to one SIMD WebAssembly module and writes it as
// base64 into src/engine/kernels/wasm.generated.ts. Does nothing if sources and compiler are unchanged.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { URL } from "node:url";

const folder = new URL("../src/engine/kernels/assembly/", import.meta.url);
const output = new URL("../src/engine/kernels/wasm.generated.ts", import.meta.url);
const options = [
  ["--optimizeLevel", "3"],
  ["--shrinkLevel", "0"],
  ["--enable", "simd"],
  ["--runtime", "stub"],
  ["--noAssert"],
  ["--importMemory"], // several instances on memories of their own
  ["--initialMemory", "1"],
].flat();

const sources = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]),
);
const compiler = createRequire(import.meta.url)("assemblyscript/package.json").version;
const hash = createHash("sha256")
  .update(JSON.stringify([sources, options, compiler]))
  .digest("hex");
const heading = `// Made by scripts/build-kernels.mjs from src/engine/kernels/assembly, ${hash}`;

if (readOutput().startsWith(heading)) {
  console.log("kernels: up to date");
} else {
  const wasm = await compile();
  writeFileSync(
    output,
    `${heading}\n\n/** The kernels, base64 of a WebAssembly module. */\n` +
      `export const wasm =\n  "${Buffer.from(wasm).toString("base64")}";\n`,
  );
  console.log(`kernels: ${wasm.length} bytes`);
}

async function compile() {
  const { default: asc } = await import("assemblyscript/asc");
  let wasm;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "kernels.wasm", ...options], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (name, contents) => {
      if (name === "kernels.wasm") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error) {
    console.error(`kernels: ${error.message}\n${stderr.toString()}`);
    process.exit(1);
  }
  return wasm;
}

function readOutput() {
  try {
    return readFileSync(output, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}
