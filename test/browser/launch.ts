import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Why there is no browser to test in: an error where TAG2MASK_REQUIRE_CHROMIUM asks for one. */
export const missing = existsSync(executablePath)
  ? null
  : `no ${executablePath}; install it by apt-get install chromium`;

const quiet = ["quic", "gpu", "background-networking", "component-update", "sync"];
const args = ["--no-sandbox", "--no-first-run", ...quiet.map((name) => `--disable-${name}`)];

/** Chromium computes WebGPU on the processor; flags of Vulkan beside these would break it. */
export const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Ends waiting for what never comes in a page, in ms; below the time limit of a test, so that the message says what was missing. */
export const waitLimit = 150_000;

export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...args, ...more] });
}

/**
 * Chromium as a visitor has it, with the storage of pages in a folder. In others it is in the memory of another process, where each
 * write takes milliseconds.
 */
export function launchVisitor(
  folder: string,
  more: readonly string[] = [],
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, {
    executablePath,
    args: [...args, ...more],
    viewport: { width: 1280, height: 800 },
  });
}
