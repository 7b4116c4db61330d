import { Random } from "../../src/engine/random.ts";
import { mutateBytes, pick } from "./mutate-bytes.ts";
import { mutatePng } from "./mutate-png.ts";
import { mutateTable, mutateXml } from "./mutate-text.ts";
import { mutateJson, mutateJsonLines, mutateYaml } from "./mutate-tree.ts";
import { mutateTar } from "./mutate-tar.ts";
import { mutateZip } from "./mutate-zip.ts";
import type { FileKind, Subject } from "./subject.ts";

const byStructure: Readonly<
  Record<Exclude<FileKind, "bytes">, (bytes: Uint8Array, random: Random) => Uint8Array>
> = {
  json: mutateJson,
  "json lines": mutateJsonLines,
  yaml: mutateYaml,
  table: mutateTable,
  xml: mutateXml,
  png: mutatePng,
  zip: mutateZip,
  tar: mutateTar,
};

/** Largest changed file: a longer one is cut. */
const maxBytes = 2 ** 21;

/** The damaged file of a case: the same for the same seed, subject and index. Index -1 - i is the whole file i. */
export function makeCase(subject: Subject, seed: number, index: number): Uint8Array {
  if (index < 0) return subject.seeds[-1 - index]!;
  const random = Random.at(seed, subject.name, index);
  const { kind, seeds, span } = subject;
  // A buffer of Node would share its memory with its slices.
  let bytes: Uint8Array = Uint8Array.from(pick(random, seeds));
  const isText = !["bytes", "png", "zip", "tar"].includes(kind);
  for (let left = pick(random, [1, 1, 1, 2, 3]); left > 0; left--) {
    if (kind !== "bytes" && random.chance(0.65)) bytes = byStructure[kind](bytes, random);
    else {
      const other = pick(random, seeds);
      bytes = mutateBytes(bytes, random, { isText, other, ...(span !== undefined && { span }) });
    }
  }
  return bytes.subarray(0, maxBytes);
}
