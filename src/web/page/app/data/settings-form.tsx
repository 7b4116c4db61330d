import { useEffect, useId, useState } from "react";
import type { Choices, Failure, Plan, TrainInput } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import { goTo } from "../route.ts";
import { begin, tab } from "../run/training.ts";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import { freeRunName } from "./choices.ts";
import { hasStorage, PlanView } from "./plan-view.tsx";

/** Milliseconds without a change after which the settings are looked at. */
const restTime = 200;

type NumberKey = "steps" | "crop" | "batch" | "seed";

/** The settings of a training, what it takes, and the button that starts it. */
export function SettingsForm({
  data,
  classes,
  name: wanted,
  defaults,
  bytes,
  isReady,
}: {
  readonly data: TrainInput["data"];
  readonly classes: readonly string[];
  readonly name: string;
  readonly defaults: Choices;
  /** Bytes of the images that are copied into the storage. */
  readonly bytes: number;
  readonly isReady: boolean;
}) {
  const { training } = useStore(tab);
  const [name, setName] = useState(wanted);
  const [choices, setChoices] = useState(defaults);
  const { plan, failure } = usePlan(choices, classes);
  useEffect(() => {
    desk.ask("runs", null).then(
      // What the visitor has typed meanwhile stays.
      (runs) => setName((now) => (now === wanted ? freeRunName(wanted, runs) : now)),
      // The list tells it on the start page.
      () => undefined,
    );
  }, [wanted]);
  const set = (change: Partial<Choices>): void => setChoices({ ...choices, ...change });
  const fits = plan !== undefined && plan.bytes <= plan.room && hasStorage(plan, bytes);
  const isBusy = training?.isActive === true;
  const formId = useId();
  const number = (
    key: NumberKey,
    label: string,
    least: number,
    more?: { step?: number; help?: string },
  ) =>
    // prettier-ignore
    <div className="field">
      <label htmlFor={`${formId}-${key}`}>{label}</label>
      <input
        id={`${formId}-${key}`}
        type="number"
        required
        min={least}
        step={more?.step ?? 1}
        aria-describedby={more?.help === undefined ? undefined : `${formId}-${key}-help`}
        value={Number.isNaN(choices[key]) ? "" : choices[key]}
        onChange={({ target }) => set({ [key]: target.valueAsNumber })}
      />
      {more?.help !== undefined && <small id={`${formId}-${key}-help`}>{more.help}</small>}
    </div>;
  return (
    <form
      className="panel settings-form"
      aria-labelledby="settings-title"
      onSubmit={(event) => {
        event.preventDefault();
        begin(name, (one) => one.start({ name, data, choices }));
        goTo({ screen: "run", run: name });
      }}
    >
      <h2 id="settings-title">{t.settings.heading}</h2>
      <div className="fields">
        <label className="field">
          {t.settings.name}
          <input required value={name} onChange={({ target }) => setName(target.value)} />
        </label>
        {number("steps", t.settings.steps, 1)}
        {number("crop", t.settings.crop, 64, { step: 32, help: t.settings.cropText })}
        {number("batch", t.settings.batch, 1, { help: t.settings.batchText })}
        <label className="field">
          {t.settings.device}
          <select
            value={choices.device}
            onChange={({ target }) => set({ device: target.value as Choices["device"] })}
          >
            {(["auto", "cpu", "webgpu"] as const).map((device) => (
              <option key={device} value={device}>
                {t.settings.devices[device]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <details>
        <summary>{t.settings.more}</summary>
        <div className="fields">
          {number("seed", t.settings.seed, 0)}
          <div className="field wide">
            <label htmlFor={`${formId}-others`}>{t.settings.others}</label>
            <textarea
              id={`${formId}-others`}
              aria-describedby={`${formId}-others-help`}
              rows={6}
              spellCheck={false}
              value={choices.others}
              onChange={({ target }) => set({ others: target.value })}
            />
            <small id={`${formId}-others-help`}>{t.settings.othersText}</small>
          </div>
        </div>
      </details>
      {failure && <FailureNote failure={failure} />}
      {plan && <PlanView plan={plan} imageBytes={bytes} onCrop={(crop) => set({ crop })} />}
      {!plan && !failure && <p className="muted">{t.settings.pending}</p>}
      <div className="row">
        <button type="submit" className="button primary" disabled={!fits || isBusy || !isReady}>
          {t.settings.go}
        </button>
        {isBusy && <small>{t.start.busy}</small>}
      </div>
    </form>
  );
}

/** What a training with these settings takes; undefined until that is known. */
function usePlan(
  choices: Choices,
  classes: readonly string[],
): { readonly plan?: Plan; readonly failure?: Failure } {
  const [known, setKnown] = useState<{ readonly plan?: Plan; readonly failure?: Failure }>({});
  useEffect(() => {
    let isOver = false;
    setKnown({});
    const timer = setTimeout(() => {
      desk.ask("plan", { choices, classes }).then(
        (plan) => isOver || setKnown({ plan }),
        (error: unknown) => isOver || setKnown({ failure: failureIn(error) }),
      );
    }, restTime);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [choices, classes]);
  return known;
}
