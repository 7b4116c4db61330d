import { UserError } from "../user-error.ts";
import { streamSafetensors } from "../files/weights/safetensors.ts";
import { storedBytes, type StoredTensor, type WeightsFile } from "../files/weights/weights-file.ts";
import type { UnderstoodWeights } from "../files/weights/understand.ts";
import { meaningOf } from "../files/weights/published.ts";
import {
  initialWeightsKey,
  initialWeightsMetadata,
  parseInitialWeights,
} from "../files/weights/initial-weights.ts";
import { extname } from "../files/text/path.ts";
import type { Store } from "../host/store.ts";
import {
  isAbort,
  reports,
  type JobOptions,
  type ProgressEvent,
  type StoppedEvent,
} from "./events.ts";

/** A written weights file. */
export interface ConvertedWeights {
  readonly file: string;
  readonly tensors: number;
  /** Tensors that were not written because the network does not use them. */
  readonly left: readonly string[];
  /** Its class names, if it opens as a model. */
  readonly classes: readonly string[] | undefined;
}

/** Largest accepted ratio of written to read bytes: tensors that share memory in a file are written out one by one. */
const mostGrowth = 16;

export interface ConvertWeightsOptions extends JobOptions {
  /** Foreground class names to store. */
  readonly names?: readonly string[] | undefined;
}

export type ConvertWeightsEvent =
  /** Tensors written so far. */
  | ProgressEvent
  /** Nothing was written. */
  | StoppedEvent
  | { readonly type: "converted"; readonly weights: ConvertedWeights };

/**
 * Writes weights as safetensors: the tensors of the network under their published names, or all tensors unchanged where the
 * network is not known. Element types are kept, so half precision stays half the size; one tensor at a time is in memory.
 * A complete network with known classes can then be opened as a model. An aborted signal stops it at the next tensor.
 */
export async function* convertWeights(
  store: Store,
  file: WeightsFile,
  understood: UnderstoodWeights,
  out: string,
  { names, signal }: ConvertWeightsOptions = {},
): AsyncGenerator<ConvertWeightsEvent, void> {
  if (extname(out).toLowerCase() !== ".safetensors") {
    throw new UserError(
      `${out}: weights are written as safetensors; give a name that ends in .safetensors`,
    );
  }
  const { match, architecture } = understood;
  const { classes } = architecture;
  if (names && classes !== undefined && names.length !== classes) {
    throw new UserError(
      `${file.name}: has ${classes} classes, but ${names.length} names are given; give one name for each class`,
    );
  }
  const tensors: readonly StoredTensor[] = match
    ? match.used.map(({ tensor }) => tensor)
    : [...understood.tensors.values()];
  checkSize(file, tensors);
  const whole = match !== undefined && match.missing.length + match.misfits.length === 0;
  const meaning = whole ? meaningOf(file, understood, names) : undefined;
  if (names && !meaning) {
    throw new UserError(
      `${file.name}: is not a complete network (it has ${architecture.parts.join(", ") || "none of its parts"}), ` +
        "so it cannot have class names",
      { remedies: [{ kind: "omit", name: "classes" }] },
    );
  }
  const step = file.metadata["step"];
  const origin = parseInitialWeights(file.metadata[initialWeightsKey]);
  const metadata = {
    format: "pt", // PyTorch's safetensors readers require it
    ...(meaning?.classes && {
      config: JSON.stringify(meaning.config),
      classes: JSON.stringify(meaning.classes),
      ...(step !== undefined && { step }),
    }),
    ...initialWeightsMetadata(origin),
  };
  const total = tensors.length;
  let done = 0;
  try {
    yield* reports((report: (event: ProgressEvent) => void) => {
      const counted = tensors.map((tensor) => ({
        ...tensor,
        read: async () => {
          signal?.throwIfAborted();
          const data = await tensor.read();
          report({ type: "progress", done: ++done, total });
          return data;
        },
      }));
      return store.write([{ path: out, data: streamSafetensors(counted, metadata) }]);
    });
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
    return yield { type: "stopped", done, total };
  }
  const left = [
    ...(match ? [...match.misfits.map(({ name }) => name), ...match.extra] : []),
    ...understood.dropped.map(({ name }) => name),
  ];
  const weights = { file: out, tensors: total, left, classes: meaning?.classes };
  yield { type: "converted", weights };
}

function checkSize({ name, size }: WeightsFile, tensors: readonly StoredTensor[]): void {
  const total = tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  if (total <= mostGrowth * size + 2 ** 20) return;
  throw new UserError(
    `${name}: its tensors share so much memory that its ${size} bytes would become ${total}, more than ` +
      `${mostGrowth} times as many; the file is malicious or damaged`,
  );
}
