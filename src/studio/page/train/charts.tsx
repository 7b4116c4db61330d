import { useMemo } from "react";
import { useStudio } from "../parts/studio.tsx";
import { Chart } from "./chart.tsx";
import { curvesOf, lossNames, scoreNames, thinned } from "./curves.ts";
import type { LoggedStep, LoggedValidation, RunLog } from "./run-log.ts";

/** Losses of the steps, and scores of the validations. */
export function Charts({ log, last }: { readonly log: RunLog; readonly last: number }) {
  const { t } = useStudio();
  const steps = useMemo(() => thinned(log.steps), [log]);
  const lossCurves = useMemo(() => curvesOf(lossNames, t.train.losses, steps, lossOf), [steps, t]);
  const scoreCurves = useMemo(
    () => curvesOf(scoreNames, t.train.scores, log.validations, scoreOf),
    [log, t],
  );
  const at = useMemo(() => steps.map(({ step }) => step), [steps]);
  const validated = useMemo(() => log.validations.map(({ step }) => step), [log]);
  return (
    <div className="charts">
      <Chart
        stepLabel={t.train.step}
        title={t.train.lossTitle}
        steps={at}
        curves={lossCurves}
        last={last}
      />
      {validated.length > 0 && (
        <Chart
          stepLabel={t.train.step}
          title={t.train.scoreTitle}
          steps={validated}
          curves={scoreCurves}
          last={last}
          asShare
        />
      )}
    </div>
  );
}

const lossOf = ({ losses }: LoggedStep, name: (typeof lossNames)[number]) => losses[name];
const scoreOf = ({ metrics }: LoggedValidation, name: (typeof scoreNames)[number]) => metrics[name];
