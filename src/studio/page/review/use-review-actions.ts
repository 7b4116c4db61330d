import { ignoreIndex } from "../../../method/images/image.ts";
import { paintOver } from "../../edit/paint-rule.ts";
import type { Verdict } from "../../protocol.ts";
import type { Action } from "../parts/action-list.ts";
import { useActions } from "../parts/actions.tsx";
import { labelName } from "../parts/label-name.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { MaskSession } from "./mask-session.ts";
import { nextSize, tools, type PaintSettings, type Tool } from "./paint-settings.ts";
import type { Painting } from "./use-painting.ts";

const toolKeys: Readonly<Record<Tool, string>> = {
  brush: "B",
  erase: "E",
  bucket: "G",
  lasso: "L",
  grow: "W",
  pan: "V",
};

export interface ReviewCommands {
  judge(verdict: Verdict): void;
  go(direction: 1 | -1): void;
  hide(): void;
  toggleOutlines(): void;
  toggleDraft(): void;
  askReset(): void;
  pickClass(): void;
  /** Limits drafts and brush to the image's tags, or does not any more. */
  toggleKnownTags(): void;
  readonly showsOutlines: boolean;
  readonly showsDraft: boolean;
}

/** Everything that can be done in the review, by key, button and command palette. */
export function useReviewActions(
  session: MaskSession | undefined,
  painting: Painting,
  commands: ReviewCommands,
): void {
  const studio = useStudio();
  const { t, preferences } = studio;
  const { settings, change, palette, canvas } = painting;
  const classes = palette.filter((label) => label !== 0 && label !== ignoreIndex);
  const isClosed = session === undefined;
  const paintWith = (label: number) => () =>
    change({ label, ...(settings.tool === "erase" && { tool: "brush" }) });
  const size = (direction: 1 | -1) => () => change(resized(settings, direction));
  const { locked, label } = settings;

  const actions: Action[] = [
    ...tools.map((tool) => ({
      id: `review.${tool}`,
      label: t.review[tool],
      keys: toolKeys[tool],
      isOn: settings.tool === tool,
      run: () => change({ tool }),
    })),
    { id: "review.smaller", label: t.review.smaller, keys: "[", run: size(-1) },
    { id: "review.larger", label: t.review.larger, keys: "]", run: size(1) },
    ...classes.slice(0, 9).map((one, i) => ({
      id: `review.label${i + 1}`,
      label: fill(t.review.pickLabel, { name: labelName(studio, one) }),
      keys: String(i + 1),
      run: paintWith(one),
    })),
    {
      id: "review.unknown",
      label: fill(t.review.pickLabel, { name: t.label.notKnown }),
      keys: "N",
      run: paintWith(ignoreIndex),
    },
    { id: "review.pick", label: t.review.pickClass, keys: "C /", run: commands.pickClass },
    {
      id: "review.lock",
      label: fill(t.review.lock, { name: labelName(studio, label) }),
      keys: "Shift+L",
      isOn: locked.has(label),
      run: () =>
        change({
          locked: new Set(locked.has(label) ? [...locked].filter((one) => one !== label) : [...locked, label]), // prettier-ignore
        }),
    },
    {
      id: "review.over",
      label: t.review.over,
      keys: "M",
      run: () => change({ over: paintOver[(paintOver.indexOf(settings.over) + 1) % 3]! }),
    },
    {
      id: "review.knownTags",
      label: t.review.knownTags,
      keys: "T",
      isOn: preferences.knownTags,
      run: commands.toggleKnownTags,
    },
    {
      id: "review.undo",
      label: t.review.undo,
      keys: "Z Ctrl+Z",
      isDisabled: !session || session.depth.undo === 0,
      run: painting.undo,
    },
    {
      id: "review.redo",
      label: t.review.redo,
      keys: "Shift+Z Ctrl+Shift+Z Ctrl+Y",
      isDisabled: !session || session.depth.redo === 0,
      run: painting.redo,
    },
    {
      id: "review.accept",
      label: t.review.accept,
      keys: "Enter",
      // Nothing was drafted or painted yet.
      isDisabled: isClosed || session.source === "none",
      run: () => commands.judge("accepted"),
    },
    ...(
      [
        ["reject", "X", "rejected"],
        ["markUnsure", "U", "unsure"],
      ] as const
    ).map(([name, keys, verdict]) => ({
      id: `review.${name}`,
      label: t.review[name],
      keys,
      isDisabled: isClosed,
      run: () => commands.judge(verdict),
    })),
    { id: "review.next", label: t.review.next, keys: "ArrowRight PageDown", run: () => commands.go(1) }, // prettier-ignore
    { id: "review.previous", label: t.review.previous, keys: "ArrowLeft PageUp", run: () => commands.go(-1) }, // prettier-ignore
    { id: "review.hide", label: t.review.hide, keys: "H", run: commands.hide },
    {
      id: "review.outlines",
      label: t.review.outlines,
      keys: "O",
      isOn: commands.showsOutlines,
      run: commands.toggleOutlines,
    },
    {
      id: "review.draft",
      label: t.review.showDraft,
      keys: "D",
      isOn: commands.showsDraft,
      isDisabled: isClosed || session.source !== "correction",
      run: commands.toggleDraft,
    },
    {
      id: "review.reset",
      label: t.review.reset,
      keys: "Shift+R",
      isDisabled: isClosed || session.source !== "correction",
      run: commands.askReset,
    },
    { id: "review.zoomIn", label: t.review.zoomIn, keys: "+ =", run: () => canvas?.zoomBy(1.5) },
    {
      id: "review.zoomOut",
      label: t.review.zoomOut,
      keys: "-",
      run: () => canvas?.zoomBy(1 / 1.5),
    },
    { id: "review.zoomFit", label: t.review.zoomFit, keys: "0", run: () => canvas?.fit() },
    { id: "review.zoomPixels", label: t.review.zoomPixels, keys: "P", run: () => canvas?.zoomToPixels() }, // prettier-ignore
    {
      id: "review.keyboard",
      label: t.review.keyboardBrush,
      keys: "K",
      isDisabled: isClosed,
      run: () => {
        canvas?.host.focus();
        painting.keyboard?.begin();
      },
    },
  ];
  useActions(t.shell.review, actions);
}

/** The measure of the tool, one step smaller or larger: a brush, the colors of a bucket, how far a region grows. */
function resized(settings: PaintSettings, direction: 1 | -1): Partial<PaintSettings> {
  const limit = (value: number, most: number) => Math.min(most, Math.max(0, value));
  if (settings.tool === "grow") {
    return { threshold: limit(Number((settings.threshold - 0.02 * direction).toFixed(2)), 1) };
  }
  if (settings.tool === "bucket")
    return { tolerance: limit(settings.tolerance + 8 * direction, 255) };
  return { size: nextSize(settings.size, direction) };
}
