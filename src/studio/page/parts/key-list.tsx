import { useState, type KeyboardEvent } from "react";
import { fill } from "../text.ts";
import { keysOf, type ListedAction } from "./action-list.ts";
import { useActionList } from "./actions.tsx";
import { Dialog } from "./dialog.tsx";
import { keyOf, showKey } from "./keys.ts";
import { useStudio } from "./studio.tsx";

/** All actions on the page with their keys, which can be changed here. */
export function KeyList({ onClose }: { readonly onClose: () => void }) {
  const { t, preferences, setPreferences } = useStudio();
  const { all } = useActionList();
  const { keys } = preferences;
  const groups = [...new Set(all.map(({ group }) => group))].map(
    (group) => [group, all.filter((action) => action.group === group)] as const,
  );

  const choose = (id: string, key: string | undefined): void => {
    const others = Object.entries(keys).filter(([other]) => other !== id);
    const chosen = key === undefined ? [] : [[id, key] as const];
    void setPreferences({ keys: Object.fromEntries([...others, ...chosen]) });
  };

  return (
    <Dialog title={t.keyList.title} className="key-list" onClose={onClose}>
      <p className="muted">{t.keyList.about}</p>
      <div className="scroll" tabIndex={0} role="region" aria-label={t.keyList.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.keyList.action}</th>
              <th scope="col">{t.keyList.key}</th>
            </tr>
          </thead>
          {groups.map(([group, actions]) => (
            <tbody key={group}>
              <tr>
                <th scope="rowgroup" colSpan={2}>
                  {group}
                </th>
              </tr>
              {actions.map((action) => (
                <KeyRow
                  key={action.id}
                  action={action}
                  others={all}
                  choose={(key) => choose(action.id, key)}
                />
              ))}
            </tbody>
          ))}
          <tbody>
            <tr>
              <th scope="rowgroup" colSpan={2}>
                {t.keyList.fixed}
              </th>
            </tr>
            <tr>
              <td>{t.keyList.move}</td>
              <td>{t.keyList.moveKeys}</td>
            </tr>
          </tbody>
        </table>
      </div>
      <p className="row end">
        <button
          type="button"
          className="button"
          disabled={Object.keys(keys).length === 0}
          onClick={() => void setPreferences({ keys: {} })}
        >
          {t.keyList.resetAll}
        </button>
      </p>
    </Dialog>
  );
}

function KeyRow({
  action,
  others,
  choose,
}: {
  readonly action: ListedAction;
  readonly others: readonly ListedAction[];
  /** Without a key the action has its own again. */
  readonly choose: (key: string | undefined) => void;
}) {
  const { t, preferences } = useStudio();
  const [isAsking, setAsking] = useState(false);
  const keys = keysOf(action, preferences.keys);
  const shown = isAsking ? t.keyList.press : keys.map(showKey).join(", ") || t.keyList.none;
  const conflicts = others
    .filter(({ id }) => id !== action.id)
    .flatMap((other) =>
      keysOf(other, preferences.keys)
        .filter((key) => keys.includes(key))
        .map((key) => fill(t.keyList.conflict, { key: showKey(key), other: other.label })),
    );

  const pressed = (event: KeyboardEvent): void => {
    if (!isAsking || /^(?:Shift|Control|Alt|Meta|Tab)$/.test(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    setAsking(false);
    if (event.key === "Escape") return;
    choose(event.key === "Delete" ? "" : keyOf(event));
  };

  return (
    <tr>
      <td>
        {action.label}
        {conflicts.map((conflict) => (
          <small key={conflict} className="warning" role="status">
            {conflict}
          </small>
        ))}
      </td>
      <td>
        <button
          type="button"
          className={isAsking ? "button key asking" : "button key"}
          aria-label={`${fill(t.keyList.change, { action: action.label })}: ${shown}`}
          onClick={() => setAsking(true)}
          onBlur={() => setAsking(false)}
          onKeyDown={pressed}
        >
          {shown}
        </button>
        {preferences.keys[action.id] !== undefined && (
          <button type="button" className="plain" onClick={() => choose(undefined)}>
            {t.keyList.reset}
          </button>
        )}
      </td>
    </tr>
  );
}
