import { useLayoutEffect, useRef, type RefObject, type SyntheticEvent } from "react";

/** What a `dialog` element takes to be a window over the page. */
export interface Modal {
  readonly ref: RefObject<HTMLDialogElement | null>;
  readonly onCancel: (event: SyntheticEvent) => void;
}

/** Shows a dialog while it is mounted: the page behind does not react, and gets the focus back. Escape closes it. */
export function useModal(onClose: () => void): Modal {
  const ref = useRef<HTMLDialogElement>(null);
  // Before the effects of what is inside, which may choose another place for the focus.
  useLayoutEffect(() => {
    const element = ref.current!;
    const before = document.activeElement;
    if (!element.open) element.showModal();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return {
    ref,
    onCancel: (event) => {
      event.preventDefault();
      onClose();
    },
  };
}
