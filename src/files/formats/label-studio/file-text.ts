import { vocPalette } from "../../../method/images/classes.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { hexColor, overlayColor } from "../../../method/images/overlay.ts";
import { stem } from "../../text/path.ts";
import { ignoredName } from "../formats.ts";

/** Names of the two tags of the labeling configuration that results refer to. */
export const control = "mask";
export const object = "image";

/** What stands before and behind the tasks of a file, which commas separate. */
export const tasksHead = "[";
export const tasksTail = "\n]\n";

/** The file of the labeling configuration, beside that of the tasks. */
export function configurationFile(tasks: string): string {
  return `${stem(tasks)}.xml`;
}

/** The name of each label. */
export function labelNames(classes: readonly string[]): ReadonlyMap<number, string> {
  const names = new Map(classes.map((name, i) => [i + 1, name]));
  return names.set(ignoreIndex, ignoredName(classes));
}

/** The configuration that the tasks need. @param ignored whether one of them has ignored pixels */
export function labelingConfiguration(classes: readonly string[], ignored: boolean): string {
  const labels = [...labelNames(classes)]
    .filter(([label]) => label !== ignoreIndex || ignored)
    .map(([label, name]) => {
      const color = label === ignoreIndex ? vocPalette[ignoreIndex]! : overlayColor(label);
      return `    <Label value="${escapeXml(name)}" background="${hexColor(color)}"/>`;
    });
  return `${[
    "<View>",
    `  <Image name="${object}" value="$image" zoom="true"/>`,
    `  <BrushLabels name="${control}" toName="${object}">`,
    ...labels,
    "  </BrushLabels>",
    "</View>",
  ].join("\n")}\n`;
}

function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }; // prettier-ignore
  return text.replace(/[&<>"]/g, (letter) => entities[letter]!);
}
