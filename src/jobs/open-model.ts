import type { Parameter } from "../engine/nn/index.ts";
import type { Store } from "../host/store.ts";
import type { OpenedModel } from "../method/inference/model.ts";
import { networkOf } from "../method/model/network-of.ts";
import { UserError } from "../user-error.ts";
import { isClassLayer, matchWeights, readMatched } from "../files/weights/match.ts";
import { listNames } from "../files/text/list-names.ts";
import { describeStages, understandWeights } from "../files/weights/understand.ts";
import type { WeightsFile } from "../files/weights/weights-file.ts";
import { findModelFile } from "../files/run/find-weights.ts";
import { withWeights } from "./with-weights.ts";
import { initialWeightsKey, parseInitialWeights } from "../files/weights/initial-weights.ts";
import { meaningOf } from "../files/weights/published.ts";

/**
 * Opens a run folder (its best weights, or its last ones if there are none), a .safetensors file of a run, or a published
 * checkpoint of AFA (.pth or .safetensors), whose backbone and decoder follow from its shapes. An incomplete model is a
 * UserError that names the file and the missing tensors.
 */
export async function openModel(store: Store, path: string): Promise<OpenedModel> {
  const file = await findModelFile(store, path);
  return withWeights(store, file, async (weights) => {
    const understood = understandWeights(weights);
    const meaning = meaningOf(weights, understood);
    if (!meaning) throw unknownNetwork(weights, understood.architecture);
    const { config } = meaning;
    const { backbone } = config.model;
    const count = understood.architecture.classes;
    if (!meaning.classes) {
      if (count === undefined) throw onlyEncoder(file, namesOf(understood.match?.missing ?? []));
      throw new UserError(
        `${file}: has ${count} classes without names; list them in a text file, one per line in the order of the labels`,
        {
          code: "unnamed-classes",
          remedies: [
            {
              kind: "job",
              name: "weights",
              argument: file,
              options: { out: "named.safetensors", classes: "names.txt" },
            },
          ],
        },
      );
    }
    const network = networkOf(config, meaning.classes);
    const match = matchWeights(understood.tensors, network.parameters);
    const [misfit] = match.misfits;
    if (misfit) {
      throw new UserError(
        `${file}: ${misfit.name} is ${misfit.found}, but ${backbone} ` +
          `with ${meaning.classes.length} classes needs ${misfit.needed}; its tensors do not match its own ` +
          "metadata; download or export the file again",
      );
    }
    const missing = namesOf(match.missing);
    if (missing.some(isClassLayer)) throw onlyEncoder(file, missing);
    if (missing.length > 0) {
      throw new UserError(
        `${file}: lacks ${listNames(missing)}, which ${backbone} needs; give a file with all of its weights`,
      );
    }
    const initialWeights = parseInitialWeights(weights.metadata[initialWeightsKey]);
    return {
      file,
      network,
      parameters: await readMatched(match),
      config,
      classes: meaning.classes,
      step: stepOf(weights),
      ...(initialWeights && { initialWeights }),
    };
  });
}

function namesOf(parameters: readonly Parameter[]): string[] {
  return parameters.map(({ name }) => name);
}

function stepOf({ metadata }: WeightsFile): number {
  const step = Number(metadata["step"] ?? 0);
  return Number.isSafeInteger(step) ? step : 0;
}

function unknownNetwork(
  { name, metadata, tensors }: WeightsFile,
  { parts, ...stages }: ReturnType<typeof understandWeights>["architecture"],
): UserError {
  const problem = parts.includes("encoder")
    ? `its encoder has ${describeStages(stages)}, which match no known backbone`
    : `none of its ${tensors.length} tensors belongs to a known encoder`;
  const config = metadata["classes"] === undefined ? 'has no "config" in its metadata, and ' : "";
  return new UserError(
    `${name}: ${config}${problem}; give weights from a tag2mask training, or a published checkpoint of AFA`,
    { code: "unknown-network" },
  );
}

function onlyEncoder(file: string, missing: readonly string[]): UserError {
  return new UserError(
    `${file}: is not a complete network: it lacks ${listNames(missing)}; train a network that starts from it`,
    {
      code: "incomplete-network",
      remedies: [{ kind: "job", name: "train", options: { weights: file } }],
    },
  );
}
