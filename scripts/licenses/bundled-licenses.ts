import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin, Rolldown } from "vite";
import { ortLicense, readManifest, root } from "../pack/sources.ts";

/** Licenses of packages that come without their text. */
const elsewhere: Readonly<Record<string, string>> = {
  "onnxruntime-web": ortLicense,
  "@bufbuild/protobuf": join(root, "scripts/licenses/protobuf.txt"),
  saxes: join(root, "scripts/licenses/saxes.txt"),
};

/**
 * Writes `licenses.txt` with the licenses of all packages whose code is in a built page: vite's own `build.license` leaves out
 * those of workers.
 * @returns a plugin for the page, which writes the file, and one for its workers
 */
export function bundledLicenses(): { readonly page: Plugin; readonly workers: Plugin } {
  const folders = new Set<string>();
  const collect = (bundle: Rolldown.OutputBundle): void => {
    for (const output of Object.values(bundle)) {
      for (const id of output.type === "chunk" ? output.moduleIds : []) {
        const path = id.replaceAll("\\", "/");
        const [folder] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? [];
        if (folder !== undefined) folders.add(folder);
      }
    }
  };
  return {
    workers: { name: "licenses-of-workers", generateBundle: (_, bundle) => collect(bundle) },
    page: {
      name: "licenses",
      // Workers are built before, while the modules of the page are read.
      generateBundle(_, bundle) {
        collect(bundle);
        const source = licensesText([root, ...[...folders].sort()]);
        this.emitFile({ type: "asset", fileName: "licenses.txt", source });
      },
    },
  };
}

/** Names, versions and licenses of packages; an error for one without the text of its license. */
export function licensesText(folders: readonly string[]): string {
  return folders.map(licenseOf).join(`\n${"=".repeat(80)}\n\n`);
}

function licenseOf(folder: string): string {
  const { name, version, license } = readManifest(folder);
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .map((entry) => join(folder, entry.name));
  if (files.length === 0 && elsewhere[name] !== undefined) files.push(elsewhere[name]);
  if (files.length === 0) {
    throw new Error(
      `licenses: ${name} ${version} comes without the text of its license; add it to scripts/licenses`,
    );
  }
  const texts = files.map((file) => readFileSync(file, "utf8").trim());
  if (name === "onnxruntime-web") {
    texts.push(`Of what is inside it: https://github.com/microsoft/onnxruntime/blob/v${version}/ThirdPartyNotices.txt`); // prettier-ignore
  }
  return `${[`${name} ${version} (${String(license)})`, ...texts].join("\n\n")}\n`;
}
