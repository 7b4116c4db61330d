import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { float32 } from "../../../src/engine/graph/index.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { findModelFile } from "../../../src/files/run/find-weights.ts";
import { encodeSafetensors } from "../../../src/files/weights/safetensors.ts";
import { readTensor, type WeightsFile } from "../../../src/files/weights/weights-file.ts";
import { withWeights } from "../../../src/jobs/with-weights.ts";
import { floats, py, tensor, torchZip } from "./torch-writer.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "shards-"));
  for (const [i, name] of ["a", "b"].entries()) {
    writeFileSync(join(root, shard(i + 1)), Buffer.concat(encodeSafetensors({ [name]: float32([1], [i + 1]) }))); // prettier-ignore
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const shard = (i: number): string => `model-0000${i}-of-00002.safetensors`;
const whole = { a: shard(1), b: shard(2) };

async function open<T>(index: object | string, use: (file: WeightsFile) => Promise<T>): Promise<T> {
  const text = typeof index === "string" ? index : JSON.stringify({ weight_map: index });
  writeFileSync(join(root, "model.safetensors.index.json"), text);
  return withWeights(nodeHost.store, await findModelFile(nodeHost.store, root), use);
}

test("a folder of shards opens as one file, each tensor from the shard that the index says", async () => {
  const values = await open(whole, async (file) => {
    expect(file.format).toBe("safetensors in 2 shards");
    return Promise.all(file.tensors.map(async (t) => [t.name, (await readTensor(t)).data[0]]));
  });
  expect(values).toEqual([["a", 1], ["b", 2]]); // prettier-ignore
});

test("shards of PyTorch open by their own index", async () => {
  const bytes = torchZip(py.dictionary({ w: tensor({ length: 1, shape: [1] }) }), { 0: floats(5) });
  writeFileSync(join(root, "pytorch_model-00001-of-00001.bin"), bytes);
  const path = join(root, "pytorch_model.bin.index.json");
  writeFileSync(path, JSON.stringify({ weight_map: { w: "pytorch_model-00001-of-00001.bin" } }));
  const names = await withWeights(nodeHost.store, path, (file) => Promise.resolve(file.tensors.map(({ name }) => name))); // prettier-ignore
  expect(names).toEqual(["w"]);
});

test.each([
  ["names a tensor that its shard lacks", { ...whole, c: shard(2) }, /"c" in model-00002-of-00002/],
  ["leaves out a shard that lies there", { a: shard(1) }, /does not list model-00002-of-00002/],
  [
    "leads out of its folder",
    { a: "../secret.safetensors" },
    /"\.\.\/secret\.safetensors", not the name/,
  ],
  ["leads there by a backslash", { a: "..\\secret.bin" }, /not the name of a weights file/],
  ["names no file", { a: 7 }, /the file of "a" is 7/],
  ["is no JSON", "{", /is not JSON/],
  ["has no map", "{}", /has no "weight_map"/],
])("an index that %s is refused", async (_, index, message) => {
  await expect(open(index, () => Promise.resolve())).rejects.toThrow(message);
});

test("a missing shard is named", async () => {
  unlinkSync(join(root, shard(2)));
  await expect(open(whole, () => Promise.resolve())).rejects.toThrow(
    /1 of its 2 shards are not beside it: model-00002-of-00002\.safetensors; fetch/,
  );
});
