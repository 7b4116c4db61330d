import { lazy, type ComponentType } from "react";
import type { Screen } from "./parts/route.ts";

const loaders = import.meta.glob<{ default: ComponentType }>("./*/screen.tsx");

/** Each screen is fetched when it is first shown. */
export const screenViews: Partial<Record<Screen, ComponentType>> = Object.fromEntries(
  Object.entries(loaders).map(([path, load]) => [path.split("/")[1]!, lazy(load)]),
);
