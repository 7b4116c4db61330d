import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import { networkOf } from "../method/model/network-of.ts";
import { UserError } from "../user-error.ts";
import { isClassLayer, matchWeights, readMatched, type Misfit } from "../files/weights/match.ts";
import { byReason, listNames, understandWeights } from "../files/weights/understand.ts";
import { findModelFile } from "../files/run/find-weights.ts";
import { parseList } from "../files/weights/model-metadata.ts";
import { withWeights } from "./with-weights.ts";

export interface FirstWeightsOptions {
  /** Start the layers that know the number of classes anew. */
  readonly resetHeads?: boolean;
}

/** First weights of a training, and what the user should know of them. */
export interface FirstWeights {
  readonly initial: Readonly<Record<string, NdArray>>;
  readonly notes: readonly string[];
}

/**
 * Those tensors of a weights file of any format and naming that the network of a training has. What does
 * not fit is a UserError, except what can begin anew without harm: heads that the file does not have.
 * @param source a weights file, or a run folder
 */
export async function readFirstWeights(
  source: string,
  config: Config,
  classes: readonly string[],
  { resetHeads = false }: FirstWeightsOptions = {},
): Promise<FirstWeights> {
  const path = await findModelFile(source);
  return withWeights(path, async (file) => {
    const { backbone, decoderWidth } = config.model;
    const understood = understandWeights(file);
    checkBackbone(path, understood.architecture, understood.tensors.size, backbone);
    const tensors = new Map(understood.tensors);
    const notes = file.notes.map((note) => `${path}: ${note}`);

    const found = understood.architecture.decoderWidth;
    if (found !== undefined && found !== decoderWidth) {
      if (understood.naming === "AFA") {
        throw new UserError(
          `${path}: its decoder has ${found} channels, the settings say ${decoderWidth}; ` +
            `give --set model.decoderWidth=${found}`,
        );
      }
      remove(tensors, (name) => name.startsWith("decoder."));
      notes.push(
        `${path}: leaves its decoder aside, which has ${found} channels; the settings say ${decoderWidth}`,
      );
    }
    const stored = file.metadata["classes"];
    if (!resetHeads && stored !== undefined && stored !== JSON.stringify(classes)) {
      notes.push(
        `${path}: knows the classes ${listNames(parseList(path, stored))}, the data has ${listNames(classes)}; ` +
          "--reset-heads starts the layers of the classes anew",
      );
    }
    if (resetHeads) {
      const reset = remove(tensors, isClassLayer);
      if (reset.length > 0) notes.push(`${path}: starts anew as asked: ${listNames(reset)}`);
    }

    const match = matchWeights(tensors, networkOf(config, classes).parameters);
    checkMisfits(path, match.misfits, `${backbone} with ${classes.length} classes`);
    const { used, missing, extra } = match;
    const total = used.length + missing.length;
    notes.push(`${path}: ${file.format}, gives ${used.length} of ${total} tensors of ${backbone}`);
    if (missing.length > 0)
      notes.push(`${path}: has not, starts anew: ${listNames(missing.map(({ name }) => name))}`);
    for (const [reason, names] of byReason(understood.dropped)) {
      notes.push(`${path}: leaves aside ${listNames(names)}: ${reason}`);
    }
    if (extra.length > 0) notes.push(`${path}: has no use for ${listNames(extra)}`);
    return { initial: await readMatched(match), notes };
  });
}

function checkBackbone(
  path: string,
  { backbone, channels, depths, parts }: ReturnType<typeof understandWeights>["architecture"],
  count: number,
  needed: string,
): void {
  if (!parts.includes("encoder")) {
    throw new UserError(
      `${path}: none of its ${count} tensors is one of ${needed}'s; ` +
        "give weights of AFA or SegFormer under the names they were published with",
    );
  }
  if (backbone === needed) return;
  const what = `stages of ${channels.join(",")} channels and ${depths.join(",")} blocks`;
  if (backbone === undefined) {
    throw new UserError(`${path}: has ${what}, which is no known backbone; ${needed} is needed`);
  }
  throw new UserError(
    `${path}: is a ${backbone}, the settings say ${needed}; give --backbone ${backbone}, or other weights`,
  );
}

function checkMisfits(path: string, misfits: readonly Misfit[], network: string): void {
  if (misfits.length === 0) return;
  const list = misfits.map(({ name, found, needed }) => `${name} is ${found}, ${network} needs ${needed}`); // prettier-ignore
  const remedy = misfits.every(({ name }) => isClassLayer(name))
    ? "give --reset-heads to start these layers anew"
    : "give weights of the same network";
  const more =
    list.length > 6 ? `; and ${list.length - 6} more (tag2mask weights ${path} lists all)` : "";
  throw new UserError(`${path}: ${list.slice(0, 6).join("; ")}${more}; ${remedy}`);
}

/** Takes entries away; returns their names. */
function remove(tensors: Map<string, unknown>, which: (name: string) => boolean): string[] {
  const names = [...tensors.keys()].filter(which);
  for (const name of names) tensors.delete(name);
  return names;
}
