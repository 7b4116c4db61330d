import { useId } from "react";
import { useStudio } from "../parts/studio.tsx";
import { LabelName } from "./why.tsx";
import { scoreStages } from "./stages.ts";
import type { Inspected } from "./use-inspected.ts";
import { tokenViews, viewKey, type ViewChoice } from "./view-choice.ts";

/** All that can be shown of an image, in the order of the method. */
export function viewsOf({ layers, correction }: Inspected, hasToken: boolean): ViewChoice[] {
  const tags = [...(layers?.head.tags.keys() ?? [])];
  const scores = (stage: (typeof scoreStages)[number]): ViewChoice[] =>
    tags.map((tag) => ({ kind: "scores", stage, tag }));
  const labels = (stage: Extract<ViewChoice, { kind: "labels" }>["stage"]): ViewChoice[] => [
    { kind: "labels", stage },
  ];
  const seen =
    layers === undefined
      ? []
      : [
          ...scores("cam"),
          ...labels("pseudo"),
          ...labels("pseudoRefined"),
          ...scores("propagated"),
          ...scores("refined"),
          ...labels("pseudoLabel"),
          ...scores("probabilities"),
          ...labels("prediction"),
          ...labels("crf"),
        ];
  return [
    { kind: "image" },
    ...(hasToken ? tokenViews.map((of): ViewChoice => ({ kind: "token", of })) : []),
    ...seen,
    ...(correction ? labels("correction") : []),
  ];
}

/** Chooses what is shown over the image: one view, or two on the sides of a line that wipes between them. */
export function LayerList({
  views,
  inspected,
  title,
  value,
  onChoose,
}: {
  readonly views: readonly ViewChoice[];
  readonly inspected: Inspected;
  readonly title: string;
  readonly value: ViewChoice;
  readonly onChoose: (view: ViewChoice) => void;
}) {
  const name = useId();
  return (
    <fieldset className="layer-list">
      <legend>{title}</legend>
      {views.map((view) => (
        <label key={viewKey(view)}>
          <input
            type="radio"
            name={name}
            checked={viewKey(view) === viewKey(value)}
            onChange={() => onChoose(view)}
          />
          <span>
            <ViewName view={view} inspected={inspected} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function ViewName({
  view,
  inspected,
}: {
  readonly view: ViewChoice;
  readonly inspected: Inspected;
}) {
  const { t } = useStudio();
  switch (view.kind) {
    case "image":
      return t.inspect.imageOnly;
    case "token":
      return t.inspect.tokens[view.of];
    case "labels":
      return t.inspect.stages[view.stage];
    case "scores": {
      const tag = inspected.layers?.head.tags[view.tag];
      return (
        <>
          {t.inspect.stages[view.stage]}: {tag !== undefined && <LabelName label={tag + 1} />}
        </>
      );
    }
  }
}
