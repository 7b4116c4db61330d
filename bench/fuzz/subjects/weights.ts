import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { sizeOf } from "../../../src/engine/graph/index.ts";
import { readTagsNpy } from "../../../src/files/datasets/tags/npy.ts";
import { readNpy } from "../../../src/files/weights/npy.ts";
import { openWeights } from "../../../src/files/weights/open.ts";
import { parseShardIndex } from "../../../src/files/weights/shards.ts";
import { understandWeights } from "../../../src/files/weights/understand.ts";
import { readTensor } from "../../../src/files/weights/weights-file.ts";
import { bytesSource } from "../../../src/host/byte-source.ts";
import { openZip } from "../../../src/host/node/files/stored-archive.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { openExported } from "../../../src/jobs/open-exported-model.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { mustHold, type Subject } from "../subject.ts";

const test = join(import.meta.dirname, "../../../test");
const golden = (name: string): Uint8Array => readFileSync(join(test, "golden/checkpoints", name));

async function readWeights(bytes: Uint8Array): Promise<void> {
  const file = await openWeights(bytesSource(bytes, "file"), openZip);
  understandWeights(file);
  for (const stored of file.tensors) {
    const { data, shape } = await readTensor(stored);
    mustHold(data.length === sizeOf(shape), `${stored.name} has ${data.length} numbers`);
  }
}

/** Weights of networks, arrays and models. */
export function weightsSubjects(work: string): Subject[] {
  const index = { metadata: {}, weight_map: { "a.weight": "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" } }; // prettier-ignore
  return [
    {
      ...{ name: "safetensors", kind: "bytes", read: readWeights },
      seeds: [golden("odd_tensors.safetensors")],
    },
    {
      ...{ name: "torch zip", kind: "bytes", read: readWeights },
      seeds: [golden("odd_tensors.pth")],
    },
    {
      ...{ name: "torch legacy", kind: "bytes", read: readWeights, weight: 0.3 },
      ...{ seeds: [golden("afa_legacy.pth")], span: 12_000 },
    },
    {
      ...{ name: "index of shards", kind: "json", seeds: [Buffer.from(JSON.stringify(index))] },
      read: async (bytes) => parseShardIndex(Buffer.from(bytes).toString(), "index.json"),
    },
    ...npySubjects(work),
    onnxSubject(work),
  ];
}

/** Arrays of NumPy; the published dictionaries of tags are pickles in them. */
function npySubjects(work: string): Subject[] {
  const path = join(test, "files/datasets/numpy.json");
  const files = Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, string>);
  const bytesOf = (wanted: (name: string) => boolean): Uint8Array[] =>
    files.flatMap(([name, base64]) => (wanted(name) ? [Buffer.from(base64, "base64")] : []));
  const isDictionary = (name: string): boolean => name.startsWith("protocol");
  const target = join(work, "tags.npy");
  const readTags = async (bytes: Uint8Array): Promise<void> => {
    writeFileSync(target, bytes);
    const taker = { take: () => undefined, clear: () => undefined };
    await readTagsNpy(nodeHost.store, target, ["cat", "dog", "sofa"], taker);
  };
  const readArray = async (bytes: Uint8Array): Promise<void> => void readNpy(bytes, "file");
  return [
    {
      ...{ name: "npy", kind: "bytes", read: readArray },
      seeds: bytesOf((name) => name !== "evil" && !isDictionary(name)),
    },
    { name: "npy tags", kind: "bytes", seeds: bytesOf(isDictionary), read: readTags },
    {
      ...{ name: "npy that names os.system", kind: "bytes", isRefused: true },
      ...{ seeds: bytesOf((name) => name === "evil"), read: readTags, weight: 0.3 },
    },
  ];
}

/** The metadata of an exported model. */
function onnxSubject(work: string): Subject {
  const model = new BinaryWriter();
  model.tag(1, 0).int32(8);
  model.tag(2, 2).string("tag2mask");
  model.tag(7, 2).bytes(new Uint8Array(40));
  const metadata = { classes: '["cat","dog"]', config: JSON.stringify(parseConfig({})), step: "7" };
  for (const [key, value] of Object.entries(metadata)) {
    model.tag(14, 2).fork();
    model.tag(1, 2).string(key);
    model.tag(2, 2).string(value);
    model.join();
  }
  const file = join(work, "model.onnx");
  return {
    ...{ name: "onnx metadata", kind: "bytes", seeds: [model.finish()] },
    read: async (bytes) => {
      writeFileSync(file, bytes);
      const { classes, step } = await openExported(nodeHost.store, file);
      mustHold(classes.length > 0 && Number.isSafeInteger(step), `${classes.join()} ${step}`);
    },
  };
}
