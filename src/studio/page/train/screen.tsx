import { useState } from "react";
import type { Run } from "../../protocol.ts";
import { useStudio } from "../parts/studio.tsx";
import { NewRunForm } from "./new-run.tsx";
import { RunList } from "./run-list.tsx";
import { RunView } from "./run-view.tsx";
import { useRuns } from "./use-runs.ts";
import "./train.css";

/** Starts trainings and shows what they learn. */
export default function TrainScreen() {
  const { t } = useStudio();
  const { runs, add } = useRuns();
  const [chosen, setChosen] = useState<string>();
  const shown = runs.find(({ id }) => id === chosen) ?? runs[0];
  const started = (run: Run): void => {
    add(run);
    setChosen(run.id);
  };
  return (
    <div className="train">
      <div>
        <NewRunForm runs={runs} onStarted={started} />
        <RunList runs={runs} shown={shown?.id} onChoose={setChosen} />
      </div>
      <div>
        {shown === undefined ? (
          <p className="notice muted">{t.train.none}</p>
        ) : (
          <RunView key={shown.id} run={shown} runs={runs} />
        )}
      </div>
    </div>
  );
}
