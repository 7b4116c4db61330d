import type { DeviceChoice, DeviceName } from "../../host/devices.ts";
import { fromFirst, type Exchange } from "../../host/exchange.ts";
import type { Host } from "../../host/host.ts";

type DeviceHost = Pick<Host, "machine" | "resolveDevice">;

/**
 * The device of a training, in the process that decides on it: the only one, or rank 0, while all others call `sameDevice`. Each process
 * of a machine has the GPU with its own number there, if the device has numbers.
 */
export async function trainingDevice(
  host: DeviceHost,
  wanted: DeviceName,
  exchange: Exchange,
): Promise<DeviceChoice> {
  if (exchange.size === 1) return host.resolveDevice(wanted);
  const choice = await ownDevice(host, wanted);
  await fromFirst(exchange, async () => choice.device);
  return withAll(host, choice, exchange);
}

/** The device that rank 0 has decided on, in any other process. */
export async function sameDevice(host: DeviceHost, exchange: Exchange): Promise<DeviceChoice> {
  const name = await fromFirst<DeviceName>(exchange, () => {
    throw new Error("train: rank 0 decides on the device");
  });
  return withAll(host, await ownDevice(host, name), exchange);
}

function ownDevice(
  { machine: { localRank }, ...host }: DeviceHost,
  name: DeviceName,
): Promise<DeviceChoice> {
  return host.resolveDevice(name, localRank === undefined ? {} : { localRank });
}

/** Waits until every process has its device, and says which they are. */
async function withAll(
  { machine: { localRank = 0 } }: DeviceHost,
  choice: DeviceChoice,
  exchange: Exchange,
): Promise<DeviceChoice> {
  const { device, number } = choice;
  const all = await exchange.gather(Float64Array.of(localRank, number ?? 0));
  if (number !== undefined) {
    const numbers = all.map(([, other]) => other).join(", ");
    const note = `device ${device}: the processes compute on GPUs ${numbers} of those that each of them sees`;
    return { ...choice, note };
  }
  if (device === "cpu" || all.every(([other]) => other === 0)) return choice;
  return {
    ...choice,
    note:
      `device ${device}: cannot be told which GPU to use, its driver chooses: the processes of a machine share one unless each ` +
      "of them sees another",
  };
}

/** Threads of each process on the CPU, in the order of the ranks. All processes call this at the same time. */
export async function trainingThreads(
  { machine }: Pick<Host, "machine">,
  exchange: Exchange,
): Promise<readonly number[]> {
  const all = await exchange.gather(Float64Array.of(machine.cores));
  return all.map(([threads]) => threads!);
}

/**
 * Why the last bits of a training on the CPU may not be those that one expects: its processes differ in the number of threads, or
 * the run was started with another number.
 * @param threads those of each process
 * @param before those that the run was started with, if it is known
 */
export function describeThreads(threads: readonly number[], before?: number): string | undefined {
  const [fewest, most] = [Math.min(...threads), Math.max(...threads)];
  if (fewest < most) {
    return (
      `processes compute in ${fewest} to ${most} threads each, on whose number the last bits of results depend; give all of ` +
      "them as many cores to repeat a training exactly"
    );
  }
  if (before === undefined || before === fewest) return undefined;
  return (
    `the run was started with ${before} thread${before === 1 ? "" : "s"} for each process, and goes on with ${fewest}: ` +
    "results may differ in rounding from those of a run that was never stopped"
  );
}
