import { useEffect, useRef, useState } from "react";
import type { Dropped, DroppedFolder } from "../../../../host/web/files/dropped.ts";
import { sceneClasses } from "../../../../method/data/scenes.ts";
import type { DataFacts, Failure, ReadingNews, Scenes } from "../../protocol.ts";
import { desk, failureIn, isCanceled } from "../client.ts";
import { photoFiles } from "../parts/file-kinds.ts";
import { DropZone } from "../parts/drop-zone.tsx";
import { FailureNote } from "../parts/failure.tsx";
import { Progress } from "../parts/progress.tsx";
import { t } from "../strings.ts";
import { demoChoices, demoScenes, smallChoices } from "./choices.ts";
import { DataSummary } from "./data-summary.tsx";
import { imagesIn } from "./images-in.ts";
import { SettingsForm } from "./settings-form.tsx";
import { TagPhotos } from "./tag-photos.tsx";
import "./data.css";

/** What the screen is at. */
type Stage =
  | { readonly at: "choose" }
  | { readonly at: "reading"; readonly folder: DroppedFolder; readonly progress?: ReadingNews }
  | { readonly at: "tagging"; readonly photos: readonly File[] }
  | { readonly at: "read"; readonly folder: DroppedFolder; readonly facts: DataFacts };

/** Images with tags, and the settings of a training on them. */
export function DataScreen({ isDemo }: { readonly isDemo: boolean }) {
  return (
    <div className="data">
      <h1>{t.data.heading}</h1>
      {isDemo ? <SceneData /> : <OwnData />}
    </div>
  );
}

/** Drawn scenes, which need no images. */
function SceneData() {
  const [scenes, setScenes] = useState<Scenes>(demoScenes);
  const field = (key: keyof Scenes, label: string, least: number) => (
    <label className="field">
      {label}
      <input
        type="number"
        min={least}
        value={scenes[key]}
        onChange={({ target }) => setScenes({ ...scenes, [key]: target.valueAsNumber })}
      />
    </label>
  );
  return (
    <>
      <section className="panel" aria-labelledby="scenes-title">
        <h2 id="scenes-title">{t.data.foundScenes}</h2>
        <p className="muted">{t.start.demoText}</p>
        <div className="fields">
          {field("count", t.data.scenesCount, 4)}
          {field("size", t.data.scenesSize, 32)}
        </div>
      </section>
      <SettingsForm
        data={{ scenes }}
        classes={sceneClasses}
        name="demo"
        defaults={demoChoices}
        bytes={0}
        isReady={scenes.count >= 4 && scenes.size >= 32}
      />
    </>
  );
}

function OwnData() {
  const [stage, setStage] = useState<Stage>({ at: "choose" });
  const [failure, setFailure] = useState<Failure>();
  const ending = useRef<AbortController>(undefined);
  useEffect(() => () => ending.current?.abort(), []);
  const read = async (folder: DroppedFolder): Promise<void> => {
    ending.current?.abort();
    const { signal } = (ending.current = new AbortController());
    setFailure(undefined);
    setStage({ at: "reading", folder });
    try {
      const tell = (progress: ReadingNews): void => {
        if (!signal.aborted) setStage({ at: "reading", folder, progress });
      };
      const facts = await desk.ask("inspect", folder, { tell, signal });
      if (!signal.aborted) setStage({ at: "read", folder, facts });
    } catch (error) {
      if (isCanceled(error) || signal.aborted) return;
      setFailure(failureIn(error));
      // Photographs without any tags can be tagged here.
      const photos = await imagesIn(folder).catch(() => []);
      setStage(photos.length > 0 ? { at: "tagging", photos } : { at: "choose" });
    }
  };
  const take = async ({ folders, files }: Dropped): Promise<void> => {
    const [folder] = folders;
    if (folder && files.size === 0) return read(folder);
    const inside = (await Promise.all(folders.map(imagesIn))).flat();
    setFailure(undefined);
    setStage({ at: "tagging", photos: [...files.values(), ...inside] });
  };
  const startOver = (): void => {
    ending.current?.abort();
    setFailure(undefined);
    setStage({ at: "choose" });
  };
  return (
    <>
      {failure && <FailureNote failure={failure} />}
      {stage.at === "choose" && (
        <DropZone
          label={t.data.drop}
          text={t.data.dropText}
          accept={photoFiles}
          folders
          onDropped={(dropped) => void take(dropped)}
        />
      )}
      {stage.at === "reading" && <Reading stage={stage} onCancel={startOver} />}
      {stage.at === "tagging" && (
        <TagPhotos
          photos={stage.photos}
          onDone={(folder) => void read(folder)}
          onCancel={startOver}
        />
      )}
      {stage.at === "read" && (
        <>
          <DataSummary
            facts={stage.facts}
            onOther={startOver}
            onTag={() =>
              void imagesIn(stage.folder).then((photos) => setStage({ at: "tagging", photos }))
            }
          />
          {stage.facts.obstacle === undefined && (
            <SettingsForm
              data={{ folder: stage.folder }}
              classes={stage.facts.classes}
              name={stage.facts.name}
              defaults={smallChoices}
              bytes={stage.facts.bytes}
              isReady
            />
          )}
        </>
      )}
    </>
  );
}

function Reading({
  stage: { folder, progress },
  onCancel,
}: {
  readonly stage: Extract<Stage, { at: "reading" }>;
  readonly onCancel: () => void;
}) {
  return (
    <section className="panel" aria-label={t.data.readingFolder(folder.name)}>
      <Progress
        label={
          progress
            ? t.data.reading(progress.what, progress.done, progress.total)
            : t.data.readingFolder(folder.name)
        }
        {...(progress && { done: progress.done, total: progress.total })}
      />
      <button type="button" className="button" onClick={onCancel}>
        {t.cancel}
      </button>
    </section>
  );
}
