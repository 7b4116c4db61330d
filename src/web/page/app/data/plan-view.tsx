import type { Plan } from "../../protocol.ts";
import { FailureNote } from "../parts/failure.tsx";
import { bytes, t } from "../strings.ts";

/** What a training takes of memory and storage; refuses what cannot fit, and names what to make smaller. */
export function PlanView({
  plan,
  imageBytes,
  onCrop,
}: {
  readonly plan: Plan;
  readonly imageBytes: number;
  readonly onCrop: (crop: number) => void;
}) {
  const { room, whole, microBatch, largestCrop, stored, free, parameters } = plan;
  const [need, may] = [bytes(plan.bytes), bytes(room)];
  const fits = plan.bytes <= room;
  const way = largestCrop ? t.settings.smallerCrop(largestCrop) : t.settings.noCrop;
  return (
    <div className="plan" data-fits={fits}>
      <h3>{t.settings.memory}</h3>
      {fits ? (
        <>
          <meter aria-label={t.settings.memory} max={room} value={plan.bytes} />
          <p>
            {whole !== undefined && microBatch !== undefined
              ? t.settings.memorySplit(bytes(whole), microBatch, need, may)
              : t.settings.memoryFits(need, may)}
            {". "}
            {t.settings.network(parameters)}.
          </p>
        </>
      ) : (
        <div className="row">
          <FailureNote
            failure={{ message: `${t.settings.memoryNot(need, may)}; ${way}`, code: "too-large" }}
          />
          {!!largestCrop && (
            <button type="button" className="button" onClick={() => onCrop(largestCrop)}>
              {t.settings.useCrop(largestCrop)}
            </button>
          )}
        </div>
      )}
      <h3>{t.settings.storage}</h3>
      {hasStorage(plan, imageBytes) ? (
        <p>
          {t.settings.storageText(
            imageBytes === 0 ? undefined : bytes(imageBytes),
            bytes(stored),
            free === undefined ? t.settings.unknown : bytes(free),
          )}
        </p>
      ) : (
        <FailureNote
          failure={{
            message: t.settings.storageNot(bytes(imageBytes + stored), bytes(free!)),
            code: "no-space",
          }}
        />
      )}
    </div>
  );
}

/** Whether the storage has room for the images and the run, as far as the browser tells. */
export function hasStorage({ free, stored }: Plan, imageBytes: number): boolean {
  return free === undefined || imageBytes + stored <= free;
}
