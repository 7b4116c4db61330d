import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { useStudio } from "./studio.tsx";

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
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before the effects of what is inside, which may choose another place for the focus.
  useLayoutEffect(() => {
    const element = dialog.current!;
    const before = document.activeElement;
    if (!element.open) element.showModal();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current && isOutside(event, dialog.current)) onClose();
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
