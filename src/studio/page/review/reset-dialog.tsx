import { useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";

/** Asks before corrections are forgotten. */
export function ResetDialog({
  name,
  onReset,
  onClose,
}: {
  readonly name: string;
  readonly onReset: () => Promise<void>;
  readonly onClose: () => void;
}) {
  const { t, notify } = useStudio();
  const [isBusy, setBusy] = useState(false);
  const reset = async (): Promise<void> => {
    setBusy(true);
    try {
      await onReset();
    } catch (error) {
      notify(messageOf(error), "error");
    }
    onClose();
  };
  return (
    <Dialog title={t.review.resetTitle} onClose={onClose}>
      <p>{fill(t.review.resetText, { name })}</p>
      <div className="row end">
        <button type="button" className="button" onClick={onClose}>
          {t.review.cancel}
        </button>
        <button
          type="button"
          className="button primary"
          disabled={isBusy}
          onClick={() => void reset()}
        >
          {t.review.resetConfirm}
        </button>
      </div>
    </Dialog>
  );
}
