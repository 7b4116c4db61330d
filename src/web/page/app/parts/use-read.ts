import { useCallback, useEffect, useState } from "react";
import type { Failure } from "../../protocol.ts";
import { failureIn } from "../client.ts";

/** Milliseconds between an answer and the next question. */
const pause = 2000;

/** What was read last. */
export interface Read<Value> {
  readonly value: Value | undefined;
  /** Why the last reading failed. */
  readonly failure: Failure | undefined;
  /** Reads again. */
  readonly read: () => Promise<void>;
}

/**
 * Asks for something in the storage, and again and again while it changes without telling: by a training in another tab, or by a
 * worker that is ending. Both functions must stay the same ones as long as the question does.
 */
export function useRead<Value>(
  ask: () => Promise<Value>,
  isChanging: (value: Value) => boolean,
): Read<Value> {
  const [value, setValue] = useState<Value>();
  const [failure, setFailure] = useState<Failure>();
  const read = useCallback(async () => {
    try {
      setValue(await ask());
      setFailure(undefined);
    } catch (error) {
      setFailure(failureIn(error));
    }
  }, [ask]);
  useEffect(() => void read(), [read]);
  const isRepeated = value !== undefined && isChanging(value);
  useEffect(() => {
    if (!isRepeated) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      if (!isOver) timer = setTimeout(() => void read().then(wait), pause);
    };
    wait();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [read, isRepeated]);
  return { value, failure, read };
}
