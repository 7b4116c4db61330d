import { lazy, Suspense } from "react";
import { failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import type { ChartsProps } from "./charts.tsx";

/** The library of the charts would be the largest part of what the page starts with. */
const Charts = lazy(() =>
  import("./charts.tsx").catch((error: unknown) => ({
    default: () => <FailureNote failure={failureIn(error)} />,
  })),
);

/** The curves of a training, whose code is fetched when one is first shown. */
export function Curves(props: ChartsProps) {
  return (
    <Suspense fallback={null}>
      <Charts {...props} />
    </Suspense>
  );
}
