import { useEffect, useRef, useState, type RefObject } from "react";
import type { ImagesQuery, Verdict } from "../../protocol.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";

/** Between the last letter and the new list. */
const typingMs = 200;

/** Which images are shown, and in which order. */
export function Filters({
  query,
  onQuery,
  textField,
}: {
  readonly query: ImagesQuery;
  readonly onQuery: (query: ImagesQuery) => void;
  readonly textField: RefObject<HTMLInputElement | null>;
}) {
  const { t, project } = useStudio();
  const { counts, splits, classes, models } = project;
  const reviewed = counts.accepted + counts.rejected + counts.unsure;
  const show = query.untagged ? "untagged" : query.problems ? "problems" : "all";
  const set = (change: ImagesQuery): void => onQuery(without({ ...query, ...change }));
  return (
    <search className="filters" aria-label={t.tag.filters}>
      <TextFilter text={query.text ?? ""} onText={(text) => set({ text })} field={textField} />
      <select
        aria-label={t.tag.show}
        value={show}
        onChange={({ target: { value } }) =>
          set({
            untagged: value === "untagged" ? "1" : undefined,
            problems: value === "problems" ? "1" : undefined,
          })
        }
      >
        <option value="all">{fill(t.tag.showAll, { n: counts.images })}</option>
        <option value="untagged">{fill(t.tag.showUntagged, { n: counts.untagged })}</option>
        <option value="problems">{fill(t.tag.showProblems, { n: counts.problems })}</option>
      </select>
      <select
        aria-label={t.tag.withClass}
        value={query.tag === undefined ? "" : String(query.tag)}
        onChange={({ target: { value } }) => set({ tag: value === "" ? undefined : Number(value) })}
      >
        <option value="">{t.tag.anyClass}</option>
        {classes.map((name, tag) => (
          <option key={name} value={tag}>
            {name}
          </option>
        ))}
      </select>
      {splits.length > 1 && (
        <select
          aria-label={t.tag.split}
          value={query.split ?? ""}
          onChange={({ target: { value } }) => set({ split: value === "" ? undefined : value })}
        >
          <option value="">{t.tag.anySplit}</option>
          {splits.map((split) => (
            <option key={split}>{split}</option>
          ))}
        </select>
      )}
      {reviewed > 0 && (
        <select
          aria-label={t.tag.verdict}
          value={query.verdict ?? ""}
          onChange={({ target: { value } }) =>
            set({ verdict: value === "" ? undefined : (value as Verdict) })
          }
        >
          <option value="">{t.tag.anyVerdict}</option>
          {(["none", "accepted", "rejected", "unsure"] as const).map((verdict) => (
            <option key={verdict} value={verdict}>
              {t.tag.verdicts[verdict]}
            </option>
          ))}
        </select>
      )}
      {models.length > 0 && (
        <select
          aria-label={t.tag.order}
          value={query.sort ?? "name"}
          onChange={({ target: { value } }) => set({ sort: value as "name" | "confidence" })}
        >
          <option value="name">{t.tag.byName}</option>
          <option value="confidence">{t.tag.byConfidence}</option>
        </select>
      )}
    </search>
  );
}

function TextFilter({
  text,
  onText,
  field,
}: {
  readonly text: string;
  readonly onText: (text: string | undefined) => void;
  readonly field: RefObject<HTMLInputElement | null>;
}) {
  const { t } = useStudio();
  const [typed, setTyped] = useState(text);
  const latest = useRef(onText);
  useEffect(() => void (latest.current = onText));
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed.trim() === text) return undefined;
    const timer = setTimeout(() => latest.current(typed.trim() || undefined), typingMs);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return (
    <input
      ref={field}
      type="search"
      aria-label={t.tag.fileName}
      placeholder={t.tag.fileName}
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
    />
  );
}

/** Without the fields that are not set. */
function without(query: ImagesQuery): ImagesQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
