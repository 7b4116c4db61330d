import { UserError } from "../../user-error.ts";
import { openSafetensors } from "./safetensors.ts";
import type { Archive, ByteSource } from "../../host/byte-source.ts";
import type { WeightsFile } from "./weights-file.ts";

/**
 * Opens a weights file of any known format, recognized by its first bytes: safetensors, or either format of PyTorch's
 * .pth and .pt. Tensors are read on demand.
 * @param openZip lists the entries of a zip archive
 */
export async function openWeights(
  source: ByteSource,
  openZip: (source: ByteSource) => Promise<Archive>,
): Promise<WeightsFile> {
  const first = await source.read(0, Math.min(16, source.size));
  // Safetensors: a length of 8 bytes, then JSON; lengths beyond 2^40 are other formats' first letters.
  if (first[8] === 0x7b && first[5] === 0 && first[6] === 0 && first[7] === 0) {
    return openSafetensors(source);
  }
  if (startsWith(first, [0x50, 0x4b])) {
    const { openTorchZip } = await import("./torch.ts");
    return openTorchZip(source, await openZip(source));
  }
  if (first[0] === 0x80) return (await import("./torch.ts")).openTorchLegacy(source);
  if (source.name.endsWith(".safetensors")) return openSafetensors(source);
  const content = first.length === 0 ? "is empty" : contentOf(first);
  throw new UserError(
    `${source.name}: ${content}; weights are read from .pth, .pt and .bin of PyTorch and from .safetensors`,
  );
}

/** Content of a file that has no weights, as the predicate of an error. */
function contentOf(first: Uint8Array): string {
  if (startsWith(first, [0x89, 0x48, 0x44, 0x46])) return "is an HDF5 file, as Keras writes them";
  if (startsWith(first, [0x93, 0x4e, 0x55, 0x4d])) return "is a NumPy array";
  if (startsWith(first, [0x08])) return "looks like an ONNX model, not a weights file";
  if (startsWith(first, [0x1f, 0x8b])) return "is compressed by gzip; unpack it first";
  if (first[0] === 0x3c) return "looks like a web page: a download that went wrong";
  return "is of no known format";
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
