import { useEffect, useId, useState } from "react";
import type { Export, ExportCheck, ExportRequest } from "../../protocol.ts";
import { getJson, sendJson } from "../api.ts";
import { ActionButton, useActions } from "../parts/actions.tsx";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";

interface Format {
  readonly name: string;
  readonly description: string;
}

/** Chooses formats and images, and tells what would be lost before anything is written. */
export function MaskExport({ onStarted }: { readonly onStarted: (one: Export) => void }) {
  const { t, notify } = useStudio();
  const title = useId();
  const [formats, setFormats] = useState<readonly Format[]>([]);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [which, setWhich] = useState<ExportRequest["which"]>("reviewed");
  const [overlays, setOverlays] = useState(false);
  const [isStarting, setStarting] = useState(false);
  useEffect(() => {
    getJson<{ formats: Format[] }>("/api/export/formats").then(
      (answer) => {
        setFormats(answer.formats);
        setChosen(answer.formats.slice(0, 1).map(({ name }) => name));
      },
      (error: unknown) => notify(messageOf(error), "error"),
    );
  }, [notify]);

  const request: ExportRequest = { formats: [...chosen], which, overlays };
  const check = useCheck(request);
  const start = async (): Promise<void> => {
    setStarting(true);
    try {
      onStarted(await sendJson<Export>("POST", "/api/export", request));
    } catch (error) {
      notify(messageOf(error), "error");
    }
    setStarting(false);
  };
  const isReady = check !== undefined && check.images > 0 && !isStarting;
  useActions(t.export.actions, [
    {
      id: "export.masks",
      label: t.export.start,
      keys: "Ctrl+Enter",
      run: () => void start(),
      isDisabled: !isReady,
    },
  ]);
  const toggle = (name: string): void =>
    setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.export.masks}</h2>
      <fieldset>
        <legend>{t.export.which}</legend>
        <Radio value="reviewed" current={which} onChoose={setWhich} label={t.export.reviewed} />
        <Radio value="all" current={which} onChoose={setWhich} label={t.export.all} />
      </fieldset>
      <fieldset>
        <legend>{t.export.formats}</legend>
        <ul className="formats">
          {formats.map(({ name, description }) => (
            <li key={name}>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={() => toggle(name)}
                />
                <b>{name}</b> <span className="muted">{description}</span>
              </label>
            </li>
          ))}
        </ul>
        <label>
          <input
            type="checkbox"
            checked={overlays}
            onChange={(event) => setOverlays(event.target.checked)}
          />
          {t.export.overlays}
        </label>
      </fieldset>
      <CheckResult check={check} hasFormat={chosen.length > 0} />
      <p className="row">
        <ActionButton id="export.masks" className="button primary" />
      </p>
    </section>
  );
}

function Radio({
  value,
  current,
  onChoose,
  label,
}: {
  readonly value: ExportRequest["which"];
  readonly current: ExportRequest["which"];
  readonly onChoose: (value: ExportRequest["which"]) => void;
  readonly label: string;
}) {
  return (
    <label>
      <input
        type="radio"
        name="which"
        checked={value === current}
        onChange={() => onChoose(value)}
      />
      {label}
    </label>
  );
}

/** What an export would hold and lose; undefined until the server has answered. */
function useCheck({ formats, which, overlays = false }: ExportRequest): ExportCheck | undefined {
  const { notify, project } = useStudio();
  const key = JSON.stringify({ formats, which, overlays });
  const [answer, setAnswer] = useState<{ readonly key: string; readonly check: ExportCheck }>();
  // The counts change with every verdict; then the answer may be another.
  const { accepted, rejected, unsure, corrections, images } = project.counts;
  const counts = [accepted, rejected, unsure, corrections, images].join();
  useEffect(() => {
    const request = JSON.parse(key) as ExportRequest;
    if (request.formats.length === 0) return;
    let isWanted = true;
    sendJson<ExportCheck>("POST", "/api/export/check", request).then(
      (check) => isWanted && setAnswer({ key, check }),
      (error: unknown) => isWanted && notify(messageOf(error), "error"),
    );
    return () => {
      isWanted = false;
    };
  }, [key, counts, notify]);
  return answer?.key === key ? answer.check : undefined;
}

function CheckResult({
  check,
  hasFormat,
}: {
  readonly check: ExportCheck | undefined;
  readonly hasFormat: boolean;
}) {
  const { t } = useStudio();
  if (!hasFormat) return <p className="muted">{t.export.noFormat}</p>;
  if (check === undefined) return <p className="muted">{t.export.checking}</p>;
  const { images, leftOut, losses } = check;
  return (
    <div className="export-check" role="status">
      <p>{images === 0 ? t.export.nothing : fill(t.export.images, { n: images })}</p>
      <ul>
        {leftOut.map(({ reason, images: n }) => (
          <li key={reason} className="muted">
            {fill(t.export.leftOut, { n, reason })}
          </li>
        ))}
        {losses.map(({ format, message }) => (
          <li key={`${format} ${message}`} className="warning">
            {format}: {message}
          </li>
        ))}
      </ul>
      {images > 0 && losses.length === 0 && <p className="muted">{t.export.noLoss}</p>}
    </div>
  );
}
