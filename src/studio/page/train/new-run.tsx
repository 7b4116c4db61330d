import { useEffect, useId, useState, type FormEvent } from "react";
import type { Choices, NewRun, Run } from "../../protocol.ts";
import { getJson, sendJson } from "../api.ts";
import { ActionButton, useActions } from "../parts/actions.tsx";
import { messageOf } from "../parts/message.ts";
import { proposeSettings, useProposedSettings } from "../parts/proposed-settings.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import { BeginWith, beginnings, type Beginning } from "./begin-with.tsx";
import { isAlive } from "./use-runs.ts";

/** What a person has changed; anything else is the preset's. */
type Given = Partial<
  Record<"preset" | "device" | "begin" | "steps" | "batch" | "crop" | "seed", string>
>;

/** Starts a training, or another one with the corrections. */
export function NewRunForm({
  runs,
  onStarted,
}: {
  readonly runs: readonly Run[];
  readonly onStarted: (run: Run) => void;
}) {
  const { t, project, notify, onEvent } = useStudio();
  const title = useId();
  const [choices, setChoices] = useState<Choices>();
  const [given, setGiven] = useState<Given>({});
  const [usesCorrections, setUsesCorrections] = useState(true);
  const [isStarting, setStarting] = useState(false);
  const proposed = useProposedSettings();
  useEffect(() => {
    const ask = (): void =>
      void getJson<Choices>("/api/choices").then(setChoices, (error: unknown) =>
        notify(messageOf(error), "error"),
      );
    ask();
    // Devices take time to be tried; the answer before has only those that need no trial.
    return onEvent(({ type }) => {
      if (type === "project") ask();
    });
  }, [notify, onEvent]);

  const { corrections } = project.counts;
  const all = beginnings(choices, project.models, t);
  const begin: Beginning = all.find(({ key }) => key === given.begin) ?? all[0]!;
  const origin = runs.find(({ id }) => id === begin.run);
  // A run's network goes on only with the settings that it was made with.
  // Otherwise as on the command line: `own` is for photographs and published weights.
  const usualPreset = begin.weights === undefined ? "small" : "own";
  const presetName = origin?.preset ?? given.preset ?? usualPreset;
  const preset = choices?.presets.find(({ name }) => name === presetName);
  const set = (change: Given): void => setGiven({ ...given, ...change });
  const start = async (): Promise<void> => {
    setStarting(true);
    const numbers = (["steps", "batch", "crop", "seed"] as const).flatMap((name) =>
      given[name] ? [[name, Number(given[name])] as const] : [],
    );
    const request: NewRun = {
      preset: presetName,
      device: given.device ?? "auto",
      useCorrections: usesCorrections && corrections > 0,
      ...(begin.weights !== undefined && { weights: begin.weights }),
      ...(begin.run !== undefined && { from: begin.run }),
      ...Object.fromEntries(numbers),
      set: proposed,
    };
    try {
      onStarted(await sendJson<Run>("POST", "/api/runs", request));
    } catch (error) {
      notify(messageOf(error), "error");
    }
    setStarting(false);
  };
  const again = project.models.length > 0 && corrections > 0;
  useActions(t.train.actions, [
    {
      id: "train.start",
      label: again ? fill(t.train.again, { n: corrections }) : t.train.start,
      keys: "Ctrl+Enter",
      run: () => void start(),
      isDisabled: isStarting || runs.some(isAlive) || project.counts.images === 0,
    },
  ]);
  return (
    <form
      className="panel new-run"
      aria-labelledby={title}
      onSubmit={(event: FormEvent) => event.preventDefault()}
    >
      <h2 id={title}>{t.train.newRun}</h2>
      <BeginWith all={all} value={begin} onChoose={({ key }) => set({ begin: key })} />
      <label className="field">
        {t.train.preset}
        <select
          value={presetName}
          disabled={origin?.preset != null}
          onChange={(event) => set({ preset: event.target.value })}
        >
          {(choices?.presets ?? [{ name: presetName, backbone: "" }]).map(({ name, backbone }) => (
            <option key={name} value={name}>
              {[name, backbone].filter((word) => word !== "").join(" · ")}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        {t.train.device}
        <select
          value={given.device ?? "auto"}
          onChange={(event) => set({ device: event.target.value })}
        >
          <option value="auto">{t.train.automatic}</option>
          {choices?.devices.map(({ name, works, reason }) => (
            <option key={name} value={name} disabled={!works} title={reason ?? undefined}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div className="pair">
        {(["steps", "batch", "crop", "seed"] as const).map((name) => (
          <NumberField
            key={name}
            label={t.train[name]}
            value={given[name] ?? ""}
            standard={name === "seed" ? 0 : preset?.[name]}
            step={name === "crop" ? 32 : 1}
            onChange={(value) => set({ [name]: value })}
          />
        ))}
      </div>
      {Object.keys(proposed).length > 0 && (
        <p className="row">
          {fill(t.train.proposed, {
            low: proposed["pseudo.lowThreshold"] ?? "–",
            high: proposed["pseudo.highThreshold"] ?? "–",
          })}
          <button type="button" className="plain" onClick={() => proposeSettings({})}>
            {t.train.withdraw}
          </button>
        </p>
      )}
      {corrections > 0 && (
        <label>
          <input
            type="checkbox"
            checked={usesCorrections}
            onChange={(event) => setUsesCorrections(event.target.checked)}
          />
          {fill(t.train.useCorrections, { n: corrections })}
        </label>
      )}
      <p>
        <ActionButton id="train.start" className="button primary" />
      </p>
    </form>
  );
}

function NumberField({
  label,
  value,
  standard,
  step,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  /** Taken where nothing is given. */
  readonly standard: number | undefined;
  readonly step: number;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className="field">
      {label}
      <input
        type="number"
        min={step === 1 ? 0 : step}
        step={step}
        placeholder={standard === undefined ? "" : String(standard)}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
