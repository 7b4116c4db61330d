import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import { messageOf } from "../parts/message.ts";
import { labelName } from "../parts/label-name.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import { Growth } from "./growth.ts";
import { KeyboardBrush } from "./keyboard-brush.ts";
import type { MaskSession } from "./mask-session.ts";
import type { PaintSettings } from "./paint-settings.ts";
import { labelAt, PaintTool } from "./paint-tool.ts";
import { useSettings } from "./use-settings.ts";

/** Between a move of the keyboard's brush and its announcement, in ms: keys repeat faster than anyone listens. */
const announceMs = 250;

export interface Painting {
  readonly canvas: ImageCanvas | undefined;
  readonly tool: PaintTool | undefined;
  readonly keyboard: KeyboardBrush | undefined;
  readonly onReady: (canvas: ImageCanvas | undefined) => void;
  /** The settings, with a label that the image can have. */
  readonly settings: PaintSettings;
  readonly change: (change: Partial<PaintSettings>) => void;
  readonly palette: readonly number[];
  /** Whether the model is asked what belongs together. */
  readonly isGrowing: boolean;
  /** Where the keyboard's brush is, for screen readers. */
  readonly announcement: string;
  undo(): void;
  redo(): void;
}

/** A canvas with all that works on it. */
interface Made {
  readonly canvas: ImageCanvas;
  readonly tool: PaintTool;
  readonly keyboard: KeyboardBrush;
  readonly growth: Growth;
}

/** Brings canvas, tools and the opened image together. */
export function usePainting(session: MaskSession | undefined): Painting {
  const studio = useStudio();
  const { project, preferences, notify } = studio;
  const [chosen, change] = useSettings();
  const [made, setMade] = useState<Made>();
  const standing = useRef<Made>(undefined);
  const [isGrowing, setGrowing] = useState(false);
  const [announcement, setAnnouncement] = useState("");

  const tags = session?.details.tags;
  const palette = useMemo(
    () => session?.setPalette(project.classes.length, preferences.knownTags) ?? [],
    // The tags are a part of the session that changes.
    [session, tags, project.classes.length, preferences.knownTags],
  );
  const label = palette.includes(chosen.label) ? chosen.label : firstClass(palette);
  const settings = useMemo(() => ({ ...chosen, label }), [chosen, label]);

  const now = useRef({ settings, studio, model: project.models[0]?.id, change });
  useLayoutEffect(() => {
    now.current = { settings, studio, model: project.models[0]?.id, change };
    made?.canvas.host.classList.toggle("has-ring", /brush|erase/.test(settings.tool));
    made?.canvas.drawTop();
  });
  useEffect(() => made?.growth.update(), [made, settings.threshold]);
  useEffect(() => {
    if (settings.tool !== "grow") made?.growth.close();
  }, [made, settings.tool]);

  const onReady = useCallback(
    (canvas: ImageCanvas | undefined) => {
      standing.current?.tool.finish();
      standing.current?.keyboard.close();
      standing.current = undefined;
      if (canvas === undefined) return setMade(undefined);
      const growth = new Growth({
        settings: () => now.current.settings,
        model: () => now.current.model,
        onBusy: setGrowing,
        onChange: (changed, rect) => canvas.draw(changed.layer.update(rect)),
        onFailed: (error) => notify(messageOf(error), "error"),
      });
      const tool = new PaintTool(canvas, {
        settings: () => now.current.settings,
        change: (next) => now.current.change(next),
        growth,
      });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const keyboard = new KeyboardBrush(canvas, tool, (at, isPainting) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const { studio: shown, settings: used } = now.current;
          const under = tool.session && labelAt(tool.session, at);
          const painted = used.tool === "erase" ? 0 : used.label;
          const name = labelName(shown, isPainting ? painted : (under ?? 0));
          const text = isPainting ? shown.t.review.atPainting : shown.t.review.at;
          setAnnouncement(fill(text, { x: Math.floor(at.x), y: Math.floor(at.y), name }));
        }, announceMs);
      });
      canvas.setTool(tool);
      standing.current = { canvas, tool, keyboard, growth };
      setMade(standing.current);
    },
    [notify],
  );

  useLayoutEffect(() => {
    if (made === undefined) return;
    made.tool.setSession(session);
    made.canvas.setImage(session?.pictures, session?.map ?? { width: 1, height: 1 });
    made.canvas.setLayers(session ? [session.layer] : []);
  }, [made, session]);

  const step = (take: (of: MaskSession) => ReturnType<MaskSession["undo"]>): void => {
    if (made === undefined || session === undefined || made.tool.isPainting) return;
    made.growth.close();
    const changed = take(session);
    if (changed) made.canvas.draw(session.layer.update(changed));
  };
  return {
    canvas: made?.canvas,
    tool: made?.tool,
    keyboard: made?.keyboard,
    onReady,
    settings,
    change,
    palette,
    isGrowing,
    announcement,
    undo: () => step((of) => of.undo()),
    redo: () => step((of) => of.redo()),
  };
}

/** The first class of a palette; "not known" if it has none. */
function firstClass(palette: readonly number[]): number {
  return palette.find((label) => label !== 0) ?? 0;
}
