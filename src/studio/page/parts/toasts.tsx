import { useCallback, useEffect, useState } from "react";
import { useStudio } from "./studio.tsx";

interface Toast {
  readonly id: number;
  readonly message: string;
  readonly kind: "info" | "error";
}

const shownMs = 6_000;
const most = 4;
let lastId = 0;

/** Messages for a while, and how to show one; the same message stands only once. */
export function useToasts(): {
  readonly toasts: readonly Toast[];
  readonly notify: (message: string, kind?: "info" | "error") => void;
  readonly close: (id: number) => void;
} {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const notify = useCallback((message: string, kind: "info" | "error" = "info") => {
    const toast = { id: ++lastId, message, kind };
    setToasts((all) => [...all.filter((one) => one.message !== message), toast].slice(-most));
  }, []);
  const close = useCallback((id: number) => {
    setToasts((all) => all.filter((one) => one.id !== id));
  }, []);
  return { toasts, notify, close };
}

export function Toasts({
  toasts,
  close,
}: {
  readonly toasts: readonly Toast[];
  readonly close: (id: number) => void;
}) {
  const { t } = useStudio();
  return (
    <div className="toasts" role="log" aria-live="polite" aria-label={t.shell.messages}>
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} close={close} />
      ))}
    </div>
  );
}

function ToastView({
  toast: { id, message, kind },
  close,
}: {
  readonly toast: Toast;
  readonly close: (id: number) => void;
}) {
  const { t } = useStudio();
  useEffect(() => {
    if (kind === "error") return undefined;
    const timer = setTimeout(() => close(id), shownMs);
    return () => clearTimeout(timer);
  }, [id, kind, close]);
  return (
    <div className={`toast ${kind}`}>
      <span>{message}</span>
      <button type="button" className="plain" aria-label={t.shell.close} onClick={() => close(id)}>
        ×
      </button>
    </div>
  );
}
