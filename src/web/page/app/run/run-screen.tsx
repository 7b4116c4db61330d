import { FailureNote } from "../parts/failure.tsx";
import { useStore } from "../store.ts";
import { tab } from "./training.ts";
import { LiveRun } from "./live-run.tsx";
import { StoredRun } from "./stored-run.tsx";
import { Progress } from "../parts/progress.tsx";
import { t } from "../strings.ts";
import { useDetails } from "./use-details.ts";
import "./run.css";

/** A training: as it runs in this tab, or as it lies in the storage. */
export function RunScreen({ run }: { readonly run: string }) {
  const { training } = useStore(tab);
  const here = training?.state.run === run ? training : undefined;
  return (
    <div className="run">
      <h1>{run}</h1>
      {here ? <LiveRun key={run} training={here} /> : <Stored key={run} run={run} />}
    </div>
  );
}

function Stored({ run }: { readonly run: string }) {
  const { value: details, failure, read } = useDetails(run);
  if (failure) return <FailureNote failure={failure} onRetry={() => void read()} />;
  return details ? <StoredRun details={details} /> : <Progress label={t.working} />;
}
