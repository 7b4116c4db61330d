import { useId, useMemo } from "react";
import { proposeSettings } from "../parts/proposed-settings.ts";
import { Slider } from "../parts/slider.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber, formatPercent } from "../text.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import type { Thresholds } from "./stages.ts";
import type { Refining } from "./use-refined.ts";

/** The background scores of pseudo labels; what they make of the image is drawn as they move. */
export function ThresholdSliders({
  value,
  model,
  label,
  isRefined,
  refining,
  onChange,
  onRefine,
}: {
  readonly value: Thresholds;
  /** Those that the model was trained with. */
  readonly model: Thresholds;
  /** The pseudo label that they make before PAR. */
  readonly label: LabelMap;
  /** Whether the one after PAR is shown. */
  readonly isRefined: boolean;
  readonly refining: Refining;
  readonly onChange: (thresholds: Thresholds) => void;
  readonly onRefine: (isRefined: boolean) => void;
}) {
  const { t, notify } = useStudio();
  const title = useId();
  const name = useId();
  const { refined, isBusy, failure } = refining;
  const shown = isRefined ? refined?.label : label;
  const shares = useMemo(
    () => shown && { ignored: shareOf(shown, 255), background: shareOf(shown, 0) },
    [shown],
  );
  const isModels = value.low === model.low && value.high === model.high;
  const propose = (): void => {
    proposeSettings({
      "pseudo.lowThreshold": value.low,
      "pseudo.highThreshold": value.high,
    });
    notify(t.inspect.proposed);
  };
  return (
    <section className="panel" aria-labelledby={title}>
      <h3 id={title}>{t.inspect.thresholds}</h3>
      <Slider
        label="β low"
        value={value.low}
        shown={twoDigits(value.low)}
        onChange={(low) => onChange({ low, high: Math.max(low, value.high) })}
      />
      <Slider
        label="β high"
        value={value.high}
        shown={twoDigits(value.high)}
        onChange={(high) => onChange({ low: Math.min(value.low, high), high })}
      />
      <div className="row" role="radiogroup" aria-label={t.inspect.parShown}>
        {[false, true].map((after) => (
          <label key={String(after)}>
            <input
              type="radio"
              name={name}
              checked={isRefined === after}
              onChange={() => onRefine(after)}
            />{" "}
            {after ? t.inspect.afterPar : t.inspect.beforePar}
          </label>
        ))}
        <span className="muted par-busy" role="status">
          {isRefined && isBusy && t.inspect.refining}
        </span>
      </div>
      {shares && (
        <p className="muted">
          {fill(t.inspect.ignoredShare, { share: formatPercent(shares.ignored) })} ·{" "}
          {fill(t.inspect.backgroundShare, { share: formatPercent(shares.background) })}
        </p>
      )}
      {isRefined && failure !== undefined && (
        <p className="failure">{fill(t.inspect.parFailed, { message: failure })}</p>
      )}
      {isRefined && refined && (
        <p className="muted">
          {fill(t.inspect.parNote, {
            width: refined.scores.width,
            height: refined.scores.height,
            ms: formatNumber(refined.milliseconds, { maximumFractionDigits: 0 }),
          })}
        </p>
      )}
      {!isModels && <p className="muted">{t.inspect.notFollowing}</p>}
      <p className="row">
        <button
          type="button"
          className="button"
          disabled={isModels}
          onClick={() => onChange(model)}
        >
          {t.inspect.modelsThresholds}
        </button>
        <button type="button" className="button" disabled={isModels} onClick={propose}>
          {t.inspect.propose}
        </button>
      </p>
    </section>
  );
}

function twoDigits(value: number): string {
  return formatNumber(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function shareOf({ data }: LabelMap, label: number): number {
  let count = 0;
  for (const one of data) if (one === label) count++;
  return count / data.length;
}
