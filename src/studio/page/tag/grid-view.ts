import type { ImageRecord } from "../../records.ts";
import { GridCell, type TagLook } from "./grid-cell.ts";
import { gap, layoutGrid, offsetToShow, visibleRows, type GridLayout } from "./grid-layout.ts";
import type { ImageList } from "./image-list.ts";
import { ScrollScale } from "./scroll-scale.ts";
import type { Selection } from "./selection.ts";
import type { Thumbnails } from "./thumbnails.ts";

export interface GridHost {
  readonly list: ImageList;
  readonly selection: Selection;
  readonly thumbnails: Thumbnails;
  tagsOf(record: ImageRecord): TagLook;
  /** What a screen reader says for an image. */
  labelOf(position: number, record: ImageRecord | undefined): string;
  /** The grid came to rest on these images. */
  rested(ids: readonly number[]): void;
}

interface Row {
  readonly element: HTMLElement;
  readonly cells: readonly GridCell[];
  index: number;
}

/** A frame that moves further than so many screens shows no pictures and tags: nobody could see them. */
const flingScreens = 0.75;
/** Without movement for so long the grid rests. */
const restMs = 120;
let lastId = 0;

/**
 * Draws the part of a list that can be seen into a scrolling element, outside React: rows are used again for other images as they
 * leave, so that a million images take the elements of one screen.
 */
export class GridView {
  readonly #id = `grid${++lastId}`;
  readonly #scale = new ScrollScale();
  readonly #spacer = document.createElement("div");
  readonly #watchSize: ResizeObserver;
  readonly #ended = new AbortController();
  #layout: GridLayout = layoutGrid(0, 1, 1);
  #rows: Row[] = [];
  #wanted = 160;
  #width = 0;
  #viewport = 0;
  #frame = 0;
  #lastOffset = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #active = "";

  constructor(
    readonly scroller: HTMLElement,
    readonly host: GridHost,
  ) {
    this.#spacer.className = "spacer";
    scroller.append(this.#spacer);
    scroller.addEventListener(
      "scroll",
      () => {
        this.#scale.scrolled(Math.round(scroller.scrollTop));
        this.#request();
      },
      { signal: this.#ended.signal, passive: true },
    );
    this.#watchSize = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      this.#resize(Math.floor(width), Math.floor(height));
    });
    this.#watchSize.observe(scroller);
    const ends = [host.list.watch(() => this.update()), host.selection.watch(() => this.update())];
    this.#ended.signal.addEventListener("abort", () => ends.forEach((end) => end()));
  }

  close(): void {
    this.#ended.abort();
    this.#watchSize.disconnect();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#rest);
    this.#spacer.remove();
  }

  get columns(): number {
    return this.#layout.columns;
  }

