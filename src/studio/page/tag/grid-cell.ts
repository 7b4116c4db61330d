import { recordFlags, type ImageRecord } from "../../records.ts";

/** How a cell is to look. */
export interface CellLook {
  readonly position: number;
  /** Undefined until it is known what stands there. */
  readonly record: ImageRecord | undefined;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  /** Address of the picture; null if it cannot be shown, undefined if it is not here yet. */
  readonly url: string | null | undefined;
  readonly tags: TagLook;
}

/** How the tags of an image are shown; one object for all images with the same ones. */
export interface TagLook {
  /** Names, for people. */
  readonly caption: string;
  /** A band in their colors, as a background. */
  readonly band: string;
}

/** A cell of the grid, used for one image after the other: only what differs is touched. */
export class GridCell {
  readonly element = document.createElement("div");
  readonly #picture = new Image();
  readonly #caption = document.createElement("span");
  #position = -1;
  #shown: Partial<CellLook> = {};
  #flags = -1;
  #label = "";

  constructor(id: string, column: number) {
    const { element } = this;
    element.id = id;
    element.className = "cell";
    element.setAttribute("role", "gridcell");
    element.setAttribute("aria-colindex", String(column + 1));
    this.#picture.alt = "";
    this.#picture.decoding = "async";
    this.#picture.draggable = false;
    element.append(this.#picture, this.#caption);
  }

  /** Position in the list; -1 for a cell behind the last image. */
  get position(): number {
    return this.#position;
  }

  /** What is shown; undefined until it is known. */
  get record(): ImageRecord | undefined {
    return this.#shown.record;
  }

  hide(): void {
    if (this.#position === -1) return;
    this.#position = -1;
    this.element.hidden = true;
  }

  show(look: CellLook): void {
    const { element } = this;
    const shown = this.#shown;
    if (this.#position === -1) element.hidden = false;
    this.#position = look.position;
    if (look.isSelected !== shown.isSelected) {
      element.setAttribute("aria-selected", String(look.isSelected));
    }
    if (look.isActive !== shown.isActive) element.classList.toggle("active", look.isActive);
    if (look.url !== shown.url) {
      if (typeof look.url === "string") this.#picture.src = look.url;
      else this.#picture.removeAttribute("src");
      element.classList.toggle("broken", look.url === null);
    }
    if (look.tags !== shown.tags) {
      this.#caption.textContent = look.tags.caption;
      this.#caption.style.setProperty("--tags", look.tags.band);
    }
    this.#mark(look.record);
    this.#shown = look;
  }

  /** Names the cell for screen readers. */
  label(text: string): void {
    if (text === this.#label) return;
    this.#label = text;
    this.element.setAttribute("aria-label", text);
  }

  #mark(record: ImageRecord | undefined): void {
    const flags = record === undefined ? -1 : record.flags * 4 + verdictNumber(record);
    if (flags === this.#flags) return;
    this.#flags = flags;
    const { dataset } = this.element;
    dataset["verdict"] = record?.verdict ?? "none";
    const isUntagged = record !== undefined && (record.flags & recordFlags.untagged) !== 0;
    const hasProblem = record !== undefined && (record.flags & recordFlags.problem) !== 0;
    dataset["state"] = hasProblem ? "problem" : isUntagged ? "untagged" : "tagged";
  }
}

function verdictNumber({ verdict }: ImageRecord): number {
  return { none: 0, accepted: 1, rejected: 2, unsure: 3 }[verdict];
}
