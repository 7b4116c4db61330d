import { useId, useState } from "react";
import { getJson, sendJson } from "../api.ts";
import { Icon } from "../parts/icons.tsx";
import { messageOf } from "../parts/message.ts";
import { routeHash } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";
import "./start.css";

/** What the studio is for, and how things stand with the data. */
export default function StartScreen() {
  const { t, project } = useStudio();
  const isEmpty = project.counts.images === 0 && project.indexing === null;
  const steps = [
    [t.start.stepTag, t.start.stepTagText],
    [t.start.stepTrain, t.start.stepTrainText],
    [t.start.stepReview, t.start.stepReviewText],
  ] as const;
  return (
    <div className="start">
      <h1>{t.start.title}</h1>
      <p className="lead">{t.start.about}</p>
      <ol className="steps">
        {steps.map(([title, text]) => (
          <li key={title} className="panel">
            <h2>{title}</h2>
            <p className="muted">{text}</p>
          </li>
        ))}
      </ol>
      {isEmpty && <EmptyFolder />}
      <Data />
    </div>
  );
}

/** Where to put photographs, and a sample for those who only want to look. */
function EmptyFolder() {
  const { t, project, notify, refresh } = useStudio();
  const [isBusy, setBusy] = useState(false);
  const title = useId();
  const putSample = async (): Promise<void> => {
    setBusy(true);
    try {
      await sendJson("POST", "/api/sample", {});
      const { counts } = await getJson<typeof project>("/api/project");
      notify(fill(t.start.sampleDone, { n: counts.images }));
      refresh();
    } catch (error) {
      notify(messageOf(error), "error");
    }
    setBusy(false);
  };
  return (
    <section className="panel empty-folder" aria-labelledby={title}>
      <h2 id={title}>{t.start.emptyTitle}</h2>
      <p>{t.start.putHere}</p>
      <p className="failure">{project.root}</p>
      <p>{t.start.orSample}</p>
      <p className="row">
        <button
          type="button"
          className="button primary"
          disabled={isBusy}
          onClick={() => void putSample()}
        >
          {isBusy ? t.start.sampleBusy : t.start.sample}
        </button>
      </p>
    </section>
  );
}

/** The folder, what is in it, and what is wrong with it. */
function Data() {
  const { t, project } = useStudio();
  const { counts, problems } = project;
  const title = useId();
  const facts: readonly (readonly [string, string | number])[] = [
    [t.start.folder, project.root],
    [t.start.ownFolder, project.folder],
    [t.start.format, project.format],
    [t.start.images, counts.images],
    [t.start.untagged, counts.untagged],
    [t.start.withProblems, counts.problems],
    [t.start.classes, project.classes.length],
    [t.start.corrections, counts.corrections],
    [t.start.models, project.models.length],
    [t.start.version, project.version],
  ];
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.start.dataTitle}</h2>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "number" ? formatNumber(value) : value}</dd>
          </div>
        ))}
      </dl>
      <h3>{t.start.problems}</h3>
      {problems.length === 0 && <p className="muted">{t.start.noProblems}</p>}
      <ul className="problems">
        {problems.map(({ severity, message }) => (
          <li key={message} className={severity === "error" ? "error" : "warning"}>
            <Icon name="warning" /> <span>{message}</span>
          </li>
        ))}
      </ul>
      {counts.images > 0 && (
        <p className="row">
          <a className="button primary" href={routeHash("tag")}>
            {t.start.goTag}
          </a>
        </p>
      )}
      <p>
        <a href="./licenses.txt" target="_blank">
          {t.start.licenses}
        </a>
      </p>
    </section>
  );
}
