import { useMemo } from "react";
import { useStudio } from "../parts/studio.tsx";
import { Chart, type Curve } from "./chart.tsx";
import type { LoggedStep, LoggedValidation, RunLog } from "./run-log.ts";

/** More points than a screen has pixels only take time. */
const mostPoints = 1000;

const losses = ["total", "cls", "seg", "affinity"] as const;
const scores = ["seg", "affinityCam", "cam", "tagF1"] as const;
const colors = ["--curve-1", "--curve-2", "--curve-3", "--curve-4"] as const;

/** Losses of the steps, and scores of the validations. */
export function Charts({ log, last }: { readonly log: RunLog; readonly last: number }) {
  const { t } = useStudio();
  const steps = useMemo(() => thinned(log.steps), [log]);
  const lossCurves = useMemo(() => curvesOf(losses, steps, lossOf, t.train.losses), [steps, t]);
  const scoreCurves = useMemo(
    () => curvesOf(scores, log.validations, scoreOf, t.train.scores),
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

function curvesOf<K extends string, T>(
  names: readonly K[],
  entries: readonly T[],
  valueOf: (entry: T, name: K) => number | null | undefined,
  labels: Readonly<Record<K, string>>,
): Curve[] {
  return names.map((name, i) => ({
    label: labels[name],
    color: colors[i]!,
    values: entries.map((entry) => valueOf(entry, name) ?? null),
  }));
}

const lossOf = ({ losses: values }: LoggedStep, name: (typeof losses)[number]) => values[name];
const scoreOf = ({ metrics }: LoggedValidation, name: (typeof scores)[number]) => metrics[name];

/** Every n-th step, and the last one. */
function thinned(steps: readonly LoggedStep[]): readonly LoggedStep[] {
  const every = Math.ceil(steps.length / mostPoints);
  return every <= 1 ? steps : steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
}
