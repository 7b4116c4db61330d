import { UserError } from "../../user-error.ts";
import { PickleEnds } from "./pickle-reader.ts";
import { OpaqueValue, readPickle, readPickleAt } from "./pickle.ts";
import { partOf, type Archive, type ByteSource } from "../../host/byte-source.ts";
import { findStateDict } from "./state-dict.ts";
import { decodeLatin1 } from "./text.ts";
import { TorchPickle, type TorchStorage } from "./torch-pickle.ts";
import { readStrided } from "./torch-tensor.ts";
import type { WeightsFile } from "./weights-file.ts";

/** Most bytes of a pickle; those of real networks have a few hundred kilobytes. */
const maxPickle = 64 * 2 ** 20;
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** Opens a file of torch.save since PyTorch 1.6: a zip of a pickle and a file for each storage. */
export async function openTorchZip(source: ByteSource, archive: Archive): Promise<WeightsFile> {
  const names = [...archive.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  const [pickleName] = names.sort((a, b) => a.length - b.length);
  if (pickleName === undefined) {
    throw new UserError(
      `${source.name}: is a zip without data.pkl; give weights that torch.save wrote`,
    );
  }
  const folder = pickleName.slice(0, -"data.pkl".length);
  const entry = archive.get(pickleName)!;
  if (entry.size > maxPickle) {
    throw new UserError(
      `${source.name}: its pickle has ${entry.size} bytes, at most ${maxPickle} are read; ` +
        "save the weights alone",
    );
  }
  const pickle = new TorchPickle(source.name);
  const root = readPickle(await entry.read(0, entry.size), pickle.options);
  const bigEndian = (await readWord(archive.get(`${folder}byteorder`))) === "big";
  const storages = new Map<string, ByteSource>();
  for (const storage of pickle.storages.values()) {
    const data = archive.get(`${folder}data/${storage.key}`);
    checkStorage(pickle, storage, data?.size);
    storages.set(storage.key, data!);
  }
  return weightsFile(source, pickle, "PyTorch (zip)", root, storages, bigEndian);
}

/** Opens a file of torch.save before PyTorch 1.6: pickles, then storages. */
export async function openTorchLegacy(source: ByteSource): Promise<WeightsFile> {
  const { pickle, root, keys, littleEndian, end } = await readLegacyPickles(source);
  const storages = new Map<string, ByteSource>();
  let position = end;
  for (const key of keys) {
    const storage = typeof key === "string" ? pickle.storages.get(key) : undefined;
    if (!storage || storages.has(storage.key)) {
      throw pickle.damaged("it lists a storage twice, or one that no tensor uses");
    }
    const available = source.size - position - 8;
    if (available < 0) checkStorage(pickle, storage, undefined);
    const head = await source.read(position, 8);
    const view = new DataView(head.buffer, head.byteOffset, 8);
    const length = Number(view.getBigInt64(0, littleEndian));
    const size = storage.length * storage.element.bytes;
    const listed = length * storage.element.bytes;
    checkStorage(pickle, storage, listed === size ? Math.min(listed, available) : listed);
    storages.set(storage.key, partOf(source, position + 8, size));
    position += 8 + size;
  }
  for (const storage of pickle.storages.values()) {
    if (!storages.has(storage.key)) checkStorage(pickle, storage, undefined);
  }
  return weightsFile(source, pickle, "PyTorch (legacy)", root, storages, !littleEndian);
}

interface LegacyPickles {
  readonly pickle: TorchPickle;
  readonly root: unknown;
  readonly keys: readonly unknown[];
  readonly littleEndian: boolean;
  /** Where the storages begin. */
  readonly end: number;
}

/** Reads the five pickles at the beginning of a file, in ever longer parts since nothing says how long they are. */
async function readLegacyPickles(source: ByteSource): Promise<LegacyPickles> {
  for (let length = 2 ** 20; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, source.size, maxPickle));
    try {
      return parseLegacyPickles(bytes, source.name);
    } catch (error) {
      const more = length < Math.min(source.size, maxPickle);
      if (!(error instanceof PickleEnds) || !more) throw error;
    }
  }
}

function parseLegacyPickles(bytes: Uint8Array, source: string): LegacyPickles {
  const pickle = new TorchPickle(source);
  let end = 0;
  const next = (): unknown => {
    const { value, end: after } = readPickleAt(bytes, end, pickle.options);
    end = after;
    return value;
  };
  const magic = next();
  if (magic instanceof OpaqueValue) throw pickle.refused(magic);
  if (magic !== legacyMagic) {
    throw new UserError(
      `${source}: is a pickle, but not one of torch.save; give .pth, .pt or .safetensors weights`,
    );
  }
  const protocol = next();
  if (protocol !== legacyProtocol) {
    throw new UserError(
      `${source}: has format ${typeof protocol === "number" ? protocol : typeof protocol} of PyTorch, only ${legacyProtocol} is read; ` +
        "save it again with a newer PyTorch",
    );
  }
  const system = next();
  const littleEndian = !(system instanceof Map) || system.get("little_endian") !== false;
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw pickle.damaged("it has no list of storages");
  return { pickle, root, keys, littleEndian, end };
}

/** @param available bytes of the storage in the file; undefined where it is missing */
function checkStorage(
  pickle: TorchPickle,
  { key, length, element }: TorchStorage,
  available: number | undefined,
): void {
  const needed = length * element.bytes;
  if (available === needed) return;
  const what = `storage ${JSON.stringify(key.slice(0, 40))} of ${length} ${element.type} needs ${needed} bytes`;
  throw pickle.damaged(
    `${what}, ${available === undefined ? "it is missing" : `it has ${available}`}`,
  );
}

async function readWord(entry: ByteSource | undefined): Promise<string> {
  if (!entry || entry.size > 16) return "";
  return decodeLatin1(await entry.read(0, entry.size)).trim();
}

function weightsFile(
  { name, size }: ByteSource,
  pickle: TorchPickle,
  format: string,
  root: unknown,
  storages: ReadonlyMap<string, ByteSource>,
  bigEndian: boolean,
): WeightsFile {
  const { tensors, notes } = findStateDict(root, pickle);
  return {
    name,
    format,
    size,
    notes,
    metadata: {},
    tensors: [...tensors].map(([tensorName, tensor]) => ({
      name: tensorName,
      element: tensor.storage.element,
      shape: tensor.shape,
      read: () => readStrided(storages.get(tensor.storage.key)!, tensor, bigEndian),
    })),
  };
}
