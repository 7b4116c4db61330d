import type { DataFacts } from "../../protocol.ts";
import { shownMessage } from "../parts/failure.tsx";
import { t } from "../strings.ts";

/** Problems that are shown one by one. */
const mostShown = 30;
/** Training images of a class, in the mean, below which masks cannot be expected to be good. */
const enough = 100;

/** What is in the images, and what is wrong with them. */
export function DataSummary({
  facts,
  onOther,
  onTag,
}: {
  readonly facts: DataFacts;
  readonly onOther: () => void;
  readonly onTag: () => void;
}) {
  const { name, format, classes, perClass, training, validation, masks, sides } = facts;
  const { problems, obstacle } = facts;
  const most = Math.max(1, ...perClass);
  const mean = perClass.reduce((sum, count) => sum + count, 0) / Math.max(1, perClass.length);
  // Errors first: without them a training can start.
  const ordered = [...problems].sort((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0)); // prettier-ignore
  return (
    <section className="panel summary" aria-labelledby="found-title">
      <div className="row">
        <h2 id="found-title">{t.data.found(name)}</h2>
        <button type="button" className="plain" onClick={onOther}>
          {t.data.other}
        </button>
      </div>
      {obstacle !== undefined && (
        <div className="failure-note" role="alert">
          <p>{shownMessage(t.data.obstacle(obstacle))}</p>
          <button type="button" className="button" onClick={onTag}>
            {t.data.tagInstead}
          </button>
        </div>
      )}
      <ul className="facts">
        <li>{t.data.images(training, validation)}</li>
        <li>{t.data.masks(masks)}</li>
        <li>{t.data.sides(...sides)}</li>
        <li>{t.data.format(format)}</li>
      </ul>
      {obstacle === undefined && mean < enough && <p className="muted">{t.data.few}</p>}
      <h3>{t.data.perClass}</h3>
      <ul className="class-counts">
        {classes.map((label, i) => (
          <li key={label}>
            <span className="class-name">{label}</span>
            <meter aria-label={label} max={most} value={perClass[i] ?? 0} />
            <span>{perClass[i] ?? 0}</span>
          </li>
        ))}
      </ul>
      {problems.length > 0 && (
        <details open={obstacle !== undefined}>
          <summary>{t.data.problems(problems.length)}</summary>
          <ul className="problems">
            {ordered.slice(0, mostShown).map(({ severity, file, line, message }, i) => (
              <li key={i} className={severity === "error" ? "error" : undefined}>
                <b>{shownMessage(file) + (line === undefined ? "" : `:${line}`)}</b>: {message}
              </li>
            ))}
          </ul>
          {problems.length > mostShown && <p>{t.data.moreProblems(problems.length - mostShown)}</p>}
        </details>
      )}
    </section>
  );
}
