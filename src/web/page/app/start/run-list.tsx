import { useState } from "react";
import type { Failure, RunFacts } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { maskList } from "../masks/mask-list.ts";
import { Dialog } from "../parts/dialog.tsx";
import { FailureNote, shownMessage } from "../parts/failure.tsx";
import { useRead } from "../parts/use-read.ts";
import { goTo, hrefOf } from "../route.ts";
import { begin, tab } from "../run/training.ts";
import { useStore } from "../store.ts";
import { percent, t } from "../strings.ts";

/** The trainings in the storage of the page. */
export function RunList() {
  const { training } = useStore(tab);
  const { value: runs, failure: unread, read } = useRead(askForRuns, isAnyRunning);
  const [unremoved, setUnremoved] = useState<Failure>();
  const [leaving, setLeaving] = useState<string>();
  const failure = unread ?? unremoved;
  const retry = (): void => {
    setUnremoved(undefined);
    void read();
  };
  const remove = async (run: string): Promise<void> => {
    setLeaving(undefined);
    setUnremoved(undefined);
    try {
      await desk.ask("removeRun", run);
      if (training?.state.run === run) tab.set({});
      await read();
    } catch (error) {
      setUnremoved(failureIn(error));
    }
  };
  return (
    <section className="run-list" aria-labelledby="runs-title">
      <h2 id="runs-title">{t.start.runs}</h2>
      {failure && <FailureNote failure={failure} onRetry={retry} />}
      {runs?.length === 0 && <p className="muted">{t.start.runsNone}</p>}
      <ul>
        {runs?.map((run) => (
          <RunItem
            key={run.name}
            run={run}
            isBusy={training?.isActive ?? false}
            onRemove={() => setLeaving(run.name)}
          />
        ))}
      </ul>
      {leaving !== undefined && (
        <Dialog title={t.start.removeTitle} onClose={() => setLeaving(undefined)}>
          <p>{t.start.removeText(leaving)}</p>
          <div className="row end">
            <button type="button" className="button" onClick={() => setLeaving(undefined)}>
              {t.cancel}
            </button>
            <button type="button" className="button primary" onClick={() => void remove(leaving)}>
              {t.start.removeGo}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

const askForRuns = (): Promise<readonly RunFacts[]> => desk.ask("runs", null);
const isAnyRunning = (runs: readonly RunFacts[]): boolean =>
  runs.some(({ state }) => state === "running");

function RunItem({
  run,
  isBusy,
  onRemove,
}: {
  readonly run: RunFacts;
  /** Whether a training runs in this tab. */
  readonly isBusy: boolean;
  readonly onRemove: () => void;
}) {
  const { name, step, steps, state, score, classes, problem } = run;
  return (
    <li className="panel" aria-label={name}>
      <div className="run-words">
        <a href={hrefOf({ screen: "run", run: name })}>{name}</a>
        {problem === undefined ? (
          <small>
            {[
              t.start.state[state],
              t.start.step(step, steps),
              ...(score ? [`${t.start.score[score.kind]} ${percent(score.value, 1)}`] : []),
              classes.slice(0, 6).join(", "),
            ]
              .filter(Boolean)
              .join(" · ")}
          </small>
        ) : (
          <small className="error">{shownMessage(problem)}</small>
        )}
      </div>
      <div className="row">
        {state === "stopped" && problem === undefined && (
          <button
            type="button"
            className="button primary"
            disabled={isBusy}
            title={isBusy ? t.start.busy : undefined}
            onClick={() => goOn(name)}
          >
            {t.start.goOn}
          </button>
        )}
        {step > 0 && (
          <button type="button" className="button" onClick={() => openInMasks(name)}>
            {t.start.use}
          </button>
        )}
        {state !== "running" && (
          <button type="button" className="plain" onClick={onRemove}>
            {t.start.remove}
          </button>
        )}
      </div>
    </li>
  );
}

/** Goes on with a run where it stopped. */
export function goOn(run: string): void {
  begin(run, (training) => training.goOn());
  goTo({ screen: "run", run });
}

/** Opens the model of a run for photographs. */
export function openInMasks(run: string): void {
  void maskList.open({ run });
  goTo({ screen: "masks" });
}
