import type { Strings } from "./en.ts";
import { exporting } from "./zh/export.ts";
import { inspect } from "./zh/inspect.ts";
import { review } from "./zh/review.ts";
import { keyList, palette, shell, start, label } from "./zh/shell.ts";
import { tag } from "./zh/tag.ts";
import { train } from "./zh/train.ts";

export const zh: Strings = {
  shell,
  palette,
  keyList,
  start,
  label,
  tag,
  train,
  inspect,
  review,
  export: exporting,
};
