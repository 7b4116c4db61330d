import { listNames } from "../files/text/list-names.ts";
import { Command, Option } from "commander";
import { fetchWeightsLines, printCatalog } from "./weights-lines.ts";
import { runJob } from "./interrupt.ts";
import { invocation } from "./invocation.ts";
import { classNamesHelp, withExamples, withJson } from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";

interface WeightsOptions {
  readonly json?: boolean;
  readonly list?: boolean;
  readonly fetch?: string;
  readonly out?: string;
  readonly classes?: string;
  readonly overwrite?: boolean;
}

/** `tag2mask weights`: named weights, what is in a weights file, and the same as safetensors. */
export function weightsCommand(open: OpenOutput): Command {
  const command = new Command("weights")
    .summary("fetch, list or convert weights (.pth, .safetensors)")
    .description(
      "Lists the tensors of a weights file and what network they make, and converts it to safetensors. " +
        "Read are PyTorch's .pth, .pt and .bin (nothing in them is run) and .safetensors, whole or in shards, with " +
        "the names of AFA, SegFormer, PVTv2, Hugging Face, timm or mmsegmentation. Converted weights keep their " +
        "element types and have AFA's " +
        "names; a whole network opens as a model if it has VOC's 20 classes, COCO's 80, or --classes.\n\n" +
        "ImageNet weights have names: --list shows them, --fetch brings them to this machine, into the " +
        "cache of the Python library huggingface_hub (HF_HUB_CACHE, HF_HOME). HF_TOKEN, HF_ENDPOINT, " +
        "HF_HUB_OFFLINE and HTTPS_PROXY are heeded.",
    )
    .argument("[file]", "weights file, index of shards, run folder, or weights fetched before")
    .addOption(
      new Option("--list", "list the weights that have names").conflicts([
        "fetch",
        "out",
        "classes",
        "overwrite",
      ]),
    )
    .addOption(
      new Option(
        "--fetch <name>",
        "bring weights here: a name, or owner/repository[@revision][:file]",
      ).conflicts(["out", "classes", "overwrite"]),
    )
    .option("--out <file>", "write the weights here, as .safetensors")
    .option("--classes <names>", classNamesHelp)
    .option("--overwrite", "replace a file that is there already")
    .action(async (path: string | undefined, options: WeightsOptions) => {
      const { json = false, list, fetch, out, classes } = options;
      const named = [path, list, fetch].filter((one) => one !== undefined);
      if (named.length !== 1) {
        command.error("error: give one of a file, --list and --fetch <name>");
      }
      if (classes !== undefined && out === undefined) {
        command.error("error: --classes are written into a file; give --out <file> too");
      }
      const output = open({ json });
      const { nodeHost } = await import("../host/node/host.ts");
      if (list) {
        const { listWeights } = await import("../jobs/fetch-weights.ts");
        return printCatalog(await listWeights(nodeHost), output);
      }
      if (fetch !== undefined) {
        const { fetchWeights } = await import("../jobs/fetch-weights.ts");
        return runJob(
          (job) => fetchWeights(nodeHost, fetch, job),
          fetchWeightsLines(fetch, output),
        );
      }
      await describeOrConvert(path!, options, output);
    });
  return withExamples(
    withJson(command),
    "tag2mask weights --list",
    "tag2mask weights --fetch pvt_v2_b1",
    "tag2mask weights mit_b1.pth",
    "tag2mask weights afa_voc.pth --out afa_voc.safetensors",
    "tag2mask weights afa_mine.pth --out mine.safetensors --classes cat,dog,horse",
  );
}

async function describeOrConvert(
  name: string,
  { out, classes, overwrite = false }: WeightsOptions,
  output: Output,
): Promise<void> {
  const { withWeights } = await import("../jobs/with-weights.ts");
  const { understandWeights } = await import("../files/weights/understand.ts");
  const { convertWeights } = await import("../jobs/convert-weights.ts");
  const { outcomeOf } = await import("../jobs/events.ts");
  const { formatWeights, weightsRecord } = await import("../files/weights/describe.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const { store } = nodeHost;
  const { parseClassNames } = await import("../files/formats/class-names.ts");
  const names = classes === undefined ? undefined : await parseClassNames(store, classes);
  const { openSource, understandSource } = await import("../jobs/locate-weights.ts");
  const { checkFree } = await import("../jobs/check-free.ts");
  const { path: source, license } = await openSource(
    nodeHost,
    await understandSource(nodeHost, name),
  );
  if (out !== undefined) await checkFree(store, [out], source, overwrite);
  await withWeights(store, source, async (file) => {
    const understood = understandWeights(file);
    if (out === undefined) {
      output.say(formatWeights(file, understood));
      if (license !== undefined) output.say(`license: ${license}`);
      output.record({ ...weightsRecord(file, understood), ...(license && { license }) });
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
}
