import { useState } from "react";
import type { LabelMap } from "../../../method/images/image.ts";
import { CanvasView } from "../canvas/canvas-view.tsx";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import { LabelLayer, type LabelLook } from "../canvas/label-layer.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { Conflict } from "./outbox.ts";
import { saveMaskFile } from "./save-mask.ts";

const choices = ["mine", "theirs", "both"] as const;

/** Shows the versions of a mask that was changed here and elsewhere, to choose one of; until then both stay. */
export function ConflictDialog({
  conflict,
  picture,
  look,
  onSettle,
  onClose,
}: {
  readonly conflict: Conflict;
  readonly picture: ImageBitmap | undefined;
  readonly look: LabelLook;
  readonly onSettle: (choice: "mine" | "theirs" | "both") => void;
  readonly onClose: () => void;
}) {
  const { t } = useStudio();
  const { name } = conflict.image;
  const texts = {
    mine: [t.review.mine, t.review.keepMine],
    theirs: [t.review.theirs, t.review.keepTheirs],
    both: [t.review.both, t.review.keepBoth],
  } as const;
  return (
    <Dialog title={fill(t.review.conflictTitle, { name })} className="conflict" onClose={onClose}>
      <p>{t.review.conflictText}</p>
      <div className="versions">
        {choices.map((choice) => (
          <figure key={choice}>
            <Version
              map={conflict[choice]}
              picture={picture}
              look={look}
              label={texts[choice][0]}
            />
            <figcaption>{texts[choice][0]}</figcaption>
            <div className="row">
              <button type="button" className="button" onClick={() => onSettle(choice)}>
                {texts[choice][1]}
              </button>
              <button
                type="button"
                className="plain"
                aria-label={`${t.review.saveCopy}: ${texts[choice][0]}`}
                onClick={() => void saveMaskFile(conflict[choice], `${name}.${choice}.png`)}
              >
                {t.review.saveCopy}
              </button>
            </div>
          </figure>
        ))}
      </div>
    </Dialog>
  );
}

function Version({
  map,
  picture,
  look,
  label,
}: {
  readonly map: LabelMap;
  readonly picture: ImageBitmap | undefined;
  readonly look: LabelLook;
  readonly label: string;
}) {
  const [show] = useState(() => (canvas: ImageCanvas | undefined) => {
    canvas?.setImage(picture, map);
    canvas?.setLayers([new LabelLayer(map, look)]);
  });
  return <CanvasView label={label} onReady={show} />;
}
