/** How the user calls this program: what a command to copy from a message begins with. */
export function invocation(env: NodeJS.ProcessEnv = process.env): string {
  const script = env["npm_lifecycle_event"] ?? "";
  return ["demo", "tag2mask"].includes(script) ? "npm run tag2mask --" : "tag2mask";
}
