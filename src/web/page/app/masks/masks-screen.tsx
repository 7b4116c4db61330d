import { useState } from "react";
import type { Dropped } from "../../../../host/web/files/dropped.ts";
import { imagesIn } from "../data/images-in.ts";
import { failureIn } from "../client.ts";
import { DropZone } from "../parts/drop-zone.tsx";
import { FailureNote } from "../parts/failure.tsx";
import { modelFiles, photoFiles } from "../parts/file-kinds.ts";
import { Progress } from "../parts/progress.tsx";
import { tab, type Training } from "../run/training.ts";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import type { Failure } from "../../protocol.ts";
import { ExportForm } from "./export-form.tsx";
import { maskList } from "./mask-list.ts";
import { MaskView } from "./mask-view.tsx";
import { PhotoList } from "./photo-list.tsx";
import "./masks.css";

/** A model, photographs, and their masks. */
export function MasksScreen() {
  const { model, opening, modelFailure, photos, chosen } = useStore(maskList);
  const { training } = useStore(tab);
  const [failure, setFailure] = useState<Failure>();
  const take = async ({ files, folders }: Dropped): Promise<void> => {
    setFailure(undefined);
    try {
      const inside = (await Promise.all(folders.map(imagesIn))).flat();
      const all = [...files.values()];
      const newModel = all.find(({ name }) => /\.(onnx|safetensors)$/i.test(name));
      if (newModel) void maskList.open({ file: newModel });
      maskList.add([...all.filter((file) => file !== newModel), ...inside]);
    } catch (error) {
      setFailure(failureIn(error));
    }
  };
  const takeModel = ({ files }: Dropped): void => {
    const [file] = files.values();
    if (!file) return;
    const isModel = /\.(onnx|safetensors|pth)$/i.test(file.name);
    setFailure(isModel ? undefined : { message: t.masks.notModel(file.name), code: "no-model" });
    if (isModel) void maskList.open({ file });
  };
  const photo = photos.find(({ id }) => id === chosen);
  return (
    <div className="masks">
      <h1 className={photos.length > 0 ? "hidden" : undefined}>{t.masks.heading}</h1>
      <section className="model-bar" aria-label={t.start.masks}>
        {opening !== undefined && <Progress label={t.masks.opening(opening)} />}
        {model && (
          <p className="row">
            <b>{t.masks.model(model.name, model.classes.length, model.device)}</b>
            <button type="button" className="plain" onClick={() => maskList.closeModel()}>
              {t.masks.otherModel}
            </button>
          </p>
        )}
        {!model && opening === undefined && (
          <DropZone
            label={t.masks.dropModel}
            text={t.masks.dropModelText}
            accept={modelFiles}
            several={false}
            onDropped={takeModel}
          />
        )}
        {modelFailure && <FailureNote failure={modelFailure} />}
        {failure && <FailureNote failure={failure} />}
        {training && <Beside training={training} />}
      </section>
      {photos.length === 0 ? (
        <DropZone
          label={t.masks.dropPhotos}
          accept={photoFiles}
          folders
          onDropped={(dropped) => void take(dropped)}
        />
      ) : (
        <div className="mask-desk">
          <PhotoList onDropped={(dropped) => void take(dropped)} />
          {photo ? <MaskView photo={photo} /> : <p className="muted">{t.masks.nothing}</p>}
        </div>
      )}
      {photos.some(({ mask }) => mask) && <ExportForm />}
    </div>
  );
}

function Beside({ training }: { readonly training: Training }) {
  const { stage } = useStore(training);
  return stage === "ended" ? null : <p className="muted">{t.masks.beside}</p>;
}
