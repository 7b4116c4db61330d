import { useId, type ReactNode } from "react";
import { useStudio } from "./studio.tsx";
import { useModal } from "./use-modal.ts";

/** A window over the page, shown while it is mounted: the page behind does not react, Escape and a press outside close it. */
export function Dialog({
  title,
  className = "",
  isTitleHidden = false,
  onClose,
  children,
}: {
  readonly title: string;
  readonly className?: string;
  readonly isTitleHidden?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { t } = useStudio();
  const modal = useModal(onClose);
  const titleId = useId();
  return (
    <dialog
      {...modal}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget && isOutside(event, event.currentTarget))
          onClose();
      }}
    >
      <header className={isTitleHidden ? "hidden" : "dialog-head"}>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="plain" aria-label={t.shell.close} onClick={onClose}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}

function isOutside(
  { clientX, clientY }: { readonly clientX: number; readonly clientY: number },
  element: HTMLElement,
): boolean {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
