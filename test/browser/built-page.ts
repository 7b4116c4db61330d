import { cpSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { finishSite } from "../../scripts/web/offline-site.ts";

const path = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Builds the page into a folder. @param isProbed with `test/browser/web/page-probe.ts` beside its own code */
export async function buildPage(folder: string, isProbed = false): Promise<void> {
  const index = path("src/web/page/index.html");
  const probe = path("test/browser/web/page-probe.ts");
  const input = isProbed ? { index, probe } : { index };
  const environment = process.env["NODE_ENV"];
  // Of tests it is another one, for which React is built with its warnings.
  process.env["NODE_ENV"] = "production";
  try {
    await build({
      configFile: path("vite.web.config.ts"),
      logLevel: "error",
      build: { outDir: folder, rolldownOptions: { input } },
    });
  } finally {
    process.env["NODE_ENV"] = environment;
  }
}

/** Makes another version of a built page, which tells so by `data-build` of its root and has files of new names. */
export async function changePage(from: string, to: string): Promise<void> {
  cpSync(from, to, { recursive: true });
  const old = ["index", "probe"].map((name) => scriptOf(to, name));
  const renamed = (text: string): string =>
    old.reduce((all, name) => all.replaceAll(name, newName(name)), text);
  for (const name of old) {
    const file = join(to, "assets", name);
    writeFileSync(file, `document.documentElement.dataset.build = "new";\n${readFileSync(file, "utf8")}`); // prettier-ignore
    renameSync(file, join(to, "assets", newName(name)));
  }
  for (const file of readdirSync(join(to, "assets")).filter((name) => name.endsWith(".js"))) {
    const script = join(to, "assets", file);
    writeFileSync(script, renamed(readFileSync(script, "utf8")));
  }
  const html = readFileSync(join(to, "index.html"), "utf8");
  const unfinished = html.replace(/\n *<meta (http-equiv|name="version").*/g, "");
  writeFileSync(join(to, "index.html"), renamed(unfinished));
  await finishSite(to);
}

/** The name of a script in `assets` without its hash. */
export function scriptOf(folder: string, name: string): string {
  return readdirSync(join(folder, "assets")).find(
    (file) => file.startsWith(`${name}-`) && file.endsWith(".js"),
  )!;
}

function newName(name: string): string {
  return name.replace(".js", "-new.js");
}
