import { useEffect, useRef, useState } from "react";
import type { Layers } from "../../layers.ts";
import type { RefineAnswer, RefineRequest } from "./refine-worker.ts";
import type { Refined } from "./refine.ts";
import type { Thresholds } from "./stages.ts";

/** What PAR makes of the activations: the last that is known, which may be that of thresholds from just before. */
export interface Refining {
  readonly refined: Refined | undefined;
  readonly isBusy: boolean;
  /** Why it cannot be computed. */
  readonly failure: string | undefined;
}

/** Refines the activations in a worker whenever the thresholds are others. */
export function useRefined(layers: Layers | undefined, thresholds: Thresholds): Refining {
  const [refined, setRefined] = useState<Refined>();
  const [failure, setFailure] = useState<string>();
  const refiner = useRef<Refiner>(undefined);
  useEffect(() => {
    if (layers === undefined) return;
    const own = new Refiner(layers, (answer) => {
      if ("error" in answer) setFailure(answer.error);
      else setRefined(answer);
    });
    refiner.current = own;
    return () => {
      own.end();
      refiner.current = undefined;
      setRefined(undefined);
      setFailure(undefined);
    };
  }, [layers]);
  useEffect(() => refiner.current?.ask(thresholds), [layers, thresholds]);
  const isKnown = refined !== undefined && areSame(refined.thresholds, thresholds);
  const isBusy = layers !== undefined && failure === undefined && !isKnown;
  return { refined, isBusy, failure };
}

function areSame(a: Thresholds, b: Thresholds): boolean {
  return a.low === b.low && a.high === b.high;
}

/** A worker that refines the activations of one image; of thresholds that come while it computes, only the last ones count. */
class Refiner {
  readonly #worker = new Worker(new URL("./refine-worker.ts", import.meta.url), { type: "module" });
  #asked: Thresholds | undefined;
  #waiting: Thresholds | undefined;

  constructor({ head, parts }: Layers, tell: (answer: RefineAnswer) => void) {
    this.#worker.onmessage = ({ data }: MessageEvent<RefineAnswer>) => {
      const waiting = this.#waiting;
      this.#asked = this.#waiting = undefined;
      tell(data);
      if (waiting) this.ask(waiting);
    };
    this.#worker.onerror = ({ message }) => tell({ error: message || "the worker cannot be started" }); // prettier-ignore
    // Copies: the layers are views of one buffer, which would be sent as a whole.
    const [cam, pixels] = [parts.cam.slice(), parts.pixels.slice()];
    this.#send({ work: { head, parts: { cam, pixels } } }, [cam.buffer, pixels.buffer]);
  }

  ask({ low, high }: Thresholds): void {
    if (this.#asked) {
      this.#waiting = { low, high };
      return;
    }
    this.#asked = { low, high };
    this.#send({ thresholds: this.#asked });
  }

  end(): void {
    this.#worker.terminate();
  }

  #send(request: RefineRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }
}
