export { parseConfig, type ConfigSources } from "./config/parse.ts";
export { presetNames, type PresetName } from "./config/presets.ts";
export { backboneNames, listSettings, type Config, type Setting } from "./config/schema.ts";
