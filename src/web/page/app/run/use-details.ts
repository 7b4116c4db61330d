import { useCallback, useEffect, useState } from "react";
import type { Failure, RunDetails } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { useRepeated } from "../parts/use-repeated.ts";

/** What the storage has of a run. */
export function useDetails(run: string): {
  readonly details: RunDetails | undefined;
  readonly failure: Failure | undefined;
  readonly read: () => Promise<void>;
} {
  const [details, setDetails] = useState<RunDetails>();
  const [failure, setFailure] = useState<Failure>();
  const read = useCallback(async () => {
    try {
      setDetails(await desk.ask("readRun", run));
      setFailure(undefined);
    } catch (error) {
      setFailure(failureIn(error));
    }
  }, [run]);
  useEffect(() => void read(), [read]);
  useRepeated(read, details?.state === "running");
  return { details, failure, read };
}
