import type { Config } from "../../method/config.ts";
import type { DeviceChoice } from "../../host/devices.ts";
import { inUnits } from "../../files/text/units.ts";
import type { Output } from "../../cli/output.ts";

/**
 * The settings, with the batch computed in parts if the memory that is free has no room for all of it. A
 * run keeps what was chosen here in its config.yaml; `train.microBatch` decides it beforehand.
 */
export async function fitMemory(
  config: Config,
  classes: readonly string[],
  { device }: Pick<DeviceChoice, "device">,
  output: Output,
  free: number = process.availableMemory(),
): Promise<Config> {
  const { data, train } = config;
  if (train.microBatch > 0 || device !== "cpu") return config;
  const { networkOf } = await import("../../method/model/network-of.ts");
  const { fittingMicroBatch, plannedShare, trainingBytes } = await import("./training-memory.ts");
  const network = networkOf(config, classes);
  const needed = trainingBytes(network, config);
  if (needed <= plannedShare * free) return config;
  const microBatch = fittingMicroBatch(network, config, plannedShare * free);
  const parted = { ...config, train: { ...train, microBatch } };
  const least = trainingBytes(network, parted);
  const warning =
    least > plannedShare * free
      ? `; even so it takes about ${inUnits(least)}, so close other programs or take smaller crops (--crop)`
      : "";
  if (microBatch > 0) {
    output.noteLater(
      `a batch of ${data.batch} crops of ${data.crop} pixels takes about ${inUnits(needed)}, ` +
        `${inUnits(free)} are free: computing ${microBatch} at a time and adding up their gradients ` +
        `(train.microBatch)${warning}`,
    );
  }
  return parted;
}
