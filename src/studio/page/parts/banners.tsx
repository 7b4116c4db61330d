import { useState, useSyncExternalStore } from "react";
import { sendJson } from "../api.ts";
import { fill } from "../text.ts";
import type { EventStream } from "./events.ts";
import { useStudio } from "./studio.tsx";
import { messageOf } from "./message.ts";

/** What a person must know before anything else. */
export function Banners({ events }: { readonly events: EventStream }) {
  const { t, project } = useStudio();
  const connection = useSyncExternalStore(events.watch, events.connection);
  const { indexing } = project;
  return (
    <div className="banners" aria-live="polite">
      {connection === "offline" && (
        <p className="banner warn">
          {t.shell.away}{" "}
          <button type="button" className="button" onClick={events.retry}>
            {t.shell.tryAgain}
          </button>
        </p>
      )}
      {connection === "refused" && <p className="banner warn">{t.shell.refused}</p>}
      {project.tagsChangedOutside && <ChangedOutside />}
      {indexing !== null && (
        <p className="banner">
          {indexing.total === null
            ? fill(t.shell.indexing, { n: indexing.done })
            : fill(t.shell.indexingOf, { done: indexing.done, total: indexing.total })}
          <progress
            aria-label={t.shell.loading}
            max={indexing.total ?? undefined}
            value={indexing.total === null ? undefined : indexing.done}
          />
        </p>
      )}
    </div>
  );
}

/** Asks whose tags count after another program wrote tags.csv. */
function ChangedOutside() {
  const { t, notify, refresh } = useStudio();
  const [isBusy, setBusy] = useState(false);
  const settle = async (keep: "file" | "mine"): Promise<void> => {
    setBusy(true);
    try {
      await sendJson("POST", "/api/tags/reload", { keep });
      notify(t.shell.kept);
      refresh();
    } catch (error) {
      notify(messageOf(error), "error");
    }
    setBusy(false);
  };
  return (
    <p className="banner warn">
      {t.shell.outside}{" "}
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() => void settle("file")}
      >
        {t.shell.keepFile}
      </button>{" "}
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() => void settle("mine")}
      >
        {t.shell.keepMine}
      </button>
    </p>
  );
}
