/** The beginning of a command line to copy from a message: this program as the user starts it. */
export function invocation(env: NodeJS.ProcessEnv = process.env): string {
  const script = env["npm_lifecycle_event"] ?? "";
  return ["demo", "tag2mask"].includes(script) ? "npm run tag2mask --" : "tag2mask";
}
