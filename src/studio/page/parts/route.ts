import { useSyncExternalStore } from "react";

export const screens = ["start", "tag", "train", "inspect", "review", "export"] as const;
export type Screen = (typeof screens)[number];

export interface Route {
  readonly screen: Screen;
  /** Image that the screen is about; null without one. */
  readonly id: number | null;
}

/** What the shell tells a screen. */
export interface ScreenProps {
  /** Image that the screen is about; null without one. */
  readonly id: number | null;
}

/** Reads `#/review/12`; anything else is the tag screen. */
export function parseRoute(hash: string): Route {
  const [, name, id] = /^#\/(\w+)(?:\/(\d+))?$/.exec(hash) ?? [];
  const screen = screens.find((one) => one === name) ?? "tag";
  return { screen, id: id === undefined ? null : Number(id) };
}

/** The address of a screen, for links. */
export function routeHash(screen: Screen, id?: number | null): string {
  return id === undefined || id === null ? `#/${screen}` : `#/${screen}/${id}`;
}

export function go(screen: Screen, id?: number | null): void {
  location.hash = routeHash(screen, id);
}

/**
 * Names another image, or none, in the address of a screen; nothing if the person has gone to another screen meanwhile. It does not
 * become a step back in the browser.
 */
export function rename(screen: Screen, id?: number | null): void {
  if (parseRoute(location.hash).screen === screen) location.replace(routeHash(screen, id));
}

function listen(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

/** Where the page is, as its address says. Screens are told by the shell instead: the address may be that of the next one already. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(listen, () => location.hash));
}
