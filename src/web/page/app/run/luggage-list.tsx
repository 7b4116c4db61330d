import { useState } from "react";
import type { Failure, Luggage } from "../../protocol.ts";
import { desk, failureIn } from "../client.ts";
import { FailureNote } from "../parts/failure.tsx";
import { save } from "../parts/save.ts";
import { t } from "../strings.ts";

const all = Object.keys(t.run.alongText) as Luggage[];

/** Everything that can be saved of a run. */
export function LuggageList({ run }: { readonly run: string }) {
  const [making, setMaking] = useState<Luggage>();
  const [failure, setFailure] = useState<Failure>();
  const make = async (what: Luggage): Promise<void> => {
    setMaking(what);
    setFailure(undefined);
    try {
      save(await desk.ask("takeAlong", { run, what }));
    } catch (error) {
      setFailure(failureIn(error));
    } finally {
      setMaking(undefined);
    }
  };
  return (
    <section className="panel luggage" aria-labelledby="along-title">
      <h2 id="along-title">{t.run.along}</h2>
      {failure && <FailureNote failure={failure} />}
      <ul>
        {all.map((what) => {
          const [label, ending] = t.run.alongText[what];
          const words = making === what ? t.run.making : `${t.run.save} ${ending}`;
          return (
            <li key={what}>
              <span>{label}</span>
              <button
                type="button"
                className="button"
                aria-label={`${words}: ${label}`}
                disabled={making !== undefined}
                onClick={() => void make(what)}
              >
                {words}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
