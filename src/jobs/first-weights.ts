import type { Config } from "../method/config.ts";
import type { Store } from "../host/store.ts";
import type { NdArray } from "../engine/graph/index.ts";
import { type BackboneName, isSameBackbone } from "../method/model/index.ts";
import { networkOf } from "../method/model/network-of.ts";
import { UserError } from "../user-error.ts";
import { isClassLayer, matchWeights, readMatched, type Misfit } from "../files/weights/match.ts";
import { byReason, describeStages, understandWeights } from "../files/weights/understand.ts";
import { listNames } from "../files/text/list-names.ts";
import { findModelFile } from "../files/run/find-weights.ts";
import { parseList } from "../files/weights/model-metadata.ts";
import { initialWeightsKey, parseInitialWeights } from "../files/weights/initial-weights.ts";
import type { InitialWeights } from "../method/inference/initial-weights.ts";
import { withWeights } from "./with-weights.ts";

export interface FirstWeightsOptions {
  /** Reinitialize the layers whose size depends on the number of classes. */
  readonly resetHeads?: boolean;
}

/** Initial weights of a training. */
export interface FirstWeights {
  readonly initial: Readonly<Record<string, NdArray>>;
  /** Sentences for the user about tensors that are used, missing or ignored. */
  readonly notes: readonly string[];
  /** Origin of the weights that the file's were trained from, where it says. */
  readonly from?: InitialWeights;
}

/**
 * Reads initial weights for a training: those tensors of a weights file, of any format and naming, that its network has.
 * Tensors that do not fit are a UserError; heads that the file does not have keep their random values.
 * @param source a weights file, or a run folder
 */
export async function readFirstWeights(
  store: Store,
  source: string,
  config: Config,
  classes: readonly string[],
  { resetHeads = false }: FirstWeightsOptions = {},
): Promise<FirstWeights> {
  const path = await findModelFile(store, source);
  return withWeights(store, path, async (file) => {
    const { backbone, decoderWidth } = config.model;
    const understood = understandWeights(file);
    checkBackbone(path, understood.architecture, understood.tensors.size, backbone);
    const tensors = new Map(understood.tensors);
    const notes = file.notes.map((note) => `${path}: ${note}`);

    const width = understood.architecture.decoderWidth;
    if (width !== undefined && width !== decoderWidth) {
      if (understood.naming === "AFA") {
        throw new UserError(
          `${path}: its decoder has ${width} channels, but the settings say ${decoderWidth}`,
          {
            code: "weights-mismatch",
            remedies: [{ kind: "setting", key: "model.decoderWidth", value: String(width) }],
          },
        );
      }
      remove(tensors, (name) => name.startsWith("decoder."));
      notes.push(
        `${path}: its decoder is not used: it has ${width} channels, but the settings say ${decoderWidth}`,
      );
    }
    const stored = file.metadata["classes"];
    if (!resetHeads && stored !== undefined && stored !== JSON.stringify(classes)) {
      notes.push(
        `${path}: was trained on the classes ${listNames(parseList(path, stored))}, but the data has ${listNames(classes)}; ` +
          "the layers that depend on the classes are used nevertheless, unless they are reset",
      );
    }
    if (resetHeads) {
      const reset = remove(tensors, isClassLayer);
      if (reset.length > 0) notes.push(`${path}: reinitialized on request: ${listNames(reset)}`);
    }

    const match = matchWeights(tensors, networkOf(config, classes).parameters);
    checkMisfits(path, match.misfits, `${backbone} with ${classes.length} classes`);
    const { used, missing, extra } = match;
    const total = used.length + missing.length;
    notes.push(
      `${path}: ${file.format}, has ${used.length} of the ${total} tensors of ${backbone}`,
    );
    if (missing.length > 0)
      notes.push(
        `${path}: missing, initialized at random: ${listNames(missing.map(({ name }) => name))}`,
      );
    for (const [reason, names] of byReason(understood.dropped)) {
      notes.push(`${path}: ignored ${listNames(names)}: ${reason}`);
    }
    if (extra.length > 0) notes.push(`${path}: not part of the network: ${listNames(extra)}`);
    const from = parseInitialWeights(file.metadata[initialWeightsKey]);
    return { initial: await readMatched(match), notes, ...(from && { from }) };
  });
}

/** Backbone of a weights file; undefined if its shapes match none. */
export async function readBackbone(store: Store, path: string): Promise<BackboneName | undefined> {
  return withWeights(store, path, async (file) => understandWeights(file).architecture.backbone);
}

function checkBackbone(
  path: string,
  {
    backbone,
    channels,
    depths,
    ratios,
    parts,
  }: ReturnType<typeof understandWeights>["architecture"],
  count: number,
  needed: BackboneName,
): void {
  if (!parts.includes("encoder")) {
    throw new UserError(
      `${path}: none of its ${count} tensors belongs to ${needed}; ` +
        "give weights of AFA, SegFormer or PVTv2 with the tensor names they were published with",
    );
  }
  if (backbone === undefined) {
    throw new UserError(
      `${path}: has ${describeStages({ channels, depths, ratios })}, which match no known backbone; ` +
        `give weights of ${needed}`,
    );
  }
  if (isSameBackbone(backbone, needed)) return;
  throw otherBackbone(path, backbone, needed);
}

/** The error about weights of one backbone where the settings say another. */
export function otherBackbone(weights: string, backbone: string, needed: string): UserError {
  return new UserError(`${weights}: is a ${backbone}, but the settings say ${needed}`, {
    code: "weights-mismatch",
    remedies: [
      { kind: "option", name: "backbone", value: backbone },
      { kind: "option", name: "weights", instead: true },
    ],
  });
}

function checkMisfits(path: string, misfits: readonly Misfit[], network: string): void {
  if (misfits.length === 0) return;
  const list = misfits.map(
    ({ name, found, needed }) => `${name} is ${found}, but ${network} needs ${needed}`,
  );
  const onlyClassLayers = misfits.every(({ name }) => isClassLayer(name));
  const advice = onlyClassLayers
    ? "reinitialize the layers whose size depends on the number of classes"
    : "give weights of the same network";
  const more = list.length > 6 ? `; and ${list.length - 6} more` : "";
  throw new UserError(`${path}: ${list.slice(0, 6).join("; ")}${more}; ${advice}`, {
    code: "weights-mismatch",
    remedies: [
      ...(onlyClassLayers ? [{ kind: "option", name: "resetHeads" } as const] : []),
      ...(list.length > 6
        ? [{ kind: "job", name: "weights", argument: path, purpose: "lists all of them" } as const]
        : []),
    ],
  });
}

/** Removes the entries whose names match; returns their names. */
function remove(tensors: Map<string, unknown>, which: (name: string) => boolean): string[] {
  const names = [...tensors.keys()].filter(which);
  for (const name of names) tensors.delete(name);
  return names;
}
