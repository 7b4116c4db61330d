import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { parseConfig, type Config } from "../../method/config.ts";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../../host/node/files/atomic-file.ts";
import { deviceNames, type DeviceName } from "../../host/devices.ts";

/** What a run was started with besides its hyper-parameters; `run` in its config.yaml. */
export interface RunOrigin {
  /** Folder of the data set. */
  readonly data: string;
  /** File of the first weights. */
  readonly weights?: string;
  /** Whether the layers of the classes started anew. */
  readonly resetHeads?: boolean;
  readonly strict: boolean;
  /** What it computes on: another device rounds otherwise. Runs of older versions do not say. */
  readonly device?: DeviceName;
}

/** How `train` and `demo` are told hyper-parameters; shorthands are settings by another name. */
export interface SettingOptions {
  readonly preset?: string;
  readonly config?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly backbone?: string;
  readonly steps?: number;
  readonly batch?: number;
  readonly crop?: number;
  readonly seed?: number;
}

/** The hyper-parameters of a new run: preset, then file, then shorthands, then `--set`. */
export async function resolveConfig(options: SettingOptions, preset: string): Promise<Config> {
  const { config: file, backbone, steps, batch, crop, seed } = options;
  const shorthands = {
    "model.backbone": backbone,
    "data.crop": crop,
    "data.batch": batch,
    "train.steps": steps,
    "train.seed": seed,
  };
  const given = Object.entries(shorthands).filter(([, value]) => value !== undefined);
  return parseConfig({
    preset: options.preset ?? preset,
    ...(file !== undefined && { file: { name: file, value: await readSettingsFile(file) } }),
    set: { ...Object.fromEntries(given), ...options.set },
  });
}

async function readSettingsFile(file: string): Promise<unknown> {
  let value: unknown;
  try {
    value = parseYaml(await readFile(file, "utf8"), { maxAliasCount: 10 });
  } catch (error) {
    throw new UserError(`${file}: cannot be read: ${describeFileError(error).split("\n")[0]}`, {
      cause: error,
    });
  }
  return splitRun(value).settings;
}

/** What config.yaml of a run holds. */
export function storedConfig(
  config: Config,
  { data, weights, resetHeads, strict, device }: RunOrigin,
): unknown {
  const files = {
    data: resolve(data),
    ...(weights !== undefined && { weights: resolve(weights) }),
    ...(resetHeads && { resetHeads }),
  };
  return { ...config, run: { ...files, strict, ...(device && { device }) } };
}

/** Takes a run's config.yaml apart again. */
export function readStoredConfig(
  path: string,
  stored: unknown,
): { config: Config; origin: RunOrigin } {
  const { settings, run } = splitRun(stored);
  const { data, weights, resetHeads, strict, device } = (run ?? {}) as Partial<
    Record<string, unknown>
  >;
  if (typeof data !== "string") {
    throw new UserError(
      `${path}: names no data set under run; give the run folder of a tag2mask train`,
    );
  }
  const known = deviceNames.find((name) => name === device);
  if (device !== undefined && known === undefined) {
    throw new UserError(
      `${path}: run.device: expected one of ${deviceNames.join(", ")}, found ${JSON.stringify(device)}`,
    );
  }
  return {
    config: parseConfig({ file: { name: path, value: settings } }),
    origin: {
      data,
      strict: strict === true,
      ...(typeof weights === "string" && { weights }),
      ...(resetHeads === true && { resetHeads }),
      ...(known && { device: known }),
    },
  };
}

/** A run's config.yaml can serve as a settings file too: `run` is not a setting. */
function splitRun(value: unknown): { settings: unknown; run?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { settings: value };
  const { run, ...settings } = value as Record<string, unknown>;
  return { settings, run };
}