  /** Rows that can be seen as a whole, at least one. */
  get screenRows(): number {
    return Math.max(1, Math.floor(this.#viewport / this.#layout.rowHeight));
  }

  /** The least width of a cell. */
  set cellWidth(wanted: number) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#lay();
  }

  /** Ids of the images that have a cell. */
  get shown(): ReadonlySet<number> {
    return new Set(this.#cells().flatMap(({ record }) => record?.id ?? []));
  }

  /** Draws again in the next frame. */
  update(): void {
    const total = this.host.list.total ?? 0;
    if (Math.ceil(total / this.#layout.columns) !== this.#layout.rows) this.#lay();
    this.#request();
  }

  /** Scrolls as little as needed to show an image. */
  reveal(position: number): void {
    const row = Math.floor(position / this.#layout.columns);
    const offset = offsetToShow(this.#layout, row, this.#scale.offset, this.#viewport);
    if (offset !== this.#scale.offset) this.#goTo(offset);
    this.#request();
  }

  /** The image at a place of the window; undefined between the cells. */
  positionAt(x: number, y: number): number | undefined {
    const { left, top } = this.scroller.getBoundingClientRect();
    const { columns, cellWidth, rowHeight } = this.#layout;
    const column = Math.floor((x - left - gap) / (cellWidth + gap));
    const row = Math.floor((y - top + this.#scale.offset - gap) / rowHeight);
    if (column < 0 || column >= columns || row < 0) return undefined;
    const position = row * columns + column;
    return position < (this.host.list.total ?? 0) ? position : undefined;
  }

  /** Draws at once, for what must be seen by a screen reader before the focus goes there. */
  flush(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draw();
  }

  #resize(width: number, height: number): void {
    if (width === this.#width && height === this.#viewport) return;
    this.#width = width;
    this.#viewport = height;
    this.#lay();
  }

  /** Lays all out anew, and keeps the image that stood on top in sight. */
  #lay(): void {
    const { columns, rowHeight } = this.#layout;
    const first = Math.round(this.#scale.offset / rowHeight) * columns;
    const rest = this.#scale.offset - Math.floor(this.#scale.offset / rowHeight) * rowHeight;
    const isSameGrid = this.#layoutOf();
    this.#scale.resize(this.#layout.height, this.#viewport);
    this.#spacer.style.height = `${this.#scale.shownHeight}px`;
    if (!isSameGrid) {
      for (const { element } of this.#rows) element.remove();
      this.#rows = [];
      this.#goTo(Math.floor(first / this.#layout.columns) * this.#layout.rowHeight);
    } else {
      this.#goTo(Math.floor(this.#scale.offset / rowHeight) * rowHeight + rest);
    }
    const { scroller } = this;
    scroller.setAttribute("aria-rowcount", String(this.#layout.rows));
    scroller.setAttribute("aria-colcount", String(this.#layout.columns));
    scroller.style.setProperty("--columns", String(this.#layout.columns));
    scroller.style.setProperty("--cell", `${this.#layout.cellWidth}px`);
    scroller.style.setProperty("--row", `${this.#layout.rowHeight - gap}px`);
    this.#request();
  }

  /** @returns whether the cells stand as before */
  #layoutOf(): boolean {
    const before = this.#layout;
    this.#layout = layoutGrid(this.host.list.total ?? 0, this.#width, this.#wanted);
    const { columns, cellWidth } = this.#layout;
    return before.columns === columns && before.cellWidth === cellWidth;
  }

  #goTo(offset: number): void {
    this.scroller.scrollTop = this.#scale.goTo(offset);
  }

  #request(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { list } = this.host;
    const total = list.total;
    if (total === undefined || this.#viewport === 0) {
      list.load(0, 0);
      return;
    }
    const { columns } = this.#layout;
    const { offset } = this.#scale;
    const { first, last } = visibleRows(this.#layout, offset, this.#viewport);
    const isFling = Math.abs(offset - this.#lastOffset) > flingScreens * this.#viewport;
    this.#lastOffset = offset;
    list.load(first * columns, Math.min(total - 1, (last + 1) * columns - 1));
    this.#place(first, last);
    for (const row of this.#rows) this.#drawRow(row, total, isFling);
    this.#markActive();
    clearTimeout(this.#rest);
    if (!isFling) this.#wantPictures(offset);
    this.#rest = setTimeout(() => this.#rested(), restMs);
  }

  /** Gives every row that can be seen an element: row r takes number r of as many as are needed. */
  #place(first: number, last: number): void {
    const count = Math.max(0, last - first + 1);
    while (this.#rows.length < count) this.#rows.push(this.#createRow(this.#rows.length));
    while (this.#rows.length > count + 1) this.#rows.pop()!.element.remove();
    const slots = this.#rows.length;
    const { rowHeight } = this.#layout;
    const { shift } = this.#scale;
    for (let index = first; index < first + slots; index++) {
      const row = this.#rows[index % slots]!;
      const isShown = index <= last;
      row.index = isShown ? index : -1;
      row.element.hidden = !isShown;
      if (!isShown) continue;
      row.element.style.transform = `translateY(${index * rowHeight + gap - shift}px)`;
      row.element.setAttribute("aria-rowindex", String(index + 1));
    }
  }

  #createRow(slot: number): Row {
    const element = document.createElement("div");
    element.className = "grid-row";
    element.setAttribute("role", "row");
    const cells = Array.from(
      { length: this.#layout.columns },
      (_, column) => new GridCell(`${this.#id}-${slot}-${column}`, column),
    );
    element.append(...cells.map((cell) => cell.element));
    this.#spacer.append(element);
    return { element, cells, index: -1 };
  }

  #drawRow({ index, cells }: Row, total: number, isFling: boolean): void {
    if (index < 0) return;
    const { list, selection, thumbnails } = this.host;
    cells.forEach((cell, column) => {
      const position = index * cells.length + column;
      if (position >= total) return cell.hide();
      const record = list.record(position);
      cell.show({
        position,
        record,
        isSelected: record !== undefined && selection.ids.has(record.id),
        isActive: position === selection.position,
        url: record && thumbnails.get(record.id, record.version),
        tags: record === undefined || isFling ? noTags : this.host.tagsOf(record),
      });
    });
  }

  #markActive(): void {
    const { position } = this.host.selection;
    const cell = this.#cells().find((one) => one.position === position);
    const id = cell?.element.id ?? "";
    if (cell !== undefined) {
      cell.label(this.host.labelOf(position, cell.record));
    }
    if (id === this.#active) return;
    this.#active = id;
    if (id === "") this.scroller.removeAttribute("aria-activedescendant");
    else this.scroller.setAttribute("aria-activedescendant", id);
  }

  #wantPictures(offset: number): void {
    const records = this.#cells().flatMap(({ position, record }) =>
      record === undefined ? [] : [{ id: record.id, version: record.version, position }],
    );
    // Those on the screen come before those next to it.
    const [top, bottom] = [offset, offset + this.#viewport].map(
      (at) => Math.floor(at / this.#layout.rowHeight) * this.#layout.columns,
    );
    const isSeen = (position: number): boolean =>
      position >= top! && position < bottom! + this.#layout.columns;
    records.sort(
      (a, b) => Number(isSeen(b.position)) - Number(isSeen(a.position)) || a.position - b.position,
    );
    this.host.thumbnails.want(records);
  }

  #rested(): void {
    if (this.#scale.isAdrift) this.#goTo(this.#scale.offset);
    // The last frame may have been one of a fling.
    this.#draw();
    clearTimeout(this.#rest);
    const ids: number[] = [];
    for (const cell of this.#cells()) {
      cell.label(this.host.labelOf(cell.position, cell.record));
      if (cell.record !== undefined) ids.push(cell.record.id);
    }
    this.host.rested(ids);
    this.#wantPictures(this.#scale.offset);
  }

  /** The cells of the rows that are shown. */
  #cells(): GridCell[] {
    return this.#rows
      .filter(({ index }) => index >= 0)
      .flatMap(({ cells }) => cells.filter(({ position }) => position >= 0));
  }
}

const noTags: TagLook = { caption: "", band: "none" };
