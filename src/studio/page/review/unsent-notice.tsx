import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { Conflict, Outbox } from "./outbox.ts";

/** What could not be stored as it is, and what the person can do about it. */
export function UnsentNotice({
  outbox,
  onChoose,
}: {
  readonly outbox: Outbox;
  readonly onChoose: (conflict: Conflict) => void;
}) {
  const { t } = useStudio();
  const { conflicts, refusals } = outbox;
  if (conflicts.length + refusals.length === 0) return null;
  return (
    <div className="unsent" role="alert">
      {conflicts.map((conflict) => (
        <div key={conflict.image.id}>
          <p>{fill(t.review.conflictTitle, { name: conflict.image.name })}</p>
          <button type="button" className="button" onClick={() => onChoose(conflict)}>
            {t.review.choose}
          </button>
        </div>
      ))}
      {refusals.map(({ image: { id, name }, message }) => (
        <p key={id}>{fill(t.review.refused, { name, message })}</p>
      ))}
      {refusals.length > 0 && (
        <button type="button" className="button" onClick={() => outbox.retry()}>
          {t.shell.tryAgain}
        </button>
      )}
    </div>
  );
}
