import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";

export interface Choice {
  readonly id: string;
  readonly label: string;
  /** Smaller, behind the label. */
  readonly hint?: string;
  /** Key that does the same. */
  readonly keys?: string;
  /** Color of a class, #rrggbb. */
  readonly color?: string;
}

/** A text field over the list of what matches it: arrows choose, Enter takes. */
export function PickList({
  label,
  text,
  onText,
  choices,
  onPick,
  onEscape,
  none,
}: {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly choices: readonly Choice[];
  readonly onPick: (choice: Choice) => void;
  readonly onEscape?: () => void;
  /** Said when nothing matches. */
  readonly none: string;
}) {
  const listId = useId();
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const at = Math.min(active, choices.length - 1);

  useEffect(() => {
    input.current!.focus();
    const end = input.current!.value.length;
    input.current!.setSelectionRange(end, end);
  }, []);
  useEffect(() => void list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);

  const pressed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    const choice = choices[at];
    if (step !== undefined && choices.length > 0) {
      const isWhole = Math.abs(step) === 1;
      const next = at + step;
      setActive(
        isWhole
          ? (next + choices.length) % choices.length
          : Math.min(Math.max(next, 0), choices.length - 1),
      );
    } else if (event.key === "Enter" && choice !== undefined) onPick(choice);
    else if (event.key === "Escape" && onEscape !== undefined) onEscape();
    else return;
    event.preventDefault();
  };

  return (
    <div className="pick-list">
      <input
        ref={input}
        role="combobox"
        aria-label={label}
        placeholder={label}
        aria-expanded={choices.length > 0}
        aria-controls={listId}
        aria-activedescendant={at >= 0 ? `${listId}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          onText(event.target.value);
          setActive(0);
        }}
        onKeyDown={pressed}
      />
      <ul ref={list} id={listId} role="listbox" aria-label={label}>
        {choices.map((choice, i) => (
          <li
            key={choice.id}
            id={`${listId}-${i}`}
            role="option"
            aria-selected={i === at}
            onPointerMove={() => setActive(i)}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => onPick(choice)}
          >
            {choice.color !== undefined && (
              <i className="swatch" style={{ background: choice.color }} />
            )}
            <span className="pick-label">{choice.label}</span>
            {choice.hint !== undefined && <small>{choice.hint}</small>}
            {choice.keys !== undefined && choice.keys !== "" && <kbd>{choice.keys}</kbd>}
          </li>
        ))}
      </ul>
      <p className={choices.length > 0 ? "hidden" : "muted"} aria-live="polite">
        {choices.length > 0 ? "" : none}
      </p>
    </div>
  );
}
