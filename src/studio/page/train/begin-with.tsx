import type { Choices, Model } from "../../protocol.ts";
import { useStudio } from "../parts/studio.tsx";
import type { Strings } from "../strings/en.ts";
import { fill, formatNumber } from "../text.ts";

/** Weights that a training can begin with. */
export interface Beginning {
  readonly key: string;
  readonly label: string;
  /** A name of the catalog. */
  readonly weights?: string;
  /** Id of a run. */
  readonly run?: string;
  readonly note?: string;
}

/** All of them: the current model first, then published weights, then none. */
export function beginnings(
  choices: Choices | undefined,
  models: readonly Model[],
  t: Strings,
): readonly Beginning[] {
  const published = choices?.weights ?? [];
  return [
    ...models.map(({ id, step }) => ({
      key: `run ${id}`,
      label: fill(t.train.fromRun, { id, step }),
      run: id,
    })),
    { key: "random", label: t.train.random, note: t.train.randomNote },
    ...published.map(({ name, license, bytes, isHere }) => ({
      key: `weights ${name}`,
      label: isHere ? name : `${name} · ${sizeOf(bytes, t)}`,
      weights: name,
      note: fill(t.train.license, { license }),
    })),
  ];
}

export function BeginWith({
  all,
  value,
  onChoose,
}: {
  readonly all: readonly Beginning[];
  readonly value: Beginning;
  readonly onChoose: (beginning: Beginning) => void;
}) {
  const { t } = useStudio();
  return (
    <label className="field">
      {t.train.begin}
      <select
        value={value.key}
        onChange={(event) => onChoose(all.find(({ key }) => key === event.target.value)!)}
      >
        {all.map(({ key, label }) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {value.note !== undefined && <small>{value.note}</small>}
    </label>
  );
}

function sizeOf(bytes: number | null, t: Strings): string {
  if (bytes === null) return t.train.toFetch;
  const megabytes = formatNumber(bytes / 1e6, { maximumFractionDigits: 0 });
  return fill(t.train.toFetchSize, { size: `${megabytes} MB` });
}
