import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");

/** Of the process that started the tests: those of several runs at the same time each have their own build. */
const owner = (process.env["TAG2MASK_TEST_RUN"] ??= String(process.pid));

/** Where `build-sources.ts` puts the JavaScript of the sources; packages are found from there. */
export const builtFolder = join(root, "node_modules/.cache", `tag2mask-tests-${owner}`, "dist");

/** A place for files of tests, which is removed after the last one. */
export const runFolder = join(tmpdir(), `tag2mask-tests-${owner}`);

const builtMain = join(builtFolder, "cli/main.js");

/** Arguments of `node` that start the command line: built where tests run, from the sources elsewhere, as for `bench/`. */
export const commandLine: readonly string[] = existsSync(builtMain)
  ? [builtMain]
  : ["--import", "tsx", join(root, "src/cli/main.ts")];

/** Lets the sources take themselves for built, so that their threads and processes start as a user's do. */
export const takenForBuilt = {
  name: "taken-for-built",
  enforce: "pre" as const,
  transform(code: string, id: string): string | undefined {
    const path = relative(join(root, "src"), id);
    if (path.startsWith("..") || !path.endsWith(".ts") || !code.includes("import.meta.url")) return;
    const file = join(builtFolder, `${path.slice(0, -3)}.js`);
    return code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(file).href));
  },
};
