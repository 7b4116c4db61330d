import { useId } from "react";
import { ignoreIndex } from "../../../method/images/image.ts";
import { paintOver, type PaintOver } from "../../edit/paint-rule.ts";
import { Icon } from "../parts/icons.tsx";
import { labelName, LabelSwatch } from "../parts/label-name.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { PaintSettings } from "./paint-settings.ts";

/** The key of a place in the palette: classes have 1 to 9 as they come, background 0. */
export function keyOfPlace(palette: readonly number[], label: number): string {
  if (label === 0 || label === ignoreIndex) return "";
  const place = palette.filter((one) => one !== 0 && one !== ignoreIndex).indexOf(label);
  return place >= 0 && place < 9 ? String(place + 1) : "";
}

/** The labels of the image: which one is painted, and which ones may not be painted over. */
export function LabelPalette({
  palette,
  missing,
  settings,
  onChange,
}: {
  readonly palette: readonly number[];
  /** Classes that the image is tagged with and no pixel of the draft shows. */
  readonly missing: readonly number[];
  readonly settings: PaintSettings;
  readonly onChange: (change: Partial<PaintSettings>) => void;
}) {
  const studio = useStudio();
  const { t } = studio;
  const title = useId();
  const toggleLock = (label: number): void => {
    const locked = new Set(settings.locked);
    if (!locked.delete(label)) locked.add(label);
    onChange({ locked });
  };
  return (
    <section className="labels" aria-labelledby={title}>
      <h3 id={title}>{t.review.palette}</h3>
      <ul>
        {palette.map((label) => {
          const name = labelName(studio, label);
          const isLocked = settings.locked.has(label);
          const key = keyOfPlace(palette, label);
          return (
            <li key={label}>
              <button
                type="button"
                className="plain label"
                aria-pressed={settings.label === label}
                onClick={() =>
                  onChange({ label, ...(settings.tool === "erase" && { tool: "brush" }) })
                }
              >
                <LabelSwatch label={label} />
                <span className="hidden">{fill(t.review.pickLabel, { name })} </span>
                <span className="label-name">
                  <span aria-hidden>{name}</span>
                  {missing.includes(label - 1) && (
                    <small className="warning">{t.review.missing}</small>
                  )}
                </span>
                {key !== "" && <kbd aria-hidden>{key}</kbd>}
              </button>
              <button
                type="button"
                className="plain lock"
                aria-pressed={isLocked}
                aria-label={fill(t.review.lock, { name })}
                title={fill(t.review.lock, { name })}
                onClick={() => toggleLock(label)}
              >
                <Icon name={isLocked ? "lock" : "unlock"} />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What the tools may paint over. */
export function OverChoice({
  over,
  onChange,
}: {
  readonly over: PaintOver;
  readonly onChange: (over: PaintOver) => void;
}) {
  const { t } = useStudio();
  const texts = {
    unlocked: t.review.overUnlocked,
    all: t.review.overAll,
    ignore: t.review.overIgnore,
  };
  return (
    <label className="field">
      <span>{t.review.over}</span>
      <select value={over} onChange={({ target }) => onChange(target.value as PaintOver)}>
        {[...paintOver].map((one) => (
          <option key={one} value={one}>
            {texts[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
