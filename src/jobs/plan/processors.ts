import type { DeviceChoice, DeviceName } from "../../host/devices.ts";
import type { Exchange } from "../../host/exchange.ts";
import type { Host } from "../../host/host.ts";
import { UserError } from "../../user-error.ts";

/** The device of a training; several processes train on their CPUs. */
export async function trainingDevice(
  host: Host,
  wanted: DeviceName,
  { size }: Exchange,
): Promise<DeviceChoice> {
  const choice = await host.resolveDevice(size > 1 && wanted === "auto" ? "cpu" : wanted);
  if (size === 1 || choice.device === "cpu") return choice;
  throw new UserError(`train: ${size} processes train together on CPUs, not on ${choice.device}`, {
    code: "no-device",
    remedies: [{ kind: "option", name: "device", value: "cpu" }],
  });
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
