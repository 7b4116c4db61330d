import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { Afa } from "../method/model/index.ts";
import type { Parameter } from "../engine/nn/index.ts";
import { networkOf } from "../method/model/network-of.ts";
import { UserError } from "../user-error.ts";
import { isClassLayer, matchWeights, readMatched } from "../files/weights/match.ts";
import { listNames, understandWeights } from "../files/weights/understand.ts";
import type { WeightsFile } from "../files/weights/weights-file.ts";
import { findModelFile } from "../files/run/find-weights.ts";
import { withWeights } from "./with-weights.ts";
import { meaningOf } from "../files/weights/published.ts";

/** A trained network with everything that using it takes. */
export interface OpenedModel {
  /** The weights file. */
  readonly file: string;
  readonly network: Afa;
  /** Weights and buffers by name. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps behind it. */
  readonly step: number;
}

/**
 * Opens a run folder (its best weights, else its last), a .safetensors file that a run wrote, or a
 * published checkpoint of AFA (.pth or .safetensors), whose backbone and decoder its shapes tell.
 * Anything that is not whole is a UserError that names the file and what is wrong in it.
 */
export async function openModel(path: string): Promise<OpenedModel> {
  const file = await findModelFile(path);
  return withWeights(file, async (weights) => {
    const understood = understandWeights(weights);
    const meaning = meaningOf(weights, understood);
    if (!meaning) throw unknownNetwork(weights, understood.architecture);
    const { config } = meaning;
    const { backbone } = config.model;
    const count = understood.architecture.classes;
    if (!meaning.classes) {
      if (count === undefined) throw onlyEncoder(file, namesOf(understood.match?.missing ?? []));
      throw new UserError(
        `${file}: has ${count} classes without names; name them, one a line in the order of the labels: ` +
          `tag2mask weights ${file} --out named.safetensors --classes names.txt`,
      );
    }
    const network = networkOf(config, meaning.classes);
    const match = matchWeights(understood.tensors, network.parameters);
    const [misfit] = match.misfits;
    if (misfit) {
      throw new UserError(
        `${file}: ${misfit.name} is ${misfit.found}, ${backbone} ` +
          `with ${meaning.classes.length} classes needs ${misfit.needed}; its weights and what it says of ` +
          "them are of two networks, get it anew",
      );
    }
    const missing = namesOf(match.missing);
    if (missing.some(isClassLayer)) throw onlyEncoder(file, missing);
    if (missing.length > 0) {
      throw new UserError(
        `${file}: lacks ${listNames(missing)}, which a ${backbone} has; give a file with all of its weights`,
      );
    }
    return {
      file,
      network,
      parameters: await readMatched(match),
      config,
      classes: meaning.classes,
      step: stepOf(weights),
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
  { channels, depths, parts }: ReturnType<typeof understandWeights>["architecture"],
): UserError {
  const what = parts.includes("encoder")
    ? `its encoder has ${channels.join(",")} channels and ${depths.join(",")} blocks, which is no known backbone`
    : `none of its ${tensors.length} tensors is of an encoder that we know`;
  const says = metadata["classes"] === undefined ? "says nothing of its config, and " : "";
  return new UserError(
    `${name}: ${says}${what}; give weights that tag2mask train wrote, or a published checkpoint of AFA`,
  );
}

function onlyEncoder(file: string, missing: readonly string[]): UserError {
  return new UserError(
    `${file}: is not a whole network, it lacks ${listNames(missing)}; ` +
      `train one from it: tag2mask train --weights ${file}`,
  );
}
