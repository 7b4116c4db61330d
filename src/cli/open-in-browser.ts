import { spawn } from "node:child_process";

/**
 * Opens an address in the person's browser, if there is a screen. No shell reads the address, and nothing is told if there is no
 * browser: the address stands in the terminal.
 */
export function openInBrowser(url: string, env: NodeJS.ProcessEnv = process.env): void {
  const [program, ...args] = browserCommand(url, process.platform, env) ?? [];
  if (program === undefined) return;
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}

/** The program that opens an address and its arguments; undefined where there is no screen. */
export function browserCommand(
  url: string,
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
): readonly string[] | undefined {
  if ((env["SSH_CONNECTION"] ?? "") !== "" || (env["CI"] ?? "") !== "") return undefined;
  if (platform === "darwin") return ["open", url];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler", url];
  const hasScreen = [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((name = "") => name !== "");
  return hasScreen ? ["xdg-open", url] : undefined;
}
