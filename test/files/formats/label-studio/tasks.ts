import { nodeHost } from "../../../../src/host/node/host.ts";
import type { InstanceKind } from "../../../../src/method/images/regions.ts";
import type { BoxRule } from "../../../../src/files/formats/boxes.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles } from "../../../../src/files/formats/image-files.ts";
import { encodeBrush } from "../../../../src/files/formats/label-studio/brush.ts";
import { labelStudioSource } from "../../../../src/files/formats/label-studio/read.ts";

export const size = { original_width: 10, original_height: 5 };
export const brush = (label: string, ...counts: number[]) => ({
  ...size,
  value: { format: "rle", rle: [...encodeBrush(counts)], brushlabels: [label] },
});
export const cats = brush("cat", 0, 3, 47);
export const task = (part: object = {}) => ({ data: { image: "a.jpg" }, annotations: [{ result: [cats] }], ...part }); // prettier-ignore

export interface Options {
  readonly classes?: readonly string[];
  readonly beside?: readonly string[];
  readonly instances?: InstanceKind;
  readonly folder?: string;
  readonly boxes?: BoxRule;
}

export async function open(
  tasks: object[],
  { folder, instances = "regions", ...names }: Options = {},
) {
  const losses = new LostDetails();
  const images = await ImageFiles.find(nodeHost.store, folder, "/nowhere");
  const options = { images, losses, instances, ...names };
  const source = labelStudioSource(nodeHost.codec, "l.json", tasks as never, options);
  return { ...source, losses };
}

/** The labels of the first task, a row of digits each. */
export async function rows(tasks: object[], options?: Options): Promise<string[]> {
  const { entries } = await open(tasks, options);
  const { data, width } = await entries[0]!.read();
  return [...data]
    .map((label) => (label === 255 ? "x" : label))
    .join("")
    .match(new RegExp(`.{${width}}`, "g"))!;
}
