import { useState } from "react";
import type { NewDrafts } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";
import type { Thresholds } from "./stages.ts";

type Method = NonNullable<NewDrafts["method"]>;

/** Makes all drafts of the model anew: as pseudo labels of the thresholds that are tried out, or as usual again. */
export function Relabel({ thresholds }: { readonly thresholds: Thresholds }) {
  const { t, project } = useStudio();
  const [asking, setAsking] = useState<"thresholds" | "usual">();
  const [model] = project.models;
  if (model === undefined) return null;
  return (
    <section className="panel">
      {model.method && <p className="muted">{fill(t.inspect.draftsBy, scores(model.method))}</p>}
      <p className="row">
        <button type="button" className="button" onClick={() => setAsking("thresholds")}>
          {t.inspect.relabel}
        </button>
        {model.method && (
          <button type="button" className="button" onClick={() => setAsking("usual")}>
            {t.inspect.usual}
          </button>
        )}
      </p>
      {asking && (
        <RelabelDialog
          model={model.id}
          count={model.drafts}
          thresholds={asking === "thresholds" ? thresholds : null}
          onClose={() => setAsking(undefined)}
        />
      )}
    </section>
  );
}

/** Asks before drafts are made anew. @param thresholds null for the usual drafts */
function RelabelDialog({
  model,
  count,
  thresholds,
  onClose,
}: {
  readonly model: string;
  /** Drafts that are replaced. */
  readonly count: number;
  readonly thresholds: Thresholds | null;
  readonly onClose: () => void;
}) {
  const { t, notify } = useStudio();
  const [from, setFrom] = useState<Method["from"]>("cam");
  const [isBusy, setBusy] = useState(false);
  const relabel = async (): Promise<void> => {
    setBusy(true);
    const { low, high } = thresholds ?? { low: 0, high: 0 };
    const wanted: NewDrafts = { model, method: thresholds && { from, low, high } };
    try {
      await sendJson("POST", "/api/drafts", wanted);
      notify(t.inspect.relabeling);
    } catch (error) {
      notify(messageOf(error), "error");
    }
    onClose();
  };
  const text = thresholds ? t.inspect.relabelText : t.inspect.usualText;
  return (
    <Dialog title={thresholds ? t.inspect.relabelTitle : t.inspect.usualTitle} onClose={onClose}>
      <p>{fill(text, { n: count, ...(thresholds && scores(thresholds)) })}</p>
      {thresholds && (
        <fieldset className="layer-list">
          <legend>{t.inspect.relabelFrom}</legend>
          {(["cam", "affinity"] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="relabel-from"
                checked={from === one}
                onChange={() => setFrom(one)}
              />
              <span>{t.inspect.relabelSources[one]}</span>
            </label>
          ))}
        </fieldset>
      )}
      <div className="row end">
        <button type="button" className="button" onClick={onClose}>
          {t.review.cancel}
        </button>
        <button
          type="button"
          className="button primary"
          disabled={isBusy}
          onClick={() => void relabel()}
        >
          {thresholds ? t.inspect.relabelConfirm : t.inspect.usualConfirm}
        </button>
      </div>
    </Dialog>
  );
}

function scores({ low, high }: Thresholds): { readonly low: string; readonly high: string } {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return { low: formatNumber(low, digits), high: formatNumber(high, digits) };
}
