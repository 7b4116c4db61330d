import { lazy, type ComponentType } from "react";
import type { Screen, ScreenProps } from "./parts/route.ts";

/** Each screen is fetched when it is first shown. */
export const screenViews: Readonly<Record<Screen, ComponentType<ScreenProps>>> = {
  start: lazy(() => import("./start/screen.tsx")),
  tag: lazy(() => import("./tag/screen.tsx")),
  train: lazy(() => import("./train/screen.tsx")),
  inspect: lazy(() => import("./inspect/screen.tsx")),
  review: lazy(() => import("./review/screen.tsx")),
  export: lazy(() => import("./export/screen.tsx")),
};
