import { useId, useState } from "react";
import type { Comparison, Run } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { routeHash } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";

/** How near the masks of a run are to the corrected ones, beside those of another. */
export function CompareRuns({
  after,
  runs,
}: {
  readonly after: Run;
  readonly runs: readonly Run[];
}) {
  const { t, project, notify } = useStudio();
  const title = useId();
  const models = new Set(project.models.map(({ id }) => id));
  const others = runs.filter(({ id }) => id !== after.id && models.has(id));
  const [given, setBefore] = useState<string>();
  const [comparison, setComparison] = useState<Comparison>();
  const [isBusy, setBusy] = useState(false);
  const before = others.find(({ id }) => id === (given ?? after.from)) ?? others[0];
  if (before === undefined || !models.has(after.id) || project.counts.corrections === 0)
    return null;
  const compare = async (): Promise<void> => {
    setBusy(true);
    try {
      const request = { before: before.id, after: after.id };
      setComparison(await sendJson<Comparison>("POST", "/api/compare", request));
    } catch (error) {
      notify(messageOf(error), "error");
    }
    setBusy(false);
  };
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.train.compare}</h2>
      <div className="row">
        <label className="row">
          {t.train.compareWith}
          <select
            value={before.id}
            onChange={(event) => {
              setBefore(event.target.value);
              setComparison(undefined);
            }}
          >
            {others.map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <button type="button" className="button" disabled={isBusy} onClick={() => void compare()}>
          {isBusy ? t.train.comparing : t.train.compareStart}
        </button>
      </div>
      {comparison !== undefined && (
        <Result comparison={comparison} before={before.id} after={after.id} />
      )}
    </section>
  );
}

function Result({
  comparison: { images, before, after, trainedOn },
  ...names
}: {
  readonly comparison: Comparison;
  readonly before: string;
  readonly after: string;
}) {
  const { t } = useStudio();
  const show = (share: number | null): string => (share === null ? "–" : formatPercent(share));
  return (
    <>
      {trainedOn && <p className="warning">{fill(t.train.trainedOn, { id: names.after })}</p>}
      <table className="per-class">
        <thead>
          <tr>
            <th scope="col">{t.train.image}</th>
            <th scope="col">{names.before}</th>
            <th scope="col">{names.after}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <b>{t.train.mean}</b>
            </th>
            <td className="number">{show(before)}</td>
            <td className="number">{show(after)}</td>
          </tr>
          {images.map((image) => (
            <tr key={image.id}>
              <th scope="row">
                <a href={routeHash("inspect", image.id)}>{fill(t.train.imageNumber, image)}</a>
              </th>
              <td className="number">{show(image.before)}</td>
              <td className="number">{show(image.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
