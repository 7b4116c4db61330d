import { useEffect, useId, useState } from "react";
import { request } from "../api.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { LoggedPanel, LoggedValidation } from "./run-log.ts";

/** What the network sees in some images, at the newest validation. */
export function Samples({
  run,
  validation,
}: {
  readonly run: string;
  readonly validation: LoggedValidation;
}) {
  const { t } = useStudio();
  const title = useId();
  if (validation.panels.length === 0) return null;
  return (
    <section className="panel samples" aria-labelledby={title}>
      <h2 id={title}>{fill(t.train.samples, { step: validation.step })}</h2>
      {validation.panels.map((panel) => (
        <Sample key={panel.file} run={run} panel={panel} />
      ))}
    </section>
  );
}

function Sample({ run, panel }: { readonly run: string; readonly panel: LoggedPanel }) {
  const { project } = useStudio();
  const file = panel.file.split("/").at(-1)!;
  const url = usePicture(
    `/api/runs/${encodeURIComponent(run)}/samples/${encodeURIComponent(file)}`,
  );
  const tags = panel.tags.map((tag) => project.classes[tag] ?? `${tag}`).join(", ");
  return (
    <figure>
      {url !== undefined && <img src={url} alt={`${panel.name}: ${tags}`} />}
      <figcaption>
        {panel.name}: {tags}
      </figcaption>
    </figure>
  );
}

/** A picture of the server, which wants a token and so cannot be the source of an image. */
function usePicture(path: string): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const ended = new AbortController();
    let made: string | undefined;
    request(path, { signal: ended.signal })
      .then((response) => response.blob())
      .then(
        (blob) => setUrl((made = URL.createObjectURL(blob))),
        // A sample that is gone is not shown; the words below it stay.
        () => setUrl(undefined),
      );
    return () => {
      ended.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [path]);
  return url;
}
