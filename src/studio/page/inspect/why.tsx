import { useId, type ReactNode } from "react";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { labelName, LabelSwatch } from "../parts/label-name.tsx";
import { useStudio } from "../parts/studio.tsx";
import { formatNumber } from "../text.ts";
import {
  hasBackground,
  labelAt,
  scoresAt,
  scoreStages,
  valuesAt,
  type LabelStage,
  type Place,
} from "./stages.ts";
import { labelsFor, type ViewState } from "./view-choice.ts";

/** Why a pixel is what it is: its scores and labels along all stages, from class activations to the correction. */
export function Why({ state, place }: { readonly state: ViewState; readonly place: Place }) {
  const { t } = useStudio();
  const title = useId();
  const { layers, picture } = state.inspected;
  if (layers === undefined) return null;
  const { tags } = layers.head;
  const [x, y] = [
    Math.min(picture.width - 1, Math.floor(place.x * picture.width)),
    Math.min(picture.height - 1, Math.floor(place.y * picture.height)),
  ];
  const scores = scoreStages.map((stage) => {
    const values = scoresAt(layers, stage, place);
    const name = t.inspect.stages[stage];
    return { name, values: hasBackground(stage) ? values : [undefined, ...values] };
  });
  const [cam, propagated, refined, probabilities] = scores;
  // Scores of the background and the tags with the low background score, then with the high one.
  const afterPar = state.refined && valuesAt(state.refined.scores, place);
  const labels = (name: LabelStage): ReactNode => {
    const map = labelsFor(name, state);
    return (
      map && (
        <LabelRow name={t.inspect.stages[name]} map={map} place={place} span={tags.length + 1} />
      )
    );
  };
  return (
    <section className="panel why" aria-labelledby={title}>
      <h3 id={title}>{t.inspect.why}</h3>
      <table>
        <caption>
          {t.inspect.pixel} {formatNumber(x)}, {formatNumber(y)}
        </caption>
        <thead>
          <tr>
            <th scope="col">{t.inspect.stage}</th>
            <th scope="col">{t.label.background}</th>
            {tags.map((tag) => (
              <th key={tag} scope="col">
                <LabelName label={tag + 1} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <ScoreRow {...cam!} />
          {labels("pseudo")}
          {afterPar && (
            <>
              <ScoreRow name={t.inspect.refinedLow} values={afterPar.slice(0, tags.length + 1)} />
              <ScoreRow name={t.inspect.refinedHigh} values={afterPar.slice(tags.length + 1)} />
            </>
          )}
          {labels("pseudoRefined")}
          <ScoreRow {...propagated!} />
          <ScoreRow {...refined!} />
          {labels("pseudoLabel")}
          <ScoreRow {...probabilities!} />
          {labels("prediction")}
          {labels("crf")}
          {labels("correction")}
        </tbody>
      </table>
    </section>
  );
}

function ScoreRow({
  name,
  values,
}: {
  readonly name: string;
  /** Background first, undefined where the stage has none. */
  readonly values: readonly (number | undefined)[];
}) {
  const highest = Math.max(...values.map((value) => value ?? 0));
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, k) => (
        <td key={k} className={value !== undefined && value === highest ? "highest" : ""}>
          {value === undefined
            ? ""
            : formatNumber(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}
        </td>
      ))}
    </tr>
  );
}

function LabelRow({
  name,
  map,
  place,
  span,
}: {
  readonly name: string;
  readonly map: LabelMap;
  readonly place: Place;
  /** Columns of the table after the first. */
  readonly span: number;
}) {
  return (
    <tr className="label-row">
      <th scope="row">{name}</th>
      <td colSpan={span}>
        <LabelName label={labelAt(map, place)} />
      </td>
    </tr>
  );
}

/** The name of a label, with its color if it is a class. */
export function LabelName({ label }: { readonly label: number }) {
  const studio = useStudio();
  const isClass = label !== 0 && label !== ignoreIndex;
  return (
    <>
      {isClass && <LabelSwatch label={label} />} {labelName(studio, label)}
    </>
  );
}
