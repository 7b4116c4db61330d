import { useId } from "react";
import type { ImageDetails } from "../../protocol.ts";
import { ActionButton } from "../parts/actions.tsx";
import { Icon } from "../parts/icons.tsx";
import { routeHash } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";
import { acceptedScore, type SuggestionState } from "./suggestions.ts";

/** The image with the focus: its tags, problems, and what the model sees in it. */
export function ImagePanel({
  details,
  chosen,
  isFixed,
  suggestions,
  onRemove,
  onAdd,
}: {
  readonly details: ImageDetails | undefined;
  /** Number of images that are chosen. */
  readonly chosen: number;
  readonly isFixed: boolean;
  readonly suggestions: SuggestionState;
  readonly onRemove: (tag: number) => void;
  readonly onAdd: (tag: number) => void;
}) {
  const { t, project, colorOf } = useStudio();
  const title = useId();
  if (details === undefined) return null;
  const suggested = (suggestions.byImage.get(details.id) ?? []).filter(
    ({ tag }) => !details.tags.includes(tag),
  );
  return (
    <section className="panel image-panel" aria-labelledby={title}>
      <h3 id={title}>{chosen > 0 ? fill(t.tag.chosen, { n: chosen }) : t.tag.image}</h3>
      <p className="file-name">{details.file}</p>
      <p className="muted">{facts(details, t.tag)}</p>
      {details.problems.map((problem) => (
        <p key={problem} className="problem">
          <Icon name="warning" /> {problem}
        </p>
      ))}
      <ul className="row" aria-label={t.tag.tags}>
        {details.untagged && <li className="muted">{t.tag.untagged}</li>}
        {!details.untagged && details.tags.length === 0 && (
          <li className="muted">{t.tag.noTags}</li>
        )}
        {details.tags.map((tag) => (
          <li key={tag} className="chip">
            <i className="swatch" style={{ background: colorOf(tag) }} />
            {project.classes[tag]}
            {!isFixed && (
              <button
                type="button"
                className="chip-close"
                aria-label={fill(t.tag.remove, { name: project.classes[tag] ?? "" })}
                onClick={() => onRemove(tag)}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {project.models.length > 0 && !isFixed && (
        <>
          <h3>{t.tag.suggested}</h3>
          {suggestions.error !== undefined && <p className="error">{suggestions.error}</p>}
          <ul className="row suggested">
            {suggested.map(({ tag, score }) => (
              <li key={tag}>
                <button
                  type="button"
                  className={score >= acceptedScore ? "chip sure" : "chip"}
                  aria-label={fill(t.tag.addSuggested, {
                    name: project.classes[tag] ?? "",
                    score: formatPercent(score, 0),
                  })}
                  onClick={() => onAdd(tag)}
                >
                  <i className="swatch" style={{ background: colorOf(tag) }} />
                  {project.classes[tag]} <small>{formatPercent(score, 0)}</small>
                </button>
              </li>
            ))}
            {suggested.length === 0 && suggestions.error === undefined && (
              <li className="muted">
                {suggestions.byImage.has(details.id) ? t.tag.nothingSuggested : t.shell.loading}
              </li>
            )}
          </ul>
          <ActionButton id="tag.accept" />
        </>
      )}
      <p className="row">
        <a href={routeHash("review", details.id)}>{t.shell.review}</a>
        <a href={routeHash("inspect", details.id)}>{t.shell.inspect}</a>
      </p>
    </section>
  );
}

/** Size, part of the data, confidence and verdict of an image, as far as they are known. */
function facts(
  { width, height, split, confidence, verdict }: ImageDetails,
  t: ReturnType<typeof useStudio>["t"]["tag"],
): string {
  const parts = [
    width > 0 ? `${width} × ${height}` : "",
    split,
    confidence === null ? "" : fill(t.confidence, { share: formatPercent(confidence, 0) }),
    verdict === "none" ? "" : t.verdicts[verdict],
  ];
  return parts.filter((part) => part !== "").join(" · ");
}
