import { useSyncExternalStore } from "react";

/** What the page shows, as the part of its address after #. */
export type Route =
  | { readonly screen: "start" | "masks" | "train" | "demo" }
  | { readonly screen: "run"; readonly run: string };

export function hrefOf(route: Route): string {
  return route.screen === "run" ? `#/run/${encodeURIComponent(route.run)}` : `#/${route.screen}`;
}

export function goTo(route: Route): void {
  location.hash = hrefOf(route);
}

/** The route of an address; the start where it says nothing. */
export function routeOf(hash: string): Route {
  const [, screen = "", run] = hash.split("/");
  if (screen === "run" && run !== undefined) return { screen, run: decoded(run) };
  if (screen === "masks" || screen === "train" || screen === "demo") return { screen };
  return { screen: "start" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(watchHash, () => location.hash);
  return routeOf(hash);
}

function watchHash(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}
