import { useId } from "react";
import type { Run } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { ActionButton, useActions } from "../parts/actions.tsx";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber, formatPercent } from "../text.ts";
import { Charts } from "./charts.tsx";
import { CompareRuns } from "./compare-runs.tsx";
import { PerClass } from "./per-class.tsx";
import type { RunLog } from "./run-log.ts";
import { Samples } from "./samples.tsx";
import { useRunLog } from "./use-run-log.ts";
import { isAlive } from "./use-runs.ts";

/** A run: where it stands, its curves, what it sees, and what to do with it. */
export function RunView({ run, runs }: { readonly run: Run; readonly runs: readonly Run[] }) {
  const { t, project } = useStudio();
  const log = useRunLog(run.id);
  const newest = log?.validations.at(-1);
  return (
    <>
      <RunHead run={run} log={log} isOnlyOne={!runs.some((one) => one !== run && isAlive(one))} />
      {log !== undefined && log.steps.length > 0 && (
        <section className="panel" aria-label={t.train.curves}>
          <Charts log={log} last={run.steps} />
        </section>
      )}
      {newest !== undefined && (
        <>
          <PerClass validation={newest} classes={project.classes} />
          <Samples run={run.id} validation={newest} />
        </>
      )}
      {log !== undefined && newest === undefined && log.steps.length > 0 && (
        <p className="muted">{t.train.noValidation}</p>
      )}
      {!isAlive(run) && <CompareRuns after={run} runs={runs} />}
    </>
  );
}

function RunHead({
  run,
  log,
  isOnlyOne,
}: {
  readonly run: Run;
  readonly log: RunLog | undefined;
  /** Whether no other run is under way. */
  readonly isOnlyOne: boolean;
}) {
  const { t, notify } = useStudio();
  const title = useId();
  const order = async (what: "stop" | "resume"): Promise<void> => {
    try {
      await sendJson("POST", `/api/runs/${encodeURIComponent(run.id)}/${what}`, {});
    } catch (error) {
      notify(messageOf(error), "error");
    }
  };
  useActions(t.train.actions, [
    {
      id: "train.stop",
      label: t.train.stop,
      keys: "Shift+S",
      run: () => void order("stop"),
      isDisabled: run.state !== "running" && run.state !== "starting",
    },
    {
      id: "train.resume",
      label: t.train.resume,
      keys: "Shift+R",
      run: () => void order("resume"),
      isDisabled: !run.resumable || !isOnlyOne,
    },
  ]);
  const thresholds = log?.thresholds;
  return (
    <section className="panel run-head" aria-labelledby={title}>
      <div className="row">
        <h2 id={title}>{run.id}</h2>
        <span className={`run-state ${run.state}`} role="status">
          {t.train.states[run.state]}
        </span>
        {isAlive(run) ? <ActionButton id="train.stop" /> : null}
        {run.resumable && <ActionButton id="train.resume" />}
      </div>
      <progress aria-labelledby={title} value={run.step} max={Math.max(run.steps, 1)} />
      <p className="muted">{factsOf(run, t).join(" · ")}</p>
      {run.error !== null && (
        <p className="failure" role="alert">
          {run.error}
        </p>
      )}
      {thresholds && (
        <p className="muted">
          {fill(thresholds.chosen ? t.train.thresholdsChosen : t.train.thresholds, {
            low: thresholds.low,
            high: thresholds.high,
          })}
        </p>
      )}
      {run.resumable && (
        <p>
          {t.train.inTerminal}
          <code className="command">{run.resumeCommand}</code>
        </p>
      )}
    </section>
  );
}

function factsOf(run: Run, t: ReturnType<typeof useStudio>["t"]): string[] {
  const { phase, eta, device, preset, corrections, meanIou, from } = run;
  const phases: Readonly<Record<string, string>> = t.train.phases;
  return [
    fill(t.train.stepOf, { step: run.step, steps: run.steps }),
    ...(phase === null ? [] : [phases[phase] ?? phase]),
    ...(eta === null ? [] : [fill(t.train.left, { time: duration(eta) })]),
    ...(meanIou === null ? [] : [fill(t.train.best, { share: formatPercent(meanIou) })]),
    ...(preset === null ? [] : [preset]),
    ...(device === null ? [] : [device]),
    ...(corrections === 0 ? [] : [fill(t.train.withCorrections, { n: corrections })]),
    ...(from === null ? [] : [fill(t.train.goesOnFrom, { id: from })]),
  ];
}

/** Seconds as 1:05 or 1:02:05. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string =>
    formatNumber(value, { minimumIntegerDigits: 2, useGrouping: false });
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
