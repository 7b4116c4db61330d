import { useId } from "react";
import { ActionButton } from "../parts/actions.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";

/** Classes that are listed: more of them are found by typing. */
const mostListed = 24;

/** The classes, to be given to images and taken away. */
export function ClassPanel({
  given,
  isFixed,
  onToggle,
}: {
  /** Classes that all the images have which an action is for. */
  readonly given: ReadonlySet<number>;
  readonly isFixed: boolean;
  readonly onToggle: (tag: number) => void;
}) {
  const { t, project, colorOf } = useStudio();
  const title = useId();
  const { classes, counts } = project;
  const numbered = classes.map((_, tag) => tag);
  // The first nine have keys; then come the most frequent.
  const others = numbered
    .slice(9)
    .sort((a, b) => (counts.perClass[b] ?? 0) - (counts.perClass[a] ?? 0));
  const listed = [...numbered.slice(0, 9), ...others].slice(0, mostListed);
  return (
    <section className="panel classes" aria-labelledby={title}>
      <h3 id={title}>{t.tag.classes}</h3>
      <ul>
        {listed.map((tag) => (
          <li key={tag}>
            <button
              type="button"
              className="class-button"
              aria-pressed={given.has(tag)}
              disabled={isFixed}
              onClick={() => onToggle(tag)}
            >
              <kbd data-key={tag < 9 ? tag + 1 : ""} />
              <i className="swatch" style={{ background: colorOf(tag) }} />
              <span>{classes[tag]}</span>
              <small>{formatNumber(counts.perClass[tag] ?? 0)}</small>
            </button>
          </li>
        ))}
      </ul>
      {classes.length > listed.length && (
        <p className="muted">{fill(t.tag.moreClasses, { n: classes.length - listed.length })}</p>
      )}
      {classes.length === 0 && <p className="muted">{t.tag.noClasses}</p>}
      {!isFixed && <ActionButton id="tag.add" />}
    </section>
  );
}
