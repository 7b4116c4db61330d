import { useSyncExternalStore } from "react";

/** Settings by key that one screen proposes for the next training, such as thresholds that were tried out. */
export type ProposedSettings = Readonly<Record<string, number>>;

let proposed: ProposedSettings = {};
const listeners = new Set<() => void>();

/** Takes the place of what was proposed before; an empty object withdraws it. */
export function proposeSettings(settings: ProposedSettings): void {
  proposed = settings;
  for (const listen of listeners) listen();
}

function listen(changed: () => void): () => void {
  listeners.add(changed);
  return () => void listeners.delete(changed);
}

export function useProposedSettings(): ProposedSettings {
  return useSyncExternalStore(listen, () => proposed);
}
