import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import type { Store } from "../../src/host/store.ts";
import { parseConfig } from "../../src/method/config.ts";
import { add, input, writeModel } from "../../src/engine/graph/index.ts";
import { openAnyModel, openExported, readMetadata } from "../../src/jobs/open-exported-model.ts";
import { UserError } from "../../src/user-error.ts";

const folder = mkdtempSync(join(tmpdir(), "onnx-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const config = JSON.stringify(parseConfig());
const graph = { y: add(input("x", [2]), 1) };

function file(content: Uint8Array | string): string {
  const path = join(folder, "model.onnx");
  writeFileSync(path, content);
  return path;
}

const model = (metadata: Record<string, string>): string => file(writeModel(graph, { metadata }));

test("classes, settings and step are read from the metadata", async () => {
  const path = model({ classes: '["cat","Straße"]', config, step: "7" });
  const opened = await openAnyModel(nodeHost.store, path);
  expect(opened).toMatchObject({ file: path, network: null, classes: ["cat", "Straße"], step: 7 });
  expect(opened.config).toEqual(parseConfig());
});

test.each([
  [{}, /its metadata has no classes and no config; give a model that tag2mask exported/],
  [{ config }, /has no classes; /],
  [
    { classes: "[]", config },
    /the "classes" in its metadata are \[\]; expected a JSON list of class names/,
  ],
  [{ classes: "{", config }, /the "classes" in its metadata is not JSON/],
  [{ classes: '["a\\u001b[2J"]', config }, /semicolon or control character/],
  [
    { classes: JSON.stringify(Array.from({ length: 999 }, (_, i) => `c${i}`)), config },
    /999 classes/,
  ],
  [{ classes: '["a"]', config: '{"eval":{"longSide":"big"}}' }, /eval\.longSide: expected/],
  [
    { classes: '["a"]', config: '{"eval":{"longSide":1000000}}' },
    /asks for images of 1000000 pixels/,
  ],
  [{ classes: '["a"]', config: '{"eval":{"scales":[1e9]}}' }, /at the scales 1000000000/],
  [{ classes: '["a"]', config: '{"__proto__":{"x":1}}' }, /no such section/],
])("metadata %o is refused", async (metadata: Record<string, string>, message) => {
  const opening = openExported(nodeHost.store, model(metadata));
  await expect(opening).rejects.toThrow(UserError);
  await expect(openExported(nodeHost.store, model(metadata))).rejects.toThrow(message);
});

test("metadata behind a large graph is found without reading the graph", async () => {
  const large = Buffer.alloc(50_000_000);
  const entry = Buffer.from([0x72, 8, 0x0a, 1, 0x61, 0x12, 3, 0x62, 0x63, 0x64]);
  const head = Buffer.from([0x08, 8, 0x3a, 0x80, 0xe1, 0xeb, 0x17]); // field 7, 50,000,000 bytes
  let bytesRead = 0;
  const store = Object.create(nodeHost.store, {
    open: {
      value: async (path: string) => {
        const source = await nodeHost.store.open(path);
        const read = (offset: number, length: number): Promise<Uint8Array> => {
          bytesRead += length;
          return source.read(offset, length);
        };
        return {
          ...source,
          name: source.name,
          size: source.size,
          close: () => source.close(),
          read,
        };
      },
    },
  }) as Store;
  const metadata = await readMetadata(store, file(Buffer.concat([head, large, entry])));
  expect([...metadata]).toEqual([["a", "bcd"]]);
  expect(bytesRead).toBeGreaterThan(0);
  expect(bytesRead).toBeLessThan(1_000_000);
});

test.each([
  ["text", Buffer.from("hello, this is no model at all"), /not an ONNX model/],
  ["nothing", Buffer.alloc(0), /it has no graph/],
  ["a length beyond the end", Buffer.from([0x3a, 0xff, 0xff, 0xff, 0x7f]), /cut short\?/],
  ["a length of 64 bits", Buffer.from([0x72, ...Array<number>(9).fill(0xff), 1]), /cut short\?/],
  ["a number without end", Buffer.alloc(30, 0xff), /a number in it has no end/],
  ["fields without end", Buffer.alloc(100_000, Buffer.from([0x08, 1])), /more than 1000 fields/],
  [
    "five megabytes of text",
    Buffer.concat([Buffer.from([0x72, 0xc0, 0x96, 0xb1, 0x02]), Buffer.alloc(5_000_000)]),
    /takes more than 200000 bytes/,
  ],
])("a file of %s is refused", async (_, content, message) => {
  await expect(readMetadata(nodeHost.store, file(content))).rejects.toThrow(message);
});

test("what is no file is no model, and a folder without one is not an exported one", async () => {
  await expect(openAnyModel(nodeHost.store, join(folder, "none.onnx"))).rejects.toThrow(
    /none\.onnx: no such model/,
  );
  mkdirSync(join(folder, "dir.onnx"));
  await expect(openAnyModel(nodeHost.store, join(folder, "dir.onnx"))).rejects.toThrow(
    /dir\.onnx: no such model/,
  );
  await expect(openAnyModel(nodeHost.store, join(folder, "nothing"))).rejects.toThrow(UserError);
});

test("damaged files are read or refused with a message", async () => {
  const metadata = { classes: '["cat"]', config, step: "7" };
  const bytes = writeModel(graph, { metadata });
  const mutation = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(mutation, fc.nat(bytes.length), async (changes, length) => {
      const damaged = Uint8Array.from(bytes).subarray(0, length % 3 === 0 ? length : undefined);
      for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
      await openExported(nodeHost.store, file(damaged)).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
      });
    }),
    { numRuns: 500, seed: 1 },
  );
});
