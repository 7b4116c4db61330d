import { unzipSync, zipSync } from "fflate";
import type { Random } from "../../src/engine/random.ts";
import { mutateBytes, pick } from "./mutate-bytes.ts";
import { mutatePng } from "./mutate-png.ts";
import { mutateTable } from "./mutate-text.ts";
import { mutateJson } from "./mutate-tree.ts";
import { texts } from "./values.ts";

/** Largest file that is unpacked to be changed, bytes. */
const largest = 2 ** 22;

/** A zip archive with a file in it changed, renamed, doubled or removed. */
export function mutateZip(bytes: Uint8Array, random: Random): Uint8Array {
  let files: Record<string, Uint8Array>;
  try {
    // Sizes that are only claimed would be allocated here.
    files = unzipSync(bytes, { filter: ({ originalSize }) => originalSize < largest });
  } catch {
    return bytes;
  }
  const names = Object.keys(files);
  if (names.length === 0) return bytes;
  const name = pick(random, names);
  const content = files[name]!;
  const weird = (): string => pick(random, texts).slice(0, 1000) || "x";
  switch (random.int(5)) {
    case 0:
      Reflect.deleteProperty(files, name);
      break;
    case 1:
      files[`${weird()}/${name}`] = content;
      break;
    case 2:
      Reflect.deleteProperty(files, name);
      files[name.replace(/[^/]*$/, weird())] = content;
      break;
    default:
      files[name] = changed(name, content, random);
  }
  return zipSync(Object.fromEntries(Object.entries(files).filter(([key]) => key !== "")), {
    level: 1,
  });
}

function changed(name: string, content: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.3)) return mutateBytes(content, random, { isText: !name.endsWith(".png") });
  if (name.endsWith(".png")) return mutatePng(content, random);
  if (name.endsWith(".json")) return mutateJson(content, random);
  return mutateTable(content, random);
}
