/** Whether the keyboard has a command key, which then stands for Ctrl. */
const isApple = /Mac|iP(hone|ad|od)/.test(navigator.platform);

const names: Readonly<Record<string, string>> = { " ": "Space", Esc: "Escape" };

/**
 * The key of an event as actions write it: `Ctrl+Shift+Z`, `[`, `Space`, `ArrowLeft`. Command on a Mac is `Ctrl`; Shift is left out
 * where it only makes another sign, such as `?`. Letters of other alphabets are named by their place on the keyboard.
 */
export function keyOf(event: {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  let key = names[event.key] ?? event.key;
  // Alt on a Mac and other alphabets give signs that no action is bound to.
  if (letter !== undefined && (event.altKey || !/^[\x20-\x7e]$/.test(event.key))) key = letter;
  else if (digit !== undefined && event.altKey) key = digit;
  const isSign = key.length === 1 && !/[a-z]/i.test(key);
  if (key.length === 1) key = key.toUpperCase();
  const modifiers = [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    event.shiftKey && !isSign ? "Shift+" : "",
  ];
  return modifiers.join("") + key;
}

const signs: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Delete: "Del",
  PageUp: "PgUp",
  PageDown: "PgDn",
};

/** A key as people read it on their keyboard. */
export function showKey(key: string): string {
  const parts = key === "+" ? ["+"] : key.split(/\+(?=.)/);
  const shown = parts.map((part) => {
    if (isApple && part === "Ctrl") return "⌘";
    if (isApple && part === "Alt") return "⌥";
    return signs[part] ?? part;
  });
  return shown.join(isApple ? "" : "+");
}

/** `Control+Z` for aria-keyshortcuts, which names modifiers in full. */
export function ariaKey(key: string): string {
  return key.replace(/\bCtrl\+/, isApple ? "Meta+" : "Control+");
}

/** Keys of actions that work from text fields too: what a field is a part of is sent off, another screen is shown. */
const writesNothing = isApple ? /^Ctrl\+Enter$/ : /^(?:Ctrl\+Enter|Alt\+\d)$/;

/** Whether a key belongs to the control that has the focus, so that no action may take it. */
export function belongsToControl(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  const isText =
    target instanceof HTMLInputElement &&
    !/^(?:button|checkbox|radio|range|color|file|submit|reset)$/.test(target.type);
  if (isText || target instanceof HTMLSelectElement) return !writesNothing.test(key);
  if (/^(?:Space|Enter)$/.test(key)) {
    return target.closest("button, a[href], summary, input, [role=button], [role=option]") !== null;
  }
  if (/^(?:Arrow\w+|Home|End|PageUp|PageDown)$/.test(key)) {
    const own = "input, [role=slider], [role=radio], [role=tab], [role=option], [role=menuitem]";
    return target.closest(own) !== null;
  }
  return false;
}
