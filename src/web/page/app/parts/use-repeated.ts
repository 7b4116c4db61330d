import { useEffect } from "react";

/** Milliseconds between two looks. */
const pause = 2000;

/** Looks again and again while something changes that does not tell: a training in another tab, or a worker that is ending. */
export function useRepeated(look: () => void, isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return;
    const timer = setInterval(look, pause);
    return () => clearInterval(timer);
  }, [look, isNeeded]);
}
