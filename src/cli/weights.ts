import { Command } from "commander";
import { invocation } from "./invocation.ts";
import { classNamesHelp, withExamples, withJson } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface WeightsOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly classes?: string;
  readonly overwrite?: boolean;
}

/** `tag2mask weights`: what is in a weights file, and the same as safetensors. */
export function weightsCommand(open: OpenOutput): Command {
  const command = new Command("weights")
    .summary("list or convert weights (.pth, .safetensors)")
    .description(
      "Lists the tensors of a weights file and what network they make, and converts it to safetensors. " +
        "Read are PyTorch's .pth, .pt and .bin (nothing in them is run) and .safetensors, whole or in shards, with " +
        "the names of AFA, SegFormer, PVTv2, Hugging Face, timm or mmsegmentation. Converted weights keep their element types and have AFA's " +
        "names; a whole network opens as a model if it has VOC's 20 classes, COCO's 80, or --classes.",
    )
    .argument(
      "<file>",
      "weights file, index of shards (model.safetensors.index.json), or a folder that holds one or a run",
    )
    .option("--out <file>", "write the weights here, as .safetensors")
    .option("--classes <names>", classNamesHelp)
    .option("--overwrite", "replace a file that is there already")
    .action(async (path: string, options: WeightsOptions) => {
      const { json = false, out, classes, overwrite = false } = options;
      if (classes !== undefined && out === undefined) {
        command.error("error: --classes are written into a file; give --out <file> too");
      }
      const output = open({ json });
      const { withWeights } = await import("../jobs/with-weights.ts");
      const { listNames, understandWeights } = await import("../files/weights/understand.ts");
      const { convertWeights } = await import("../jobs/convert-weights.ts");
      const { outcomeOf } = await import("../jobs/events.ts");
      const { formatWeights, weightsRecord } = await import("../files/weights/describe.ts");
      const { store } = (await import("../host/node/host.ts")).nodeHost;
      const { parseClassNames } = await import("../files/formats/class-names.ts");
      const names = classes === undefined ? undefined : await parseClassNames(store, classes);
      const { findModelFile } = await import("../files/run/find-weights.ts");
      const { checkFree } = await import("../jobs/check-free.ts");
      const source = await findModelFile(store, path);
      if (out !== undefined) await checkFree(store, [out], source, overwrite);
      await withWeights(store, source, async (file) => {
        const understood = understandWeights(file);
        if (out === undefined) {
          output.say(formatWeights(file, understood));
          output.record(weightsRecord(file, understood));
          return;
        }
        const events = convertWeights(store, file, understood, out, { names });
        const written = (await outcomeOf(events, "converted")).weights;
        const model = written.classes
          ? `a model of ${written.classes.length} classes`
          : understood.match
            ? `weights to begin with: ${invocation()} train --weights ${written.file}`
            : "all tensors under their own names";
        output.say(`${written.file}: ${written.tensors} tensors, ${model}`);
        if (written.left.length > 0) output.say(`not written: ${listNames(written.left)}`);
        output.record({ ...weightsRecord(file, understood), written });
      });
    });
  return withExamples(
    withJson(command),
    "tag2mask weights mit_b1.pth",
    "tag2mask weights afa_voc.pth --out afa_voc.safetensors",
    "tag2mask weights afa_mine.pth --out mine.safetensors --classes cat,dog,horse",
  );
}
