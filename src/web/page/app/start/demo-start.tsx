import { useState } from "react";
import type { Failure } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { demoChoices, demoScenes, freeRunName } from "../data/choices.ts";
import { FailureNote } from "../parts/failure.tsx";
import { goTo, hrefOf } from "../route.ts";
import { begin, tab } from "../run/training.ts";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";

/** The demo, one press away. */
export function DemoStart() {
  const { training } = useStore(tab);
  const [failure, setFailure] = useState<Failure>();
  const start = async (): Promise<void> => {
    try {
      const name = freeRunName("demo", await desk.ask("runs", null));
      const data = { scenes: demoScenes };
      begin(name, (one) => one.start({ name, data, choices: demoChoices }));
      goTo({ screen: "run", run: name });
    } catch (error) {
      setFailure(failureIn(error));
    }
  };
  return (
    <section className="door panel">
      <h2>{t.start.demo}</h2>
      <p>{t.start.demoText}</p>
      {failure && <FailureNote failure={failure} />}
      <div className="row">
        <button
          type="button"
          className="button primary"
          disabled={training?.isActive}
          onClick={() => void start()}
        >
          {t.start.demoGo}
        </button>
        <a href={hrefOf({ screen: "demo" })}>{t.start.demoForm}</a>
      </div>
    </section>
  );
}
