import { ActionButton, useActions } from "../parts/actions.tsx";
import { go, type ScreenProps } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { InspectImage } from "./inspect-image.tsx";
import { useInspected } from "./use-inspected.ts";
import { useNeighbors } from "./use-neighbors.ts";
import "./inspect.css";

/** One image, and all that the method sees in it. */
export default function InspectScreen({ id }: ScreenProps) {
  const { t, project } = useStudio();
  const { shown, previous, next } = useNeighbors(id);
  const model = project.models[0]?.id;
  const { inspected, error } = useInspected(shown, model);
  useActions(t.inspect.actions, [
    {
      id: "inspect.previous",
      label: t.inspect.previous,
      keys: "PageUp",
      run: () => previous?.(),
      isDisabled: previous === undefined,
    },
    {
      id: "inspect.next",
      label: t.inspect.next,
      keys: "PageDown",
      run: () => next?.(),
      isDisabled: next === undefined,
    },
    {
      id: "inspect.review",
      label: t.inspect.correct,
      keys: "Enter",
      run: () => shown !== undefined && go("review", shown),
      isDisabled: shown === undefined,
    },
  ]);
  return (
    <div className="inspect">
      <div className="row inspect-head">
        <ActionButton id="inspect.previous" showsKey={false}>
          ‹
        </ActionButton>
        <ActionButton id="inspect.next" showsKey={false}>
          ›
        </ActionButton>
        <h1>{inspected?.details.file}</h1>
        <ActionButton id="inspect.review" />
      </div>
      {error !== undefined && (
        <p className="notice error" role="alert">
          {error}
        </p>
      )}
      {inspected !== undefined && (
        <InspectImage key={inspected.details.id} inspected={inspected} model={model} />
      )}
    </div>
  );
}
