import { useId } from "react";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";
import type { LoggedValidation } from "./run-log.ts";

/** IoU of every class in the newest validation. */
export function PerClass({
  validation,
  classes,
}: {
  readonly validation: LoggedValidation;
  readonly classes: readonly string[];
}) {
  const { t } = useStudio();
  const title = useId();
  const { seg } = validation.perClass;
  // Without true masks there is nothing to compare with.
  if (seg.every((iou) => iou === null)) return null;
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{fill(t.train.perClass, { step: validation.step })}</h2>
      <table className="per-class">
        <thead>
          <tr>
            <th scope="col">{t.train.class}</th>
            <th scope="col" className="number">
              IoU
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {seg.map((iou, label) => {
            const name = label === 0 ? t.label.background : (classes[label - 1] ?? `${label}`);
            return (
              <tr key={label}>
                <th scope="row">{name}</th>
                <td className="number">{iou === null ? "–" : formatPercent(iou)}</td>
                <td>{iou !== null && <meter aria-label={name} value={iou} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
