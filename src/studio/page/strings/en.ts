import { exporting } from "./en/export.ts";
import { inspect } from "./en/inspect.ts";
import { review } from "./en/review.ts";
import { shell, palette, keyList, start, label } from "./en/shell.ts";
import { tag } from "./en/tag.ts";
import { train } from "./en/train.ts";

/** All texts of the page, by screen. `{name}` stands for a value, `|` divides the forms for one and for more; see `text.ts`. */
export const en = {
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

export type Strings = typeof en;
