import {
  type DeviceArray,
  type DeviceRuntime,
  type Feed,
  isOnDevice,
  type NdArray,
  transferModel,
} from "../../engine/graph/index.ts";

/** Arrays in a device's memory by name. */
export type DeviceArrays = Readonly<Record<string, DeviceArray>>;

type Arrays = Readonly<Record<string, NdArray>>;

/** Copies arrays to a device. */
export async function upload(runtime: DeviceRuntime, arrays: Arrays): Promise<DeviceArrays> {
  const names = Object.keys(arrays);
  if (names.length === 0) return {};
  const session = await runtime.createDeviceSession(transferModel(shapesOf(arrays)), names);
  const { device } = await session.run(prefixed("from.", arrays)).finally(() => session.release());
  return device;
}

/** Copies arrays from a device. */
export async function read(
  runtime: DeviceRuntime,
  arrays: DeviceArrays,
): Promise<Record<string, NdArray>> {
  const names = Object.keys(arrays);
  if (names.length === 0) return {};
  const session = await runtime.createSession(transferModel(shapesOf(arrays)), { whole: true });
  const fetches = Object.fromEntries(names.map((name) => [name, null]));
  return session.run(prefixed("from.", arrays), fetches).finally(() => session.release());
}

/** Shapes by name. */
export function shapesOf(
  arrays: Readonly<Record<string, Feed>>,
): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
}

export function prefixed<T>(
  prefix: string,
  values: Readonly<Record<string, T>>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** Frees those that are on a device. */
export function freeAll(arrays: readonly Feed[]): void {
  for (const array of arrays) if (isOnDevice(array)) array.free();
}
