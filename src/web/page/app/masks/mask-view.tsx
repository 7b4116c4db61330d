import { useCallback, useEffect, useRef, useState } from "react";
import { hexColor, overlayColor } from "../../../../method/images/overlay.ts";
import { CanvasView } from "../../../../studio/page/canvas/canvas-view.tsx";
import type { ImageCanvas } from "../../../../studio/page/canvas/image-canvas.ts";
import { LabelLayer } from "../../../../studio/page/canvas/label-layer.ts";
import type { TagMaskSource } from "../../../../method/inference/label-source.ts";
import type { Failure } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import { useStore } from "../store.ts";
import { percent, t } from "../strings.ts";
import { maskList, type Photo } from "./mask-list.ts";

const colorOf = (classIndex: number): string => hexColor(overlayColor(classIndex + 1));
const sources: readonly TagMaskSource[] = ["segmentation", "affinity", "cam"];

/** A photograph under its mask, what is in it, and how the mask is made. */
export function MaskView({ photo }: { readonly photo: Photo }) {
  const { model, crf, from } = useStore(maskList);
  const [opacity, setOpacity] = useState(0.55);
  const [outlines, setOutlines] = useState(false);
  const { file, mask, failure, tags } = photo;
  return (
    <section className="mask-view" aria-label={file.name}>
      {failure ? (
        <FailureNote failure={failure} onRetry={() => maskList.retry(photo.id)} />
      ) : (
        <MaskCanvas photo={photo} opacity={opacity} outlines={outlines} />
      )}
      <div className="mask-side">
        <div className="row looks">
          <label className="slider">
            {t.masks.opacity}
            <input
              type="range"
              min={0}
              max={1}
              step={0.05}
              value={opacity}
              aria-valuetext={percent(opacity)}
              onChange={({ target }) => setOpacity(target.valueAsNumber)}
            />
            <output>{percent(opacity)}</output>
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={outlines}
              onChange={({ target }) => setOutlines(target.checked)}
            />
            {t.masks.outlines}
          </label>
          <label className="check" title={t.masks.crfText}>
            <input
              type="checkbox"
              checked={crf}
              onChange={({ target }) => maskList.setCrf(target.checked)}
            />
            {t.masks.crf}
          </label>
        </div>
        {model && mask && (
          <Legend classes={model.classes} shares={mask.shares} confidence={mask.confidence} />
        )}
        {model && (
          <fieldset className="known-tags">
            <legend>{t.masks.tags}</legend>
            <p className="muted">{t.masks.tagsText}</p>
            <div className="row">
              {model.classes.map((name, label) => (
                <button
                  key={name}
                  type="button"
                  className="chip"
                  aria-pressed={tags?.includes(label) ?? false}
                  onClick={() => maskList.setTags(photo.id, toggled(tags ?? [], label))}
                >
                  {name}
                </button>
              ))}
              {tags && (
                <button
                  type="button"
                  className="plain"
                  onClick={() => maskList.setTags(photo.id, undefined)}
                >
                  {t.masks.tagsClear}
                </button>
              )}
            </div>
            {tags && model.hasActivations && (
              <label className="field">
                {t.masks.from}
                <select
                  value={from}
                  onChange={({ target }) => maskList.setFrom(target.value as TagMaskSource)}
                >
                  {sources.map((name) => (
                    <option key={name} value={name}>
                      {t.masks.fromNames[name]}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </fieldset>
        )}
      </div>
    </section>
  );
}

/** The classes without one that is there, or with one that is not; undefined without any: nothing is known then. */
function toggled(tags: readonly number[], label: number): readonly number[] | undefined {
  const others = tags.filter((tag) => tag !== label);
  const next = others.length < tags.length ? others : [...tags, label];
  return next.length > 0 ? next : undefined;
}

function MaskCanvas({
  photo: { file, mask },
  opacity,
  outlines,
}: {
  readonly photo: Photo;
  readonly opacity: number;
  readonly outlines: boolean;
}) {
  const [canvas, setCanvas] = useState<ImageCanvas>();
  const [failure, setFailure] = useState<Failure>();
  const layer = useRef<LabelLayer>(undefined);
  const look = useRef({ opacity, outlines });
  look.current = { opacity, outlines };
  const ready = useCallback((one: ImageCanvas | undefined) => setCanvas(one), []);
  const labels = mask?.labels;
  useEffect(() => {
    if (!canvas) return;
    let isOver = false;
    desk
      .ask("show", { photo: file, ...(labels && { labels }) })
      .then((shown) => {
        if (isOver) return shown.picture.close();
        setFailure(undefined);
        canvas.setImage(shown.picture, shown.picture);
        layer.current = shown.labels && new LabelLayer(shown.labels, { colorOf, outlines: look.current.outlines }); // prettier-ignore
        if (layer.current) layer.current.opacity = look.current.opacity;
        canvas.setLayers(layer.current ? [layer.current] : []);
      })
      .catch((error: unknown) => {
        if (!isOver) setFailure(failureIn(error));
      });
    return () => void (isOver = true);
  }, [canvas, file, labels]);
  useEffect(() => {
    if (!layer.current) return;
    layer.current.opacity = opacity;
    layer.current.setLook({ colorOf, outlines });
    canvas?.draw();
  }, [canvas, opacity, outlines]);
  return (
    <div className="mask-canvas" data-mask={labels ? "shown" : "none"}>
      {failure && <FailureNote failure={failure} />}
      <p id="canvas-help" className="hidden">
        {t.masks.canvasHelp}
      </p>
      <CanvasView
        label={t.masks.canvas(file.name)}
        describedBy="canvas-help"
        onReady={ready}
        onKeyDown={(event) => canvas && moveByKey(event, canvas)}
      />
    </div>
  );
}

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [40, 0],
  ArrowRight: [-40, 0],
  ArrowUp: [0, 40],
  ArrowDown: [0, -40],
};

function moveByKey(event: React.KeyboardEvent, canvas: ImageCanvas): void {
  const step = steps[event.key];
  if (step) canvas.panBy(...step);
  else if (event.key === "+") canvas.zoomBy(1.25);
  else if (event.key === "-") canvas.zoomBy(0.8);
  else if (event.key === "0") canvas.fit();
  else return;
  event.preventDefault();
}

function Legend({
  classes,
  shares,
  confidence,
}: {
  readonly classes: readonly string[];
  readonly shares: readonly number[];
  readonly confidence: number;
}) {
  const found = shares.map((share, label) => ({ share, label })).filter(({ share }) => share > 0);
  return (
    <div className="legend">
      <h3>{t.masks.legend}</h3>
      <ul>
        {found
          .sort((a, b) => b.share - a.share)
          .map(({ share, label }) => (
            <li key={label}>
              <span
                className={label === 0 ? "swatch is-background" : "swatch"}
                style={label === 0 ? undefined : { background: colorOf(label - 1) }}
              />
              <span>{label === 0 ? t.masks.background : classes[label - 1]}</span>
              <span className="share">{percent(share, 1)}</span>
            </li>
          ))}
      </ul>
      <small>{t.masks.confidence(percent(confidence))}</small>
    </div>
  );
}
