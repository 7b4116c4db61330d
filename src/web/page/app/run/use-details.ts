import { useCallback } from "react";
import type { RunDetails } from "../../protocol.ts";
import { desk } from "../client.ts";
import { useRead, type Read } from "../parts/use-read.ts";

/** What the storage has of a run. */
export function useDetails(run: string): Read<RunDetails> {
  return useRead(
    useCallback(() => desk.ask("readRun", run), [run]),
    isRunning,
  );
}

const isRunning = ({ state }: RunDetails): boolean => state === "running";
