import { Par } from "../../../method/refine/par.ts";
import { refine, type Refined, type ToRefine } from "./refine.ts";
import type { Thresholds } from "./stages.ts";

/** What is to be refined, before the first thresholds for it; thresholds are answered in their order. */
export type RefineRequest = { readonly work: ToRefine } | { readonly thresholds: Thresholds };
export type RefineAnswer = Refined | { readonly error: string };

/** The part of a worker's global scope that is used; TypeScript's declarations of pages lack it. */
interface Scope {
  onmessage: ((event: MessageEvent<RefineRequest>) => void) | null;
  postMessage(answer: RefineAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
/** PAR keeps its weights as long as the image is the same. */
let open: { readonly work: ToRefine; readonly par: Par } | undefined;

scope.onmessage = ({ data }) => {
  try {
    if ("work" in data) {
      open = { work: data.work, par: new Par(data.work.head.par) };
      return;
    }
    if (!open) throw new Error("PAR: thresholds came before the image");
    const refined = refine(open.work, data.thresholds, open.par);
    const { label, scores } = refined;
    scope.postMessage(refined, [label.data.buffer, scores.data.buffer] as ArrayBuffer[]);
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) }, []);
  }
};
