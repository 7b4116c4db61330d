import { useMemo } from "react";
import type { StepEvent } from "../../../../method/train/events.ts";
import { Chart } from "../../../../studio/page/train/chart.tsx";
import { curvesOf, lossNames, scoreNames, thinned } from "../../../../studio/page/train/curves.ts";
import type { Validation } from "../../protocol.ts";
import { t } from "../strings.ts";

/** Losses of the steps, and scores of the validations. */
export function Charts({
  steps: all,
  validations,
}: {
  readonly steps: readonly StepEvent[];
  readonly validations: readonly Validation[];
}) {
  const steps = useMemo(() => thinned(all), [all]);
  const lossCurves = useMemo(
    () => curvesOf(lossNames, t.run.lossNames, steps, (step, name) => step.losses[name]),
    [steps],
  );
  const scoreCurves = useMemo(
    () => curvesOf(scoreNames, t.run.scoreNames, validations, ({ metrics }, name) => metrics[name]),
    [validations],
  );
  const at = useMemo(() => steps.map(({ step }) => step + 1), [steps]);
  const validated = useMemo(() => validations.map(({ step }) => step), [validations]);
  const last = all.at(-1);
  if (!last) return null;
  return (
    <section className="charts" aria-label={t.run.losses}>
      <div className="panel">
        <Chart
          title={t.run.losses}
          stepLabel={t.run.step}
          steps={at}
          curves={lossCurves}
          last={last.steps}
        />
      </div>
      {validated.length > 0 && (
        <div className="panel">
          <Chart
            title={t.run.scores}
            stepLabel={t.run.step}
            steps={validated}
            curves={scoreCurves}
            last={last.steps}
            asShare
          />
        </div>
      )}
    </section>
  );
}
