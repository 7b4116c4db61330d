import { useEffect, useMemo, useState } from "react";
import type { TokenAffinity } from "../../../method/labels/token-affinity.ts";
import { getAffinity } from "../api.ts";
import { CanvasView } from "../canvas/canvas-view.tsx";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import type { CanvasLayer } from "../canvas/layer.ts";
import { Slider } from "../parts/slider.tsx";
import { useStudio } from "../parts/studio.tsx";
import { formatPercent } from "../text.ts";
import { LayerList, viewsOf } from "./layer-list.tsx";
import { drawMarks, movedPlace, placeTool } from "./place-tool.ts";
import { Relabel } from "./relabel.tsx";
import { liveLabel, tokenOf, type Place, type Thresholds } from "./stages.ts";
import { ThresholdSliders } from "./threshold-sliders.tsx";
import { TokenPanel } from "./token-panel.tsx";
import type { Inspected } from "./use-inspected.ts";
import { useRefined } from "./use-refined.ts";
import { layerOf, viewKey, type ViewChoice, type ViewState } from "./view-choice.ts";
import { Why } from "./why.tsx";

const onlyImage: ViewChoice = { kind: "image" };
const steps: Readonly<Record<string, { readonly dx: number; readonly dy: number }>> = {
  ArrowLeft: { dx: -1, dy: 0 },
  ArrowRight: { dx: 1, dy: 0 },
  ArrowUp: { dx: 0, dy: -1 },
  ArrowDown: { dx: 0, dy: 1 },
};

