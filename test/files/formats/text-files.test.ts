import { truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import {
  isObject,
  readDataYaml,
  readJson,
  readLimited,
} from "../../../src/files/formats/text-files.ts";
import { makeFolder } from "../datasets/folders.ts";

const [mega, largest] = [1024 * 1024, 500 * 1024 * 1024];

test("a text file of 16 MiB is read, a larger one refused, and JSON may have 500 MiB", async () => {
  const path = join(await makeFolder({ "a.txt": "" }), "a.txt");
  truncateSync(path, 16 * mega);
  expect(await readLimited(nodeStore, path)).toHaveLength(16 * mega);
  await expect(readLimited(nodeStore, path, 16 * mega - 1)).rejects.toThrow(/has 16777216 bytes; .* 16777215 /); // prettier-ignore
  truncateSync(path, 16 * mega + 1);
  await expect(readLimited(nodeStore, path)).rejects.toThrow(/has 16777217 bytes; .* 16777216 /);
  // A file of holes, which takes no room on the disk.
  truncateSync(path, largest + 1);
  await expect(readJson(nodeStore, path)).rejects.toThrow(/has 524288001 bytes; .* 524288000 /);
});

test("JSON is read, or refused in one line", async () => {
  const root = await makeFolder({ "a.json": '{"a": [1]}', "b.json": "[\n1,\n}" });
  expect(await readJson(nodeStore, join(root, "a.json"))).toEqual({ a: [1] });
  await expect(readJson(nodeStore, join(root, "b.json"))).rejects.toThrow(
    /^[^\n]*b\.json: not readable as JSON: [^\n]+$/,
  );
});

test.each<[string, unknown]>([
  ["names: [cat, ' dog ']", { names: new Map([[0, "cat"], [1, "dog"]]) }], // prettier-ignore
  ["names: {1: true, 0: 2007}", { names: new Map([[1, "true"], [0, "2007"]]) }], // prettier-ignore
  ["masks_dir: m\nother: [1]", { masksDir: "m" }],
  ["", {}],
])("data.yaml %j is understood", async (text, expected) => {
  const root = await makeFolder({ "data.yaml": text });
  const path = join(root, "data.yaml");
  expect(await readDataYaml(nodeStore, root)).toEqual({ path, ...(expected as object) });
});

test.each<[string, RegExp]>([
  ["names: 3", /data\.yaml: names: ./],
  ["masks_dir: 3", /data\.yaml: masks_dir: ./],
  ["just words", /data\.yaml: it: ./],
  ["names: {1234567: a}", /data\.yaml: names has the key "1234567"/],
  ["names: {-1: a}", /data\.yaml: names has the key "-1"/],
  ["a: [", /data\.yaml:1: not readable as YAML: [^\n]+$/],
])("data.yaml %j is refused", async (text, message) => {
  const root = await makeFolder({ "data.yaml": text });
  await expect(readDataYaml(nodeStore, root)).rejects.toThrow(message);
});

test("a folder may have no data.yaml, or a folder of that name", async () => {
  expect(await readDataYaml(nodeStore, await makeFolder({}))).toBeUndefined();
  expect(await readDataYaml(nodeStore, await makeFolder({ "data.yaml/": "" }))).toBeUndefined();
});

test("only objects are objects", () => {
  expect([{}, [], null, "a", undefined].map(isObject)).toEqual([true, false, false, false, false]);
});
