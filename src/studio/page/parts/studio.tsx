import { createContext, use } from "react";
import type { Preferences, Project, StudioEvent } from "../../protocol.ts";
import type { Strings } from "../strings/en.ts";
import type { Language } from "../text.ts";

/** What all screens share. */
export interface StudioView {
  readonly project: Project;
  /** Fetches the project again. */
  refresh(): void;
  readonly preferences: Preferences;
  /** Stores a change of the preferences, for all tabs; resolves when the server has it, or has refused it, which is told. */
  setPreferences(change: Partial<Preferences>): Promise<void>;
  readonly t: Strings;
  readonly language: Language;
  /** @returns ends it */
  onEvent(listen: (event: StudioEvent) => void): () => void;
  /** Shows a message for a while; an error stays until it is closed. */
  notify(message: string, kind?: "info" | "error"): void;
  /** Color of a class as #rrggbb: the one chosen, or that of overlays. */
  colorOf(classIndex: number): string;
  /**
   * Counts work as not saved until it is done, and repeats it when the server answers again if it could not be reached.
   * The page warns before it is left meanwhile.
   */
  save<T>(work: () => Promise<T>): Promise<T>;
  /** Repeats a question that could not reach the server as soon as the server answers. */
  reach<T>(ask: () => Promise<T>): Promise<T>;
  /** False while the server does not answer. */
  readonly isOnline: boolean;
}

export const StudioContext = createContext<StudioView | undefined>(undefined);

export function useStudio(): StudioView {
  const view = use(StudioContext);
  if (view === undefined) throw new Error("useStudio: no studio around this component");
  return view;
}
