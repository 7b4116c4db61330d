import { parse as parseYaml } from "yaml";
import { resolveConfig, type SettingOptions } from "../../../files/run/settings.ts";
import { plannedShare, trainingBytes } from "../../../jobs/plan/training-memory.ts";
import { fitMemory } from "../../../jobs/plan/micro-batch.ts";
import { networkOf } from "../../../method/model/network-of.ts";
import type { Config } from "../../../method/config.ts";
import { UserError } from "../../../user-error.ts";
import type { Choices, Plan, PlanInput } from "../protocol.ts";
import { host, storageLeft } from "./host.ts";

/** Copies of the weights in the storage: two checkpoints, the last and the best, and one that is being written. */
const copies = 5;
/** Bytes of a learned value in a checkpoint: itself and two moments. */
const valueBytes = 12;
/** Sides of crops are multiples of this many pixels, and at least twice as many. */
const cropStep = 32;

/** The settings of a form, over those of the preset `small`. */
export function settingOptions({ steps, crop, batch, seed, others }: Choices): SettingOptions {
  return { preset: "small", steps, crop, batch, seed, set: readOthers(others) };
}

/** Lines `section.name: value`. */
function readOthers(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let values: unknown;
  try {
    values = parseYaml(text, { maxAliasCount: 0 });
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new UserError(`other settings: cannot be read: ${reason}; write "data.maxSide: 96"`);
  }
  if (typeof values === "object" && values !== null && !Array.isArray(values)) {
    return values as Record<string, unknown>;
  }
  throw new UserError(
    'other settings: are no lines of "section.name: value", as "data.maxSide: 96"',
  );
}

/** What a training takes of memory and storage, and whether a page has it. */
export async function plan({ choices, classes }: PlanInput): Promise<Plan> {
  const wanted = await resolveConfig(host.store, settingOptions(choices), "small");
  const free = host.machine.freeMemory();
  const room = plannedShare * free;
  const bytesOf = (config: Config): number => trainingBytes(networkOf(config, classes), config);
  const { config, event } = fitMemory(wanted, classes, "cpu", free);
  const bytes = bytesOf(config);
  const { size } = networkOf(config, classes);
  const crops = wanted.data.crop / cropStep;
  const fits = (count: number): boolean => {
    const smaller = { ...wanted, data: { ...wanted.data, crop: cropStep * count } };
    return bytesOf(fitMemory(smaller, classes, "cpu", free).config) <= room;
  };
  return {
    bytes,
    room,
    ...(event && { whole: event.bytes, microBatch: event.microBatch }),
    ...(bytes > room && { largestCrop: cropStep * mostThat(fits, 2, crops - 1) }),
    stored: copies * valueBytes * size,
    ...(await storageLeft()),
    parameters: size,
  };
}

/** The largest number from `least` to `most` that fits, 0 if none does; what is larger than one that does not fit does not fit either. */
function mostThat(fits: (count: number) => boolean, least: number, most: number): number {
  let [low, high] = [least - 1, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low < least ? 0 : low;
}
