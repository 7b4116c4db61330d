import { useId } from "react";
import type { Export } from "../../protocol.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";

/** What was written, and where. */
export function ExportList({ exports }: { readonly exports: readonly Export[] }) {
  const { t } = useStudio();
  const title = useId();
  if (exports.length === 0) return null;
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{t.export.list}</h2>
      <ul className="exports">
        {exports.map((one) => (
          <Item key={one.id} {...one} />
        ))}
      </ul>
    </section>
  );
}

function Item({ id, state, done, total, path, files, error, losses }: Export) {
  const { t, notify } = useStudio();
  const copy = (): void => {
    navigator.clipboard.writeText(path).then(
      () => notify(t.export.copied),
      (reason: unknown) => notify(messageOf(reason), "error"),
    );
  };
  return (
    <li>
      <div className="row">
        <b>{id}</b>
        <span className={state === "failed" ? "error" : "muted"} role="status">
          {state === "running" && fill(t.export.running, { done, total })}
          {state === "done" && fill(t.export.done, { n: files })}
          {state === "failed" && t.export.failed}
        </span>
        {state === "running" && <progress aria-label={id} value={done} max={Math.max(total, 1)} />}
      </div>
      <div className="row">
        <code>{path}</code>
        <button type="button" className="plain" onClick={copy}>
          {t.export.copy}
        </button>
      </div>
      {error !== null && <p className="failure">{error}</p>}
      {losses.map(({ format, message }) => (
        <p key={`${format} ${message}`} className="warning">
          {format}: {message}
        </p>
      ))}
    </li>
  );
}
