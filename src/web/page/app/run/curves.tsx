import { useMemo } from "react";
import type { StepEvent } from "../../../../method/train/events.ts";
import { Chart, type Curve } from "../../../../studio/page/train/chart.tsx";
import type { Validation } from "../../protocol.ts";
import { t } from "../strings.ts";

const losses = ["total", "cls", "seg", "affinity"] as const;
const scores = ["seg", "affinityCam", "cam", "tagF1"] as const;
const colors = ["--curve-1", "--curve-2", "--curve-3", "--curve-4"] as const;
/** More points than a screen has pixels only take time. */
const mostPoints = 1000;

/** Losses of the steps, and scores of the validations. */
export function Curves({
  steps: all,
  validations,
}: {
  readonly steps: readonly StepEvent[];
  readonly validations: readonly Validation[];
}) {
  const steps = useMemo(() => thinned(all), [all]);
  const lossCurves = useMemo(
    () => curvesOf(losses, t.run.lossNames, steps, (step, name) => step.losses[name]),
    [steps],
  );
  const scoreCurves = useMemo(
    () => curvesOf(scores, t.run.scoreNames, validations, ({ metrics }, name) => metrics[name]),
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

function curvesOf<Name extends string, Entry>(
  names: readonly Name[],
  labels: Readonly<Record<Name, string>>,
  entries: readonly Entry[],
  valueOf: (entry: Entry, name: Name) => number | null | undefined,
): Curve[] {
  return names.map((name, i) => {
    const values = entries.map((entry) => valueOf(entry, name) ?? null);
    const finite = values.map((value) => (value !== null && Number.isFinite(value) ? value : null));
    return { label: labels[name], color: colors[i]!, values: finite };
  });
}

/** Every n-th step, and the last one. */
function thinned(steps: readonly StepEvent[]): readonly StepEvent[] {
  const every = Math.ceil(steps.length / mostPoints);
  return every <= 1 ? steps : steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
}
