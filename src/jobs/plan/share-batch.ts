import type { DeviceChoice, DeviceName } from "../../host/devices.ts";
import type { Exchange } from "../../host/exchange.ts";
import type { Config } from "../../method/config.ts";
import { partsOf } from "../../method/train/micro-batch-sums.ts";
import { UserError } from "../../user-error.ts";
import type { NoticeEvent } from "../events.ts";

/**
 * Settings with which several processes share every batch: unless micro-batches are set, each computes its crops at once, and
 * they are recorded as a micro-batch, so that any number of processes goes on with the same sums.
 */
export function shareBatch(config: Config, { size }: Pick<Exchange, "size">): Config {
  if (size === 1) return config;
  const { data, train } = config;
  if (data.batch % size !== 0) {
    const batch = size * Math.max(1, Math.round(data.batch / size));
    throw new UserError(
      `train: a batch of ${data.batch} crops cannot be shared equally by ${size} processes`,
      {
        code: "unequal-shares",
        remedies: [{ kind: "setting", key: "data.batch", value: `${batch}` }],
      },
    );
  }
  const microBatch = train.microBatch > 0 ? train.microBatch : data.batch / size;
  const shared = { ...config, train: { ...train, microBatch } };
  requireShares(shared, size);
  return shared;
}

/** Checks that several processes get equally many whole micro-batches. */
export function requireShares(config: Config, size: number): void {
  const parts = partsOf(config);
  if (size === 1 || parts % size === 0) return;
  const { data, train } = config;
  const batch =
    train.microBatch > 0 ? `${parts} micro-batches of ${train.microBatch} crops` : "whole batches";
  const numbers = [...Array(parts).keys()].map((i) => i + 1).filter((n) => parts % n === 0);
  throw new UserError(
    `train: ${size} processes cannot share a batch of ${data.batch} crops that is computed in ${batch}; ` +
      `start ${numbers.join(" or ")}`,
    { code: "unequal-shares" },
  );
}

/** How several processes share a batch on their devices, and what the result equals. */
export function describeShares(config: Config, size: number, device: DeviceName): string {
  const parts = partsOf(config);
  const own = parts / size;
  const { data, train } = config;
  // Sums of runs whose number is a power of two are nodes of the tree over all parts.
  const isTree = Number.isInteger(Math.log2(own));
  // Nobody says of GPUs that each rounds as all others do, or as it did before.
  const equal = isTree && device === "cpu" ? "bit for bit" : "up to rounding";
  const one = device === "cpu" ? "one process with as many threads" : `one process on ${device}`;
  return (
    `${size} processes share each batch of ${data.batch} crops; they learn ${equal} what ${one} ` +
    `learns in micro-batches of ${train.microBatch}`
  );
}

/** The same as a notice, if there are several processes. */
export function* tellShares(
  config: Config,
  { size }: Pick<Exchange, "size">,
  { device }: DeviceChoice,
): Generator<NoticeEvent, void> {
  if (size > 1) yield { type: "notice", message: describeShares(config, size, device) };
}
