import { useState } from "react";
import type { Failure, RunDetails, SeenImage } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import { goOn, openInMasks } from "../start/run-list.tsx";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import { Charts } from "./charts.tsx";
import { LuggageList } from "./luggage-list.tsx";
import { SeenImages } from "./seen.tsx";
import { tab, type Training } from "./training.ts";

/** A training that does not run in this tab. */
export function StoredRun({
  details,
  training,
  onGoOn,
}: {
  readonly details: RunDetails;
  /** The training that has just ended in this tab. */
  readonly training?: Training;
  readonly onGoOn?: () => void;
}) {
  const { name, step, steps, state, log, validations, checkpoints } = details;
  const { training: current } = useStore(tab);
  const newest = Math.max(0, ...checkpoints);
  const isBusy = current?.isActive === true && current.state.run !== name;
  const words =
    state === "running"
      ? t.run.elsewhere
      : state === "done"
        ? t.run.done(step)
        : t.run.stopped(step, steps);
  return (
    <>
      <section className="panel run-head" aria-label={words}>
        <p role="status" data-state={state}>
          {words}
        </p>
        <div className="row">
          {state === "stopped" && (
            <button
              type="button"
              className="button primary"
              disabled={isBusy}
              onClick={() => {
                onGoOn?.();
                goOn(name);
              }}
            >
              {t.run.goOn}
            </button>
          )}
          {newest > 0 && (
            <button
              type="button"
              className={state === "done" ? "button primary" : "button"}
              onClick={() => openInMasks(name)}
            >
              {t.run.use}
            </button>
          )}
        </div>
      </section>
      {newest > 0 && <LastLook run={name} step={newest} known={training?.state.seen} />}
      <Charts steps={log} validations={validations} />
      {newest > 0 && state !== "running" && <LuggageList run={name} />}
    </>
  );
}

/** What the network of a step sees, once asked for. */
function LastLook({
  run,
  step,
  known,
}: {
  readonly run: string;
  readonly step: number;
  readonly known: { readonly step: number; readonly images: readonly SeenImage[] } | undefined;
}) {
  const [images, setImages] = useState(known?.step === step ? known.images : undefined);
  const [isLooking, setIsLooking] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const look = async (): Promise<void> => {
    setIsLooking(true);
    setFailure(undefined);
    try {
      setImages(await desk.ask("look", { run, step }));
    } catch (error) {
      setFailure(failureIn(error));
    } finally {
      setIsLooking(false);
    }
  };
  return (
    <section className="panel seen" aria-labelledby="seen-title">
      <div className="row">
        <h2 id="seen-title">{t.run.seen(step)}</h2>
        {!images && (
          <button type="button" className="button" disabled={isLooking} onClick={() => void look()}>
            {isLooking ? t.run.looking : t.run.lookNow}
          </button>
        )}
      </div>
      {failure && <FailureNote failure={failure} />}
      {images && <SeenImages images={images} />}
    </section>
  );
}
