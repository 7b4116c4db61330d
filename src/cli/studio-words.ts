import type { CommandWords } from "../studio/server/command-words.ts";
import { invocation } from "./invocation.ts";
import { quote } from "./quote.ts";
import { wordRemedies } from "./remedies.ts";

/** Commands that the studio shows, to go on with in a terminal. */
export const studioWords: CommandWords = {
  train: ({ data, weights, resetHeads, masks, out, device, ...settings }) =>
    command("train", {
      "--data": data,
      "--out": out,
      "--preset": settings.preset,
      "--backbone": settings.backbone,
      "--weights": weights,
      "--reset-heads": resetHeads,
      "--use-masks": masks,
      "--steps": settings.steps,
      "--batch": settings.batch,
      "--crop": settings.crop,
      "--seed": settings.seed,
      "--device": device,
      "--set": Object.entries(settings.set ?? {}).map(([key, value]) => `${key}=${String(value)}`),
    }),
  resume: ({ run }) => command("train", { "--resume": run }),
  remedies: wordRemedies,
};

type OptionValue = string | number | boolean | undefined | readonly string[];

/** A command line of tag2mask: options without a value are left out, those of a list stand once for each. */
function command(name: string, options: Readonly<Record<string, OptionValue>>): string {
  const words = Object.entries(options).flatMap(([flag, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    return [value].flat().flatMap((one) => [flag, quote(String(one))]);
  });
  return [invocation(), name, ...words].join(" ");
}
