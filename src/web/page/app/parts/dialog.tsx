import { useId, type ReactNode } from "react";
import { useModal } from "../../../../studio/page/parts/use-modal.ts";

/** A window over the page, shown while it is mounted; Escape closes it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const modal = useModal(onClose);
  const titleId = useId();
  return (
    <dialog {...modal} className="dialog" aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
