import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";
import { hexColor, overlayColor } from "../../../method/images/overlay.ts";
import type { Preferences, Project } from "../../protocol.ts";
import { getJson, RequestFailed, sendJson } from "../api.ts";
import { en } from "../strings/en.ts";
import { loadStrings, preferredLanguage } from "../text.ts";
import type { EventStream } from "./events.ts";
import type { Saving } from "./saving.ts";
import { StudioContext, type StudioView } from "./studio.tsx";
import { messageOf } from "./message.ts";

/** Fetches what all screens share, and keeps it as the server has it. */
export function StudioProvider({
  events,
  saving,
  notify,
  waiting,
  children,
}: {
  readonly events: EventStream;
  readonly saving: Saving;
  readonly notify: StudioView["notify"];
  /** Shown until the server has told about the project. */
  readonly waiting: ReactNode;
  readonly children: ReactNode;
}) {
  const [project, refresh] = useFetched<Project>("/api/project", events);
  const [stored, refreshPreferences] = useFetched<Preferences>("/api/preferences", events);
  const [change, setChange] = useState<Partial<Preferences>>({});
  const [t, setStrings] = useState(en);
  const isOnline = useSyncExternalStore(events.watch, events.connection) === "online";

  useEffect(
    () =>
      events.listen(({ type }) => {
        if (type === "project") refresh();
      }),
    [events, refresh],
  );

  const preferences = useMemo(() => stored && { ...stored, ...change }, [stored, change]);
  const latest = useRef(preferences);
  useEffect(() => void (latest.current = preferences), [preferences]);

  const setPreferences = useCallback(
    async (next: Partial<Preferences>) => {
      setChange((before) => ({ ...before, ...next }));
      latest.current = { ...latest.current!, ...next };
      try {
        await saving.save(() =>
          sendJson("PUT", "/api/preferences", latest.current, { outlivesPage: true }),
        );
      } catch (error) {
        notify(messageOf(error), "error");
        setChange({});
        refreshPreferences();
      }
    },
    [saving, notify, refreshPreferences],
  );

  const language = preferences?.language ?? preferredLanguage();
  useEffect(() => {
    let isLatest = true;
    void loadStrings(language).then((strings) => {
      if (!isLatest) return;
      document.documentElement.lang = language;
      setStrings(strings);
    });
    return () => void (isLatest = false);
  }, [language]);

  const theme = preferences?.theme ?? "system";
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);

  const view = useMemo((): StudioView | undefined => {
    if (project === undefined || preferences === undefined) return undefined;
    return {
      project,
      refresh,
      preferences,
      setPreferences,
      t,
      language,
      onEvent: events.listen,
      notify,
      colorOf: (index) =>
        preferences.colors[project.classes[index] ?? ""] ?? hexColor(overlayColor(index + 1)),
      save: saving.save,
      reach: saving.reach,
      isOnline,
    };
  }, [
    project,
    refresh,
    preferences,
    setPreferences,
    t,
    language,
    events,
    notify,
    saving,
    isOnline,
  ]);

  if (view === undefined) return waiting;
  return <StudioContext value={view}>{children}</StudioContext>;
}

/** What an address answers, fetched again by the second value; requests that cannot reach the server wait until it answers. */
function useFetched<T>(path: string, events: EventStream): [T | undefined, () => void] {
  const [value, setValue] = useState<T>();
  const [failure, setFailure] = useState<unknown>();
  const state = useRef({ isBusy: false, isStale: false });
  const fetchAgain = useCallback(() => {
    const run = async (): Promise<void> => {
      const { current } = state;
      if (current.isBusy) return void (current.isStale = true);
      current.isBusy = true;
      do {
        current.isStale = false;
        try {
          setValue(await getJson<T>(path));
          setFailure(undefined);
        } catch (error) {
          if (!(error instanceof RequestFailed) || error.status !== 0) {
            setFailure(error);
            continue;
          }
          // The banner tells that the server is away.
          events.lost();
          await events.online();
          current.isStale = true;
        }
      } while (current.isStale);
      current.isBusy = false;
    };
    void run();
  }, [path, events]);
  useEffect(fetchAgain, [fetchAgain]);
  // What was there before is still good to work with.
  if (failure !== undefined && value === undefined) throw failure;
  return [value, fetchAgain];
}
