import { extname } from "node:path";
import { UserError } from "../user-error.ts";
import { streamSafetensors } from "../files/weights/safetensors.ts";
import { storedBytes, type StoredTensor, type WeightsFile } from "../files/weights/weights-file.ts";
import type { UnderstoodWeights } from "../files/weights/understand.ts";
import { writeFileAtomic } from "../host/node/files/atomic-file.ts";
import { meaningOf } from "../files/weights/published.ts";

/** What was written. */
export interface ConvertedWeights {
  readonly file: string;
  readonly tensors: number;
  /** Tensors of the file that were not written: the network has no use for them. */
  readonly left: readonly string[];
  /** Class names it carries, if it opens as a model. */
  readonly classes: readonly string[] | undefined;
}

/** Tensors may share memory in a file; written out they take it once each. */
const mostGrowth = 16;

/**
 * Writes weights as safetensors: those that the network has under their published names, or where the
 * network is not known all of them as they are. Element types are kept, so half precision stays half the
 * size; one tensor at a time is in memory. A whole network whose classes are known opens as a model.
 * @param names class names that the user gives
 */
export async function convertWeights(
  file: WeightsFile,
  understood: UnderstoodWeights,
  out: string,
  names?: readonly string[],
): Promise<ConvertedWeights> {
  if (extname(out).toLowerCase() !== ".safetensors") {
    throw new UserError(`${out}: weights are written as .safetensors; give a name that ends so`);
  }
  const { match, architecture } = understood;
  const { classes } = architecture;
  if (names && classes !== undefined && names.length !== classes) {
    throw new UserError(
      `${file.name}: has ${classes} classes, ${names.length} names are given; give one for each`,
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
      `${file.name}: is not a whole network (it has ${architecture.parts.join(", ") || "none of its parts"}), ` +
        "so that class names mean nothing; leave --classes out",
    );
  }
  const step = file.metadata["step"];
  const metadata = {
    format: "pt", // what other readers of safetensors ask for
    ...(meaning?.classes && {
      config: JSON.stringify(meaning.config),
      classes: JSON.stringify(meaning.classes),
      ...(step !== undefined && { step }),
    }),
  };
  await writeFileAtomic(out, streamSafetensors(tensors, metadata));
  const left = [
    ...(match ? [...match.misfits.map(({ name }) => name), ...match.extra] : []),
    ...understood.dropped.map(({ name }) => name),
  ];
  return { file: out, tensors: tensors.length, left, classes: meaning?.classes };
}

function checkSize({ name, size }: WeightsFile, tensors: readonly StoredTensor[]): void {
  const total = tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
  if (total <= mostGrowth * size + 2 ** 20) return;
  throw new UserError(
    `${name}: its tensors share their memory so much that ${size} bytes would become ${total}; ` +
      "the file was made to harm, or holds no weights",
  );
}
