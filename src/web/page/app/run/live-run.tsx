import { useEffect, useState } from "react";
import { FailureNote, shownMessage } from "../parts/failure.tsx";
import { Progress } from "../parts/progress.tsx";
import { useStore } from "../store.ts";
import { duration, t } from "../strings.ts";
import { Charts } from "./charts.tsx";
import { Seen } from "./seen.tsx";
import { StoredRun } from "./stored-run.tsx";
import { secondsPerStep, tab, type Training, type TrainingState } from "./training.ts";
import { useDetails } from "./use-details.ts";

/** The training of this tab. */
export function LiveRun({ training }: { readonly training: Training }) {
  const state = useStore(training);
  const { stage, steps, validations, notices, device } = state;
  if (stage === "ended") return <Ended training={training} />;
  return (
    <>
      <section
        className="panel run-head"
        aria-label={t.run.progress(steps.length, steps.at(-1)?.steps ?? 0)}
      >
        <Now state={state} />
        <div className="row">
          <button
            type="button"
            className="button"
            disabled={stage === "stopping"}
            onClick={() => training.stop()}
          >
            {t.run.stop}
          </button>
          {device !== undefined && <small>{device}</small>}
        </div>
      </section>
      <Seen training={training} />
      <Charts steps={steps} validations={validations} />
      <Notices notices={notices} />
    </>
  );
}

/** What happens at the moment, and how long it takes. */
function Now({ state }: { readonly state: TrainingState }) {
  const { stage, now, steps } = state;
  const last = steps.at(-1);
  const each = secondsPerStep(steps);
  const isFinishing = last !== undefined && last.step + 1 === last.steps && !now;
  let words: string = t.run.preparing;
  if (now) {
    words =
      now.what === "validating"
        ? t.run.validating(now.done, now.total)
        : t.data.reading(now.what, now.done, now.total);
  } else if (stage === "stopping") words = t.run.stopping;
  else if (isFinishing) words = t.run.finishing;
  else if (last) words = t.run.phases[last.phase];
  return (
    <>
      <div className="run-figures">
        {last && <b data-step={last.step + 1}>{t.run.progress(last.step + 1, last.steps)}</b>}
        {last && each !== undefined && (
          <>
            <span>{t.run.left(duration((last.steps - last.step - 1) * each))}</span>
            <span>{t.run.perStep(each)}</span>
          </>
        )}
      </div>
      {last ? (
        <Progress label={words} done={last.step + 1} total={last.steps} />
      ) : (
        <Progress label={words} {...(now && { done: now.done, total: now.total })} />
      )}
    </>
  );
}

/** A training that ended in this visit: what is stored of it, and how it ended. */
function Ended({ training }: { readonly training: Training }) {
  const { run, failure, outcome, notices } = useStore(training);
  const { value: details, read } = useDetails(run);
  const [isGone, setIsGone] = useState(false);
  useEffect(() => {
    // A training that ended before its first checkpoint has left nothing.
    if (outcome?.type === "canceled") setIsGone(true);
  }, [outcome]);
  useEffect(() => void read(), [read, outcome]);
  return (
    <>
      {failure && <FailureNote failure={failure} />}
      {isGone && <p role="status">{t.run.canceled}</p>}
      {details && <StoredRun details={details} training={training} onGoOn={() => tab.set({})} />}
      <Notices notices={notices} />
    </>
  );
}

function Notices({ notices }: { readonly notices: readonly string[] }) {
  if (notices.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="notices-title">
      <h2 id="notices-title">{t.run.notices}</h2>
      <ul className="notices">
        {notices.map((message, i) => (
          <li key={i}>{shownMessage(message)}</li>
        ))}
      </ul>
    </section>
  );
}