/** The canvas with what lies over it, and the panels beside it. */
export function InspectImage({
  inspected,
  model,
}: {
  readonly inspected: Inspected;
  readonly model: string | undefined;
}) {
  const { t, colorOf } = useStudio();
  const { layers, picture, details, failure } = inspected;
  const [canvas, setCanvas] = useState<ImageCanvas>();
  const [place, setPlace] = useState<Place>();
  const [token, setToken] = useState<number>();
  const [given, setThresholds] = useState<Thresholds>();
  const [first, setFirst] = useState<ViewChoice>({ kind: "labels", stage: "crf" });
  const [second, setSecond] = useState<ViewChoice>();
  const [isRefined, setRefined] = useState(false);
  const [wipe, setWipe] = useState(0.5);
  const [opacity, setOpacity] = useState(0.7);
  const affinity = useAffinity(details.id, model, token);
  const views = viewsOf(inspected, affinity !== undefined);
  const thresholds = useMemo(
    () => given ?? (layers?.head.thresholds || { low: 0, high: 1 }),
    [given, layers],
  );
  const live = useMemo(() => layers && liveLabel(layers, thresholds), [layers, thresholds]);
  // Only where it is seen: somebody who leafs through the images would pay for a worker and PAR with each of them.
  const showsRefined = [first, second].some(
    (view) => view?.kind === "labels" && view.stage === "pseudoRefined",
  );
  const needsRefined = isRefined || showsRefined || place !== undefined;
  const refining = useRefined(needsRefined ? layers : undefined, thresholds);
  const { refined } = refining;
  const look = useMemo(() => ({ colorOf, outlines: false }), [colorOf]);
  const state: ViewState = { inspected, live, refined, token: affinity, look };
  const show = (view: ViewChoice): void => {
    setFirst((before) => (viewKey(before) === viewKey(view) ? before : view));
    if (view.kind === "labels" && view.stage === "pseudo") setRefined(false);
    if (view.kind === "labels" && view.stage === "pseudoRefined") setRefined(true);
  };
  const showPseudo = (after: boolean): void =>
    show({ kind: "labels", stage: after ? "pseudoRefined" : "pseudo" });
  const shown = (view: ViewChoice): ViewChoice =>
    views.find((one) => viewKey(one) === viewKey(view)) ?? onlyImage;

  useEffect(() => canvas?.setImage(picture, picture), [canvas, picture]);
  const layer = useLayer(first, state);
  const other = useLayer(second, state);
  useEffect(() => {
    const parts = [
      { over: layer, between: [0, second ? wipe : 1] as const },
      { over: other, between: [wipe, 1] as const },
    ];
    canvas?.setLayers(
      parts.flatMap(({ over, between }) =>
        over ? [Object.assign(over, { opacity, between })] : [],
      ),
    );
  }, [canvas, layer, other, second, wipe, opacity]);
  useEffect(() => {
    canvas?.setTool(
      placeTool(canvas, {
        hover: setPlace,
        choose: (at) => layers && setToken(tokenOf(layers, at)),
      }),
    );
  }, [canvas, layers]);
  useEffect(() => {
    canvas?.setTop((context, on) =>
      drawMarks(context, on, { place, token, tokens: layers?.head.tokens }),
    );
  }, [canvas, place, token, layers]);

  const pressed = (event: React.KeyboardEvent): void => {
    const at = place ?? { x: 0.5, y: 0.5 };
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.altKey) {
      const by = event.shiftKey ? 10 : 1;
      setPlace(movedPlace(at, { dx: by * step.dx, dy: by * step.dy }, picture));
    } else if (event.key === " " && layers) {
      setPlace(at);
      setToken(tokenOf(layers, at));
    } else return;
    event.preventDefault();
  };
  return (
    <div className="inspect-body">
      <div className="scroll layer-lists">
        <LayerList
          views={views}
          inspected={inspected}
          title={second ? t.inspect.left : t.inspect.show}
          value={shown(first)}
          onChoose={show}
        />
        <label className="compare-toggle">
          <input
            type="checkbox"
            checked={second !== undefined}
            onChange={(event) => setSecond(event.target.checked ? onlyImage : undefined)}
          />
          {t.inspect.compare}
        </label>
        {second && (
          <LayerList
            views={views}
            inspected={inspected}
            title={t.inspect.right}
            value={shown(second)}
            onChoose={setSecond}
          />
        )}
      </div>
      <div className="inspect-canvas">
        <CanvasView label={t.inspect.canvas} onReady={setCanvas} onKeyDown={pressed} />
        <div className="row canvas-controls">
          <Slider
            label={t.inspect.opacity}
            value={opacity}
            shown={formatPercent(opacity, 0)}
            onChange={setOpacity}
          />
          {second && (
            <Slider
              label={t.inspect.wipe}
              value={wipe}
              shown={formatPercent(wipe, 0)}
              onChange={setWipe}
            />
          )}
        </div>
      </div>
      <div className="scroll inspect-side">
        {layers === undefined && (
          <p className={failure === undefined ? "muted" : "failure"} role="status">
            {model === undefined ? t.inspect.noModel : (failure ?? t.inspect.looking)}
          </p>
        )}
        {layers?.head.tags.length === 0 && <p className="muted">{t.inspect.noTags}</p>}
        {layers && live && (
          <ThresholdSliders
            value={thresholds}
            model={layers.head.thresholds}
            label={live}
            isRefined={isRefined}
            refining={refining}
            onChange={(changed) => {
              setThresholds(changed);
              showPseudo(isRefined);
            }}
            onRefine={showPseudo}
          />
        )}
        {layers && <Relabel thresholds={thresholds} />}
        {layers && token !== undefined && (
          <TokenPanel token={token} affinity={affinity} columns={layers.head.tokens.width} />
        )}
        {layers && place ? (
          <Why state={state} place={place} />
        ) : (
          <p className="muted">{t.inspect.hint}</p>
        )}
      </div>
    </div>
  );
}

/** Draws a view, anew only when what it shows is another: as a threshold moves, most of the views stay what they are. */
function useLayer(view: ViewChoice | undefined, state: ViewState): CanvasLayer | undefined {
  const { inspected, look } = state;
  const stage = view?.kind === "labels" ? view.stage : undefined;
  const live = stage === "pseudo" ? state.live : undefined;
  const refined = stage === "pseudoRefined" ? state.refined : undefined;
  const token = view?.kind === "token" ? state.token : undefined;
  return useMemo(
    () => view && layerOf(view, { inspected, look, live, refined, token }),
    [view, inspected, look, live, refined, token],
  );
}

/** The affinity of a token; undefined until it is known. */
function useAffinity(
  id: number,
  model: string | undefined,
  token: number | undefined,
): TokenAffinity | undefined {
  const [known, setKnown] = useState<{
    readonly token: number;
    readonly affinity: TokenAffinity;
  }>();
  useEffect(() => {
    if (token === undefined || model === undefined) return;
    const ended = new AbortController();
    getAffinity(id, model, token, ended.signal).then(
      (affinity) => setKnown({ token, affinity }),
      // The panel goes on saying that it asks; another click asks again.
      () => undefined,
    );
    return () => ended.abort();
  }, [id, model, token]);
  return known !== undefined && known.token === token ? known.affinity : undefined;
}
