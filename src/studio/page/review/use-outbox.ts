import { useState, useSyncExternalStore } from "react";
import { useStudio, type StudioView } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import { Outbox } from "./outbox.ts";

/** It outlives the screen: changes are sent on while the person is elsewhere on the page. */
let shared: { readonly root: string; readonly outbox: Outbox } | undefined;
let latest: StudioView;

/** The changes on their way to the server; on first use, also those that earlier tabs have left. */
export function useOutbox(): Outbox {
  const studio = useStudio();
  latest = studio;
  const [outbox] = useState(() => {
    const { root } = studio.project;
    if (shared?.root !== root) shared = { root, outbox: makeOutbox(studio) };
    return shared.outbox;
  });
  useSyncExternalStore(outbox.watch, outbox.version);
  return outbox;
}

function makeOutbox({ project, save }: StudioView): Outbox {
  const tell = (text: string, values: Record<string, string | number>, kind: "info" | "error") =>
    latest.notify(fill(text, values), kind);
  return new Outbox({
    root: project.root,
    save,
    onRefused: (name, message) => tell(latest.t.review.refused, { name, message }, "error"),
    onNotKept: (reason) => tell(latest.t.review.notKept, { reason }, "error"),
    onTakenOver: (taken, lost) => {
      if (taken > 0) tell(latest.t.review.takenOver, { n: taken }, "info");
      if (lost > 0) tell(latest.t.review.notTakenOver, { n: lost }, "error");
    },
  });
}
