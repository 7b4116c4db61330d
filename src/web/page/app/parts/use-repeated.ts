import { useEffect } from "react";

/** Milliseconds between an answer and the next look. */
const pause = 2000;

/** Looks again and again while something changes that does not tell: a training in another tab, or a worker that is ending. */
export function useRepeated(look: () => Promise<void>, isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      if (!isOver) timer = setTimeout(() => void look().then(wait), pause);
    };
    wait();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [look, isNeeded]);
}
