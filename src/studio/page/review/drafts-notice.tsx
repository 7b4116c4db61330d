import { useEffect, useState } from "react";
import type { Drafts } from "../../protocol.ts";
import { getJson, sendJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { routeHash } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";

/** Where drafts come from, as long as there are not drafts of all images. */
export function DraftsNotice() {
  const { t, project, onEvent, notify } = useStudio();
  const [drafts, setDrafts] = useState<Drafts>();
  useEffect(() => {
    getJson<Drafts>("/api/drafts").then(setDrafts, () => undefined);
    return onEvent((event) => {
      if (event.type === "drafts") setDrafts(event.drafts);
    });
  }, [onEvent]);

  const [model] = project.models;
  if (drafts?.state === "running") {
    return (
      <div className="drafts-notice" role="status">
        <p>{fill(t.review.drafting, { done: drafts.done, total: drafts.total })}</p>
        <progress max={drafts.total} value={drafts.done} />
      </div>
    );
  }
  if (model === undefined) {
    return (
      <div className="drafts-notice">
        <p>{t.review.noDrafts}</p>
        <a href={routeHash("train")}>{t.review.toTrain}</a>
      </div>
    );
  }
  if (model.drafts >= project.counts.images) return null;
  const start = (): void => {
    sendJson<Drafts>("POST", "/api/drafts", { model: model.id }).then(setDrafts, (error: unknown) =>
      notify(messageOf(error), "error"),
    );
  };
  return (
    <div className="drafts-notice">
      {drafts?.state === "failed" && (
        <p className="error">{fill(t.review.draftFailed, { message: drafts.error ?? "" })}</p>
      )}
      <button type="button" className="button" onClick={start}>
        {t.review.draftAll}
      </button>
    </div>
  );
}
