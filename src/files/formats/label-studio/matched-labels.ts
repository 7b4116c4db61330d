import type { BrushControl } from "./configuration.ts";

/** The brush that takes a model's masks, and which of its labels stands for which class. */
export interface MatchedLabels {
  readonly control: BrushControl;
  /** Label of each class of the model, as results name it; undefined for those that the configuration has no label for. */
  readonly labels: readonly (string | undefined)[];
  /** Labels that differ from the class in case alone. */
  readonly inOtherCase: readonly { readonly label: string; readonly class: string }[];
  /** Labels that are no class of the model. */
  readonly unknown: readonly string[];
}

/** Matches a model's classes by name with the labels of the brush that has most of them. */
export function matchLabels(
  controls: readonly BrushControl[],
  classes: readonly string[],
): MatchedLabels {
  const all = controls.map((control) => match(control, classes));
  return all.reduce((best, one) => (countOf(one) > countOf(best) ? one : best));
}

function countOf({ labels }: MatchedLabels): number {
  return labels.filter((label) => label !== undefined).length;
}

function match(control: BrushControl, classes: readonly string[]): MatchedLabels {
  const labels: (string | undefined)[] = classes.map(() => undefined);
  const inOtherCase: { label: string; class: string }[] = [];
  const unknown: string[] = [];
  const indices = control.labels.map(({ value, alias }) =>
    [value, ...(alias === undefined ? [] : [alias])].map((name) => classIndex(name, classes)),
  );
  // Labels that are a class letter by letter come before those that differ in case.
  for (const isExact of [true, false]) {
    for (const [k, { value }] of control.labels.entries()) {
      const found = indices[k]!.find((one) => one?.isExact === isExact);
      if (!found || labels[found.index] !== undefined) continue;
      labels[found.index] = value;
      if (!isExact) inOtherCase.push({ label: value, class: classes[found.index]! });
    }
  }
  for (const { value } of control.labels) if (!labels.includes(value)) unknown.push(value);
  return { control, labels, inOtherCase, unknown };
}

/** The class that a name stands for, if need be without regard to case; undefined if there is none, or more than one. */
export function classIndex(
  name: string,
  classes: readonly string[],
): { readonly index: number; readonly isExact: boolean } | undefined {
  const clean = name.normalize("NFC").trim();
  const index = classes.indexOf(clean);
  if (index >= 0) return { index, isExact: true };
  const low = clean.toLowerCase();
  const alike = [...classes.keys()].filter((i) => classes[i]!.toLowerCase() === low);
  return alike.length === 1 ? { index: alike[0]!, isExact: false } : undefined;
}
