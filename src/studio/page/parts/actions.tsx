import {
  createContext,
  use,
  useEffect,
  useLayoutEffect,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";
import { ActionList, keysOf, type Action } from "./action-list.ts";
import { ariaKey, belongsToControl, keyOf, showKey } from "./keys.ts";
import { useStudio } from "./studio.tsx";

const ActionsContext = createContext(new ActionList());

/** Listens to the keys of all actions below it. */
export function ActionsProvider({ children }: { readonly children: ReactNode }) {
  const [list] = useState(() => new ActionList());
  const { keys } = useStudio().preferences;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const key = keyOf(event);
      if (belongsToControl(event.target, key) || isCovered()) return;
      const action = list.forKey(key, keys);
      if (action === undefined) return;
      event.preventDefault();
      if (action.isDisabled !== true) action.run();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [list, keys]);
  return <ActionsContext value={list}>{children}</ActionsContext>;
}

/** Whether a dialog has the keyboard, so that nothing behind it may react. */
function isCovered(): boolean {
  return document.querySelector("dialog[open], [role=dialog], [role=alertdialog]") !== null;
}

/**
 * Offers actions while the component is mounted: their keys work everywhere but in dialogs and, apart from a few that write nothing,
 * in text fields; `?` lists them, and `ActionButton` shows them.
 * @param group heading in the list of keys
 */
export function useActions(group: string, actions: readonly Action[]): void {
  const list = use(ActionsContext);
  const [owner] = useState(() => Symbol(group));
  // Without dependencies: what an action runs sees the latest state.
  useLayoutEffect(() =>
    list.set(
      owner,
      actions.map((action) => ({ ...action, group })),
    ),
  );
  useLayoutEffect(() => () => list.remove(owner), [list, owner]);
}

/** All actions on the page, and the keys that run them. */
export function useActionList(): ActionList {
  const list = use(ActionsContext);
  useSyncExternalStore(list.subscribe, list.version);
  return list;
}

/** The keys of an action as people read them on their keyboard. */
export function useKeys(id: string): readonly string[] {
  const action = useActionList().find(id);
  const { preferences } = useStudio();
  return action === undefined ? [] : keysOf(action, preferences.keys).map(showKey);
}

/** A button for an action of `useActions`, with its label, key and state. */
export function ActionButton({
  id,
  children,
  className = "button",
  showsKey = true,
}: {
  readonly id: string;
  /** Instead of the label, which then names the button for screen readers. */
  readonly children?: ReactNode;
  readonly className?: string;
  readonly showsKey?: boolean;
}) {
  const list = useActionList();
  const action = list.find(id);
  const { preferences } = useStudio();
  if (action === undefined) return null;
  const keys = keysOf(action, preferences.keys);
  const shown = keys[0] === undefined ? "" : showKey(keys[0]);
  return (
    <button
      type="button"
      className={className}
      disabled={action.isDisabled === true}
      onClick={() => list.find(id)?.run()}
      title={shown === "" ? action.label : `${action.label} (${shown})`}
      aria-label={action.label}
      aria-pressed={action.isOn}
      aria-keyshortcuts={keys.length > 0 ? keys.map(ariaKey).join(" ") : undefined}
    >
      {children ?? action.label}
      {shown !== "" && showsKey && <kbd data-key={shown} />}
    </button>
  );
}
