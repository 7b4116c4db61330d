import { Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { screenViews } from "../screens.ts";
import { fill } from "../text.ts";
import { ActionButton, useActions } from "./actions.tsx";
import { Banners } from "./banners.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import type { EventStream } from "./events.ts";
import { Icon } from "./icons.tsx";
import { KeyList } from "./key-list.tsx";
import { go, routeHash, useRoute, type Screen } from "./route.ts";
import type { Saving } from "./saving.ts";
import { Settings } from "./settings.tsx";
import { useStudio } from "./studio.tsx";
import "./shell.css";

const tabs = ["tag", "train", "inspect", "review", "export"] as const satisfies Screen[];

/** What stands around all screens. */
export function Shell({
  events,
  saving,
}: {
  readonly events: EventStream;
  readonly saving: Saving;
}) {
  const { t, project } = useStudio();
  const { screen, id } = useRoute();
  const [opened, setOpened] = useState<"search" | "keys" | "settings">();
  const close = (): void => setOpened(undefined);

  useActions("tag2mask", [
    ...tabs.map((tab, i) => ({
      id: `shell.${tab}`,
      label: fill(t.shell.goTo, { screen: t.shell[tab] }),
      keys: `Alt+${i + 1}`,
      run: () => go(tab),
    })),
    { id: "shell.search", label: t.shell.search, keys: "Ctrl+K", run: () => setOpened("search") },
    { id: "shell.keys", label: t.shell.keys, keys: "?", run: () => setOpened("keys") },
    { id: "shell.settings", label: t.shell.settings, keys: "", run: () => setOpened("settings") },
  ]);
  useTitle(`${t.shell[screen === "start" ? "about" : screen]} · ${project.name}`);
  useLeaveWarning(saving);

  const hasImages = project.counts.images > 0 || project.indexing !== null;
  const current = hasImages ? screen : "start";
  const View = screenViews[current];
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={focusContent}>
        {t.shell.skip}
      </a>
      <header className="top">
        <a className="brand" href={routeHash("start")} title={t.shell.about}>
          <b>tag2mask</b> <span>{project.name}</span>
        </a>
        <nav aria-label={t.shell.screens}>
          {tabs.map((tab) => (
            <a key={tab} href={routeHash(tab)} aria-current={tab === current ? "page" : undefined}>
              {t.shell[tab]}
              <TabCount tab={tab} />
            </a>
          ))}
        </nav>
        <div className="tools">
          <SavedState saving={saving} />
          <ActionButton id="shell.search" className="plain">
            <Icon name="search" />
          </ActionButton>
          <ActionButton id="shell.keys" className="plain">
            <Icon name="keys" />
          </ActionButton>
          <ActionButton id="shell.settings" className="plain" showsKey={false}>
            <Icon name="settings" />
          </ActionButton>
        </div>
      </header>
      <Banners events={events} />
      <main id="content" tabIndex={-1} data-screen={current}>
        {current !== "start" && <h1 className="hidden">{t.shell[current]}</h1>}
        <ErrorBoundary key={current} t={t}>
          <Suspense fallback={<p className="notice muted loading">{t.shell.loading}</p>}>
            <View id={id} />
          </Suspense>
        </ErrorBoundary>
      </main>
      {opened === "search" && <CommandPalette onClose={close} />}
      {opened === "keys" && <KeyList onClose={close} />}
      {opened === "settings" && <Settings onClose={close} />}
    </div>
  );
}

/** How much there is to do in a screen. */
function TabCount({ tab }: { readonly tab: Screen }) {
  const { counts, models } = useStudio().project;
  const reviewed = counts.accepted + counts.rejected + counts.unsure;
  const left = {
    tag: counts.untagged,
    review: Math.max(0, (models[0]?.drafts ?? 0) - reviewed),
  }[tab as "tag" | "review"];
  if (left === undefined || left === 0) return null;
  return <span className="count">{fill("{left}", { left })}</span>;
}

/** Whether everything is on the disk. */
function SavedState({ saving }: { readonly saving: Saving }) {
  const { t, isOnline } = useStudio();
  const pending = useSyncExternalStore(saving.watch, saving.pending);
  const state = !isOnline ? "offline" : pending > 0 ? "saving" : "saved";
  return (
    <span className={`saved-state ${state}`} role="status">
      {t.shell[state]}
    </span>
  );
}

function focusContent(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function useTitle(title: string): void {
  useEffect(() => void (document.title = title), [title]);
}

/** The browser asks before a page with changes under way is left. */
function useLeaveWarning(saving: Saving): void {
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent): void => {
      if (saving.pending() > 0) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, [saving]);
}
