import { useCallback, useEffect, useRef, useState } from "react";
import { useStudio } from "../parts/studio.tsx";
import type { PaintSettings } from "./paint-settings.ts";

/** Between a change of the brush and its storing, in ms: the wheel makes many. */
const restMs = 500;

/** What was chosen when the screen was last left. */
let remembered: PaintSettings | undefined;

/** What the person paints with; the size of the brush is kept with the preferences. */
export function useSettings(): [PaintSettings, (change: Partial<PaintSettings>) => void] {
  const { preferences, setPreferences } = useStudio();
  const [settings, setSettings] = useState<PaintSettings>(
    () =>
      remembered ?? {
        tool: "brush",
        label: 1,
        size: preferences.brushSize,
        over: "unlocked",
        locked: new Set(),
        tolerance: 255,
        threshold: 0.6,
      },
  );
  const store = useRef(setPreferences);
  useEffect(() => void (store.current = setPreferences), [setPreferences]);
  const { size } = settings;
  const stored = useRef(size);
  useEffect(() => {
    remembered = settings;
  }, [settings]);
  useEffect(() => {
    if (stored.current === size) return undefined;
    const timer = setTimeout(() => {
      stored.current = size;
      void store.current({ brushSize: size });
    }, restMs);
    return () => clearTimeout(timer);
  }, [size]);
  const change = useCallback((next: Partial<PaintSettings>) => {
    setSettings((before) => ({ ...before, ...next }));
  }, []);
  return [settings, change];
}
