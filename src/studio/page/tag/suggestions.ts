import { useEffect, useState } from "react";
import type { Suggestions } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { useStudio } from "../parts/studio.tsx";
import { messageOf } from "../parts/message.ts";

/** Most images of a request, as the server takes them. */
export const mostSuggested = 64;
/** A score from which a suggested tag is accepted. */
export const acceptedScore = 0.5;
/** Lower scores are not worth a look. */
const shownScore = 0.05;
/** The focus may only be passing by. */
const restMs = 180;

export interface Suggested {
  readonly tag: number;
  readonly score: number;
}

export interface SuggestionState {
  /** By image; those that are not here yet are missing. */
  readonly byImage: ReadonlyMap<number, readonly Suggested[]>;
  readonly isAsking: boolean;
  readonly error: string | undefined;
}

const nothing: SuggestionState = { byImage: new Map(), isAsking: false, error: undefined };

/** What the current model sees in images, asked for once they have been looked at for a moment. */
export function useSuggestions(ids: readonly number[]): SuggestionState {
  const { project } = useStudio();
  const model = project.models[0]?.id;
  const [state, setState] = useState<SuggestionState & { readonly model?: string }>(nothing);
  const wanted = ids.slice(0, mostSuggested).join();
  useEffect(() => {
    if (model === undefined || wanted === "") return undefined;
    const known = state.model === model ? state.byImage : new Map<number, readonly Suggested[]>();
    const missing = wanted
      .split(",")
      .map(Number)
      .filter((id) => !known.has(id));
    if (missing.length === 0) return undefined;
    let isLatest = true;
    const timer = setTimeout(async () => {
      setState({ model, byImage: known, isAsking: true, error: undefined });
      try {
        const answer = await sendJson<Suggestions>("POST", "/api/suggest", { ids: missing });
        if (!isLatest) return;
        const added = answer.images.map(
          ({ id, tags }) => [id, tags.filter(({ score }) => score >= shownScore)] as const,
        );
        setState({
          model,
          byImage: new Map([...known, ...added]),
          isAsking: false,
          error: undefined,
        });
      } catch (error) {
        if (!isLatest) return;
        const message = messageOf(error);
        setState({ model, byImage: known, isAsking: false, error: message });
      }
    }, restMs);
    return () => {
      isLatest = false;
      clearTimeout(timer);
    };
    // Not again when the answer comes in.
  }, [wanted, model]);
  return model === undefined ? nothing : state;
}
