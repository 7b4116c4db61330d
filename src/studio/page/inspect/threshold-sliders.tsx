import { useId } from "react";
import { proposeSettings } from "../parts/proposed-settings.ts";
import { Slider } from "../parts/slider.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber, formatPercent } from "../text.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import type { Thresholds } from "./stages.ts";

/** The background scores of pseudo labels; what they make of the image is drawn as they move. */
export function ThresholdSliders({
  value,
  model,
  label,
  onChange,
}: {
  readonly value: Thresholds;
  /** Those that the model was trained with. */
  readonly model: Thresholds;
  /** The pseudo label that they make. */
  readonly label: LabelMap;
  readonly onChange: (thresholds: Thresholds) => void;
}) {
  const { t, notify } = useStudio();
  const title = useId();
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
      <p className="muted">
        {fill(t.inspect.ignoredShare, { share: formatPercent(shareOf(label, 255)) })} ·{" "}
        {fill(t.inspect.backgroundShare, { share: formatPercent(shareOf(label, 0)) })}
      </p>
      {!isModels && <p className="muted">{t.inspect.notRefined}</p>}
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
