import { textTable } from "../files/text/columns.ts";
import { inUnits } from "../files/text/units.ts";
import type { FetchWeightsEvent, ListedWeights } from "../jobs/fetch-weights.ts";
import { downloadLines } from "./download-lines.ts";
import { Interrupted, type Interruption } from "./interrupt.ts";
import { invocation } from "./invocation.ts";
import type { Output } from "./output.ts";

/** Prints the weights that have names; with --json a record for each. */
export function printCatalog(weights: readonly ListedWeights[], output: Output): void {
  const rows = weights.map(({ name, size, path, locations }) => [
    name,
    `${size.exact ? "" : "≈ "}${inUnits(size.bytes)}`,
    path === undefined ? "no" : "yes",
    locations.map(({ repository }) => repository).join(", else "),
  ]);
  const head = ["name", "size", "here", "from"];
  const table = textTable([head, ...rows], (column) => column === 1);
  output.say(table.replace(/ +$/gm, ""));
  const groups = new Map<string, string[]>();
  for (const { name, license } of weights) {
    groups.set(license, [...(groups.get(license) ?? []), name]);
  }
  output.say(
    `\n${[...groups].map(([license, names]) => `${names.join(", ")}: ${license}`).join("\n")}`,
  );
  for (const { name, backbone, size, path, locations, license } of weights) {
    output.record({ name, backbone, ...size, path: path ?? null, locations, license });
  }
}

/** Prints the events of a fetch. */
export function fetchWeightsLines(
  name: string,
  output: Output,
): (event: FetchWeightsEvent, interruption: Interruption) => void {
  const isDownload = downloadLines(output);
  return (event, interruption) => {
    if (isDownload(event, interruption)) return;
    switch (event.type) {
      case "notice":
        return output.note(event.message);
      case "canceled":
        throw new Interrupted(
          `stopped; go on from what has arrived with: ${invocation()} weights --fetch ${name}`,
        );
      case "fetched": {
        const { path, bytes, cached, origin } = event.weights;
        const { license, files, repository, revision, commit } = origin!;
        output.say(`${cached ? "here already" : "fetched"}  ${path} (${inUnits(bytes)})`);
        output.say(`license  ${license}`);
        output.say(`\nUse it: ${invocation()} train --data photos --weights ${name}`);
        return output.record({
          name,
          path,
          bytes,
          cached,
          repository,
          revision,
          commit,
          files,
          license,
        });
      }
    }
  };
}
