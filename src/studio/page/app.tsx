import { useEffect, useState, useSyncExternalStore } from "react";
import { ActionsProvider } from "./parts/actions.tsx";
import { ErrorBoundary } from "./parts/error-boundary.tsx";
import { EventStream } from "./parts/events.ts";
import { Saving } from "./parts/saving.ts";
import { Shell } from "./parts/shell.tsx";
import { StudioProvider } from "./parts/studio-provider.tsx";
import { Toasts, useToasts } from "./parts/toasts.tsx";
import { en } from "./strings/en.ts";

const events = new EventStream();
const saving = new Saving(events);

export function App() {
  const { toasts, notify, close } = useToasts();
  return (
    <ErrorBoundary t={en}>
      <StudioProvider events={events} saving={saving} notify={notify} waiting={<Waiting />}>
        <ActionsProvider>
          <Shell events={events} saving={saving} />
          <Toasts toasts={toasts} close={close} />
        </ActionsProvider>
      </StudioProvider>
    </ErrorBoundary>
  );
}

/** Until the project is known; says so only if that takes a while. */
function Waiting() {
  const connection = useSyncExternalStore(events.watch, events.connection);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (connection === "refused") return <p className="notice">{en.shell.refused}</p>;
  if (connection === "offline") return <p className="notice">{en.shell.away}</p>;
  return <p className="notice">{isLong ? en.shell.loading : null}</p>;
}
