/** Something a person can do, by its key, a button or the command palette. */
export interface Action {
  /** Unique among all screens, such as `tag.accept`; the key that a person chose is kept under it. */
  readonly id: string;
  readonly label: string;
  /** Keys that run it, with blanks between: `Ctrl+Y Ctrl+Shift+Z`; empty for none. Letters are capitals, as in `B`. */
  readonly keys: string;
  readonly run: () => void;
  readonly isDisabled?: boolean;
  /** For what is switched on and off or chosen among others. */
  readonly isOn?: boolean;
}

export interface ListedAction extends Action {
  readonly group: string;
}

/** The actions of everything that is on the page now. */
export class ActionList {
  readonly #groups = new Map<symbol, readonly ListedAction[]>();
  readonly #listeners = new Set<() => void>();
  #all: readonly ListedAction[] = [];

  /** Replaces the actions of one owner; those of later owners take precedence over the same keys. */
  set(owner: symbol, actions: readonly ListedAction[]): void {
    const before = this.#groups.get(owner);
    this.#groups.set(owner, actions);
    this.#all = [...this.#groups.values()].flat();
    if (before === undefined || !looksSame(before, actions)) this.#changed();
  }

  remove(owner: symbol): void {
    if (!this.#groups.delete(owner)) return;
    this.#all = [...this.#groups.values()].flat();
    this.#changed();
  }

  get all(): readonly ListedAction[] {
    return this.#all;
  }

  find(id: string): ListedAction | undefined {
    return this.#all.find((action) => action.id === id);
  }

  /** The action that a key runs. */
  forKey(key: string, chosen: Readonly<Record<string, string>>): ListedAction | undefined {
    return this.#all.findLast((action) => keysOf(action, chosen).includes(key));
  }

  subscribe = (listen: () => void): (() => void) => {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  };

  #version = 0;
  /** Counts up when what a person sees of the actions changed. */
  version = (): number => this.#version;

  #changed(): void {
    this.#version++;
    for (const listen of this.#listeners) listen();
  }
}

/** The keys of an action: the person's choice, or its own. */
export function keysOf(
  { id, keys }: Pick<Action, "id" | "keys">,
  chosen: Readonly<Record<string, string>>,
): readonly string[] {
  return (chosen[id] ?? keys).split(" ").filter((key) => key !== "");
}

/** Whether two lists differ in nothing but what their actions run. */
function looksSame(a: readonly ListedAction[], b: readonly ListedAction[]): boolean {
  const look = ({ id, label, keys, isDisabled, isOn }: ListedAction): string =>
    JSON.stringify([id, label, keys, isDisabled === true, isOn]);
  return a.length === b.length && a.every((action, i) => look(action) === look(b[i]!));
}
