import { useEffect, useState } from "react";
import type { ReviewSummary } from "../../protocol.ts";
import { getJson } from "../api.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber, formatPercent } from "../text.ts";

/** Drawn items with verdicts that an estimate needs. */
const leastDrawn = 5;
/** Between a verdict and the new numbers, in ms. */
const restMs = 250;

/** How much is left, how fast it goes, and how good the masks are expected to be. */
export function Summary({
  round,
}: {
  /** Another number fetches the summary again. */
  readonly round: number;
}) {
  const { t, onEvent } = useStudio();
  const [summary, setSummary] = useState<ReviewSummary>();
  const [changes, setChanges] = useState(0);
  useEffect(
    () =>
      onEvent(({ type }) => {
        if (type === "list" || type === "project") setChanges((before) => before + 1);
      }),
    [onEvent],
  );
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      getJson<ReviewSummary>("/api/review/summary", { signal: stop.signal }).then(
        setSummary,
        // The numbers stay as they were; a banner tells when the server is away.
        () => undefined,
      );
    }, restMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [round, changes]);
  if (summary === undefined) return <p className="summary muted" />;
  const { left, perHour, expected, drawn } = summary;
  const parts = [fill(t.review.left, { n: left })];
  if (perHour !== null) {
    parts.push(fill(t.review.perHour, { n: formatNumber(perHour, { maximumFractionDigits: 0 }) }));
  }
  if (expected) {
    const [mean, low, high] = [expected.meanIou, expected.low, expected.high].map((share) =>
      formatPercent(share),
    ) as [string, string, string];
    parts.push(fill(t.review.expected, { mean, low, high }));
  } else if (left > 0 && drawn < leastDrawn) {
    parts.push(fill(t.review.expectedMore, { n: leastDrawn - drawn }));
  }
  return <p className="summary">{parts.join(" · ")}</p>;
}
