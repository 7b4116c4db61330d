import { useId, useState } from "react";
import type { Export } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";

const formats = ["onnx", "transformers.js"] as const;
const precisions = ["fp32", "fp16", "int8"] as const;

/** Hands the model over to other programs. */
export function ModelExport({ onStarted }: { readonly onStarted: (one: Export) => void }) {
  const { t, project, notify } = useStudio();
  const title = useId();
  const { models } = project;
  const [given, setModel] = useState<string>();
  const [format, setFormat] = useState<(typeof formats)[number]>("onnx");
  const [precision, setPrecision] = useState<(typeof precisions)[number]>("fp32");
  const model = models.find(({ id }) => id === given) ?? models[0];
  const start = async (): Promise<void> => {
    if (model === undefined) return;
    try {
      const request = { model: model.id, format, precision };
      onStarted(await sendJson<Export>("POST", "/api/export/model", request));
    } catch (error) {
      notify(messageOf(error), "error");
    }
  };
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.export.model}</h2>
      {model === undefined ? (
        <p className="muted">{t.export.noModel}</p>
      ) : (
        <div className="row fields">
          <label className="field">
            {t.export.whichModel}
            <select value={model.id} onChange={(event) => setModel(event.target.value)}>
              {models.map(({ id, step, meanIou }) => (
                <option key={id} value={id}>
                  {fill(t.export.modelName, { id, step })}
                  {meanIou !== null && ` · ${formatPercent(meanIou)} mIoU`}
                </option>
              ))}
            </select>
          </label>
          <Select label={t.export.format} value={format} all={formats} onChoose={setFormat} />
          <Select
            label={t.export.precision}
            value={precision}
            all={precisions}
            onChoose={setPrecision}
            names={t.export.precisions}
          />
          <button type="button" className="button" onClick={() => void start()}>
            {t.export.startModel}
          </button>
        </div>
      )}
    </section>
  );
}

function Select<T extends string>({
  label,
  value,
  all,
  onChoose,
  names,
}: {
  readonly label: string;
  readonly value: T;
  readonly all: readonly T[];
  readonly onChoose: (value: T) => void;
  readonly names?: Readonly<Record<T, string>>;
}) {
  return (
    <label className="field">
      {label}
      <select value={value} onChange={(event) => onChoose(event.target.value as T)}>
        {all.map((one) => (
          <option key={one} value={one}>
            {names?.[one] ?? one}
          </option>
        ))}
      </select>
    </label>
  );
}
