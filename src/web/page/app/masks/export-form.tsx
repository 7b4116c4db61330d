import { useState } from "react";
import { maskFormats, type MaskFormat } from "../../../../files/formats/formats.ts";
import type { Failure } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import { Progress } from "../parts/progress.tsx";
import { save } from "../parts/save.ts";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import { maskList } from "./mask-list.ts";

/** Saves all masks as a zip. */
export function ExportForm() {
  const { photos, model } = useStore(maskList);
  const [formats, setFormats] = useState<readonly MaskFormat[]>(["voc"]);
  const [overlays, setOverlays] = useState(true);
  const [isMaking, setIsMaking] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const done = photos.flatMap(({ file, mask }) =>
    mask ? [{ photo: file, labels: mask.labels, confidence: mask.confidence }] : [],
  );
  const make = async (): Promise<void> => {
    setIsMaking(true);
    setFailure(undefined);
    try {
      const { classes } = model!;
      save(await desk.ask("exportMasks", { classes, masks: done, formats, overlays }));
    } catch (error) {
      setFailure(failureIn(error));
    } finally {
      setIsMaking(false);
    }
  };
  return (
    <form
      className="panel export-form"
      aria-labelledby="export-title"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <h2 id="export-title">{t.masks.export}</h2>
      <p className="muted">{t.masks.exportText}</p>
      <div className="row formats">
        {maskFormats.map((format) => (
          <label key={format} className="check">
            <input
              type="checkbox"
              checked={formats.includes(format)}
              onChange={() =>
                setFormats(maskFormats.filter((one) => formats.includes(one) !== (one === format)))
              }
            />
            {t.masks.formats[format]}
          </label>
        ))}
        <label className="check">
          <input
            type="checkbox"
            checked={overlays}
            onChange={({ target }) => setOverlays(target.checked)}
          />
          {t.masks.overlays}
        </label>
      </div>
      {failure && <FailureNote failure={failure} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={!model || isMaking || formats.length === 0}
        >
          {t.masks.exportGo(done.length)}
        </button>
        {isMaking && <Progress label={t.run.making} />}
      </div>
    </form>
  );
}
