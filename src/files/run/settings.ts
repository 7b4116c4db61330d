import { parseConfig, type Config } from "../../method/config.ts";
import { UserError } from "../../user-error.ts";
import { deviceNames, type DeviceName } from "../../host/devices.ts";
import type { Store } from "../../host/store.ts";
import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import { initialWeightsKey, readInitialWeights } from "../weights/initial-weights.ts";
import { parseYamlFile } from "../text/yaml.ts";

/** Inputs of a run besides its hyper-parameters: the section `run` of its config.yaml. */
export interface RunOrigin {
  /** Folder of the data set. */
  readonly data: string;
  /** File of the first weights, or their name or repository on a hub. */
  readonly weights?: string;
  /** Origin of the first weights; not in runs of older versions. */
  readonly initialWeights?: InitialWeights | undefined;
  /** Whether the layers whose size depends on the number of classes were reinitialized. */
  readonly resetHeads?: boolean;
  /** Masks that train along with the tags; absent unless `data.masks` is "train". */
  readonly masks?: MasksOrigin;
  readonly strict: boolean;
  /** Device to compute on: results differ in rounding between devices. Not in runs of older versions. */
  readonly device?: DeviceName;
  /**
   * Threads of a process on the CPU, on which the last bits of results depend: of processes that differ the fewest. Not in runs of
   * older versions, or on other devices.
   */
  readonly threads?: number | undefined;
  /** The command that started the run; not in runs of older versions. */
  readonly command?: string;
}

/** The masks that a run was started with. */
export interface MasksOrigin {
  /** Their folder, if they are not the data set's own. */
  readonly folder?: string;
  /** Training images with a mask. */
  readonly count: number;
  /** Those of them whose mask is a correction. */
  readonly corrections: number;
}

/** Sources of hyper-parameters; `backbone`, `steps`, `batch`, `crop` and `seed` are shorthands for settings. */
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

/**
 * The hyper-parameters of a new run: a preset, overridden by the file, the shorthands and `set`, in this order.
 * @param facts `weightsBackbone`: that of the first weights, which takes the place of the preset's; `images`: number of
 *   training images, to which the preset `own` fits its steps
 */
export async function resolveConfig(
  store: Store,
  options: SettingOptions,
  preset: string,
  { weightsBackbone, images }: { weightsBackbone?: string | undefined; images?: number } = {},
): Promise<Config> {
  const { config: file, backbone, steps, batch, crop, seed } = options;
  const shorthands = {
    "model.backbone": backbone,
    "data.crop": crop,
    "data.batch": batch,
    "train.steps": steps,
    "train.seed": seed,
  };
  const defined = Object.entries(shorthands).filter(([, value]) => value !== undefined);
  const value = file === undefined ? undefined : await readSettingsFile(store, file);
  const follows = weightsBackbone !== undefined && !namesBackbone(value);
  return parseConfig({
    preset: options.preset ?? preset,
    ...(images !== undefined && { images }),
    ...(file !== undefined && { file: { name: file, value } }),
    set: {
      ...(follows && { "model.backbone": weightsBackbone }),
      ...Object.fromEntries(defined),
      ...options.set,
    },
  });
}

/** Whether a settings file names a backbone. */
function namesBackbone(settings: unknown): boolean {
  const { model } = (settings ?? {}) as { model?: { backbone?: unknown } | null };
  return typeof model === "object" && model?.backbone !== undefined;
}

async function readSettingsFile(store: Store, file: string): Promise<unknown> {
  return splitRun(await readYaml(store, file)).settings;
}

/** Parses a YAML file; a UserError names it and the line that is wrong. */
export async function readYaml(store: Store, path: string): Promise<unknown> {
  return parseYamlFile(await store.readText(path), path);
}

/** The content of a run's config.yaml. */
export function storedConfig(
  store: Store,
  config: Config,
  { data, weights, initialWeights, resetHeads, masks, strict, device, threads, command }: RunOrigin,
): unknown {
  const isPath = initialWeights?.repository === undefined;
  const files = {
    data: store.absolute(data),
    ...(weights !== undefined && { weights: isPath ? store.absolute(weights) : weights }),
    ...(initialWeights && { [initialWeightsKey]: initialWeights }),
    ...(resetHeads && { resetHeads }),
    ...(masks && {
      masks: { ...masks, ...(masks.folder && { folder: store.absolute(masks.folder) }) },
    }),
  };
  const more = {
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(command !== undefined && { command }),
  };
  return { ...config, run: { ...files, strict, ...more } };
}

/** Separates a run's config.yaml into hyper-parameters and inputs. */
export function readStoredConfig(
  path: string,
  stored: unknown,
): { config: Config; origin: RunOrigin } {
  const { settings, run: inputs } = splitRun(stored);
  const run = (inputs ?? {}) as Partial<Record<string, unknown>>;
  const { data, weights, resetHeads, masks, strict, device, threads, command } = run;
  if (typeof data !== "string") {
    throw new UserError(
      `${path}: has no data set under run.data; give the folder of a training run`,
    );
  }
  const initialWeights = readInitialWeights(run[initialWeightsKey]);
  const validDevice = deviceNames.find((name) => name === device);
  if (device !== undefined && validDevice === undefined) {
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
      ...(initialWeights && { initialWeights }),
      ...(resetHeads === true && { resetHeads }),
      ...(masks !== undefined && { masks: readMasksOrigin(path, masks) }),
      ...(validDevice && { device: validDevice }),
      ...(typeof threads === "number" && { threads }),
      ...(typeof command === "string" && { command }),
    },
  };
}

function readMasksOrigin(path: string, stored: unknown): MasksOrigin {
  const { folder, corrections, count } = (stored ?? {}) as Partial<Record<string, unknown>>;
  if (typeof count !== "number" || typeof corrections !== "number") {
    throw new UserError(
      `${path}: run.masks: expected the numbers count and corrections, found ${JSON.stringify(stored)}`,
    );
  }
  return { count, corrections, ...(typeof folder === "string" && { folder }) };
}

/** Separates `run` from the settings, so that a run's config.yaml can serve as a settings file too. */
function splitRun(value: unknown): { settings: unknown; run?: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { settings: value };
  const { run, ...settings } = value as Record<string, unknown>;
  return { settings, run };
}
