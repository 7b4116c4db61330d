import { useId } from "react";
import type { Run } from "../../protocol.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";

/** The runs of the project, newest first. */
export function RunList({
  runs,
  shown,
  onChoose,
}: {
  readonly runs: readonly Run[];
  readonly shown: string | undefined;
  readonly onChoose: (id: string) => void;
}) {
  const { t } = useStudio();
  const title = useId();
  if (runs.length === 0) return null;
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.train.runs}</h2>
      <ul className="runs">
        {runs.map((run) => (
          <li key={run.id}>
            <button type="button" aria-current={run.id === shown} onClick={() => onChoose(run.id)}>
              <b>{run.id}</b>
              <span>{run.meanIou === null ? "" : formatPercent(run.meanIou)}</span>
              <span className={`run-state ${run.state}`}>
                {t.train.states[run.state]} ·{" "}
                {fill(t.train.stepOf, { step: run.step, steps: run.steps })}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
