/** Reads and writes YAML. It is loaded with the first text: a page that only makes masks would load it for nothing. */
export const loadYaml = (): Promise<typeof import("yaml")> => import("yaml");
