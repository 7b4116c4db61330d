import { dirname } from "node:path";
import { Command, Option } from "commander";
import { ignoreIndex } from "../method/images/image.ts";
import { UserError } from "../user-error.ts";
import { maskFormats, type MaskFormat } from "../files/formats/formats.ts";
import type { MaskFolder } from "../files/formats/mask-folder.ts";
import type { MaskEntry, MaskSource } from "../files/formats/open.ts";
import { CountMeter } from "./progress.ts";
import { counted } from "../files/text/units.ts";
import { Interrupted } from "./failure.ts";
import { interruptible } from "./interrupt.ts";
import {
  classNamesHelp,
  maskFormatList,
  withExamples,
  withFormatOptions,
  withJson,
  type FormatOptions,
} from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";

interface ConvertOptions extends FormatOptions {
  readonly json?: boolean;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  readonly from?: MaskFormat;
  readonly images?: string;
  readonly classes?: string;
  readonly overwrite?: boolean;
  readonly strict?: boolean;
}

/** `tag2mask convert`: masks from one annotation format into another. */
export function convertCommand(open: OpenOutput): Command {
  const command = new Command("convert")
    .summary("masks from one annotation format into another")
    .description(
      "Reads masks of any of the formats, told by what is there, writes them in others, " +
        "and says what these cannot hold. Pixels keep their labels; YOLO's outlines are polygons.",
    )
    .argument("<masks>", "folder of masks, .json of COCO or Label Studio, .zip of CVAT")
    .requiredOption(
      "--to <names>",
      `${maskFormats.join(", ")}; several with commas between`,
      maskFormatList,
    )
    .requiredOption("--out <path>", "where to: a folder; for coco, labelstudio, cvat also a file")
    .addOption(
      new Option("--from <name>", "format of the masks, if it cannot be told").choices(maskFormats),
    )
    .option("--images <folder>", "their images: for sizes, names, and formats that hold images")
    .option("--classes <names>", classNamesHelp);
  withJson(
    withFormatOptions(command)
      .option("--overwrite", "write into a folder that has files already")
      .option("--strict", "fail on the first mask that cannot be read instead of leaving it out"),
  ).action((masks: string, options: ConvertOptions) => convert(masks, options, open(options)));
  return withExamples(
    command,
    "tag2mask convert masks --to coco --images photos/images --out instances.json",
    "tag2mask convert export.json --to voc --out masks",
    "tag2mask convert task.zip --from cvat --to yolo,ultralytics --images photos/images --out sets",
    "tag2mask convert masks --to voc --classes cat,dog --out named",
  );
}

async function convert(path: string, options: ConvertOptions, output: Output): Promise<void> {
  const { isFolder } = await import("../host/node/files/folder.ts");
  const { ImageFiles, openMasks } = await import("../files/formats/open.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const { givenClassNames } = await import("../files/formats/class-names.ts");
  const { DroppedDetails } = await import("../files/formats/dropped.ts");
  const { MaskFolder } = await import("../files/formats/mask-folder.ts");
  const { from, to, instances, imageUrl, overwrite = false } = options;
  const started = output.now();
  const losses = new DroppedDetails();
  const root = (await isFolder(path)) ? path : dirname(path);
  const source = await openMasks(nodeHost, path, {
    images: await ImageFiles.find(nodeHost.store, options.images, root),
    ...(options.classes !== undefined && {
      classes: await givenClassNames(nodeHost.store, options.classes),
    }),
    ...(from && { from }),
    ...{ instances, losses },
  });
  try {
    if (source.entries.length === 0) throw new UserError(`${path}: has no masks`);
    const folder = await MaskFolder.create(nodeHost, options.out, source.classes, {
      ...{ format: to, instances, overlays: false, overwrite },
      ...(imageUrl !== undefined && { imageUrl }),
    });
    const skipped: string[] = [];
    let masks: number;
    let classes: string;
    try {
      masks = await interruptible(
        (signal) => convertEach({ source, folder, skipped, signal, ...options }, output),
        () => output.note("finishing the mask under way"),
      );
      if (masks === 0) {
        throw new UserError(
          `${skipped[0]}; and none of the ${source.entries.length} masks can be used`,
        );
      }
      classes = await folder.finish();
    } catch (error) {
      await folder.discard();
      throw error;
    }
    output.progress.clear();
    const seconds = Number(((output.now() - started) / 1000).toFixed(1));
    const lost = [...losses.list(), ...folder.losses()];
    const left = skipped.length > 0 ? `, ${skipped.length} left out` : "";
    output.say(
      `${counted(masks, "mask")} from ${source.format} to ${to.join(", ")} in ${seconds} s${left}: ${options.out}`,
    );
    if (lost.length === 0) output.say("nothing was lost");
    for (const { what, images } of lost) output.say(`in ${images} of ${masks}: ${what}`);
    const counts = { masks, skipped: skipped.length };
    output.record({ from: source.format, to, out: options.out, classes, ...counts, lost, seconds });
  } finally {
    await source.close();
  }
}

async function convertEach(
  {
    source,
    folder,
    skipped,
    signal,
    strict = false,
  }: {
    source: MaskSource;
    folder: MaskFolder;
    skipped: string[];
    signal: AbortSignal;
    strict?: boolean;
  },
  output: Output,
): Promise<number> {
  const { entries, classes } = source;
  const meter = new CountMeter("masks", () => output.now());
  let written = 0;
  for (const [i, entry] of entries.entries()) {
    if (signal.aborted) {
      throw new Interrupted(
        `stopped after ${i} of ${entries.length} masks; nothing is left behind`,
      );
    }
    const { name, fileName, image } = entry;
    let labels;
    try {
      labels = await readEntry(entry, classes);
    } catch (error) {
      if (strict || !(error instanceof UserError)) throw error;
      skipped.push(error.message);
      output.note(`left out ${error.message}`);
      output.record({ mask: entry.where, error: error.message });
      continue;
    }
    await folder.write(name, labels, undefined, {
      ...(fileName !== undefined && { fileName }),
      ...(image !== undefined && { source: image }),
    });
    written++;
    output.progress.update(meter.read(i + 1, entries.length));
  }
  return written;
}

/** The labels of a mask, all of which are classes. */
async function readEntry(
  entry: MaskEntry,
  classes: readonly string[],
): ReturnType<MaskEntry["read"]> {
  const labels = await entry.read();
  const wrong = labels.data.find((label) => label > classes.length && label !== ignoreIndex);
  if (wrong === undefined) return labels;
  throw new UserError(
    `${entry.where}: mask has label ${wrong}, but there are only ${classes.length} classes: ${classes.join(", ")}`,
  );
}
