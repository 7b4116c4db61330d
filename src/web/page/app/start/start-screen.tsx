import { DemoStart } from "./demo-start.tsx";
import { RunList } from "./run-list.tsx";
import { hrefOf } from "../route.ts";
import { t } from "../strings.ts";

/** Three ways to begin, and the trainings that are here already. */
export function StartScreen() {
  return (
    <div className="start">
      <header>
        <h1>{t.start.heading}</h1>
        <p className="lead">{t.start.lead}</p>
      </header>
      <div className="doors">
        <section className="door panel">
          <h2>{t.start.masks}</h2>
          <p>{t.start.masksText}</p>
          <a className="button primary" href={hrefOf({ screen: "masks" })}>
            {t.start.masksGo}
          </a>
        </section>
        <section className="door panel">
          <h2>{t.start.train}</h2>
          <p>{t.start.trainText}</p>
          <a className="button primary" href={hrefOf({ screen: "train" })}>
            {t.start.trainGo}
          </a>
        </section>
        <DemoStart />
      </div>
      <RunList />
    </div>
  );
}
