/**
 * Browsers clamp the height of an element (Chromium at 33,554,428 px), and place what stands beyond 2^24 px inexactly, as they count
 * in 32-bit floating point.
 */
export const mostHeight = 16_000_000;

/** From so many screens before an end, the bar and the content approach it together. */
const endScreens = 20;

/**
 * Maps the position of a scroll bar to the offset in content that may be higher than an element can be. Small steps move the content
 * by the same pixels, so that a turn of the wheel is what it always is; large ones go to the same share of the whole. What the bar
 * falls behind by small steps is made up for by `goTo` when the content rests.
 */
export class ScrollScale {
  #height = 0;
  #viewport = 0;
  #scrollTop = 0;
  #offset = 0;

  /** Height of the element that is scrolled. */
  get shownHeight(): number {
    return Math.min(this.#height, mostHeight);
  }

  get offset(): number {
    return this.#offset;
  }

  /** What to take from a place in the content to get that in the element. */
  get shift(): number {
    return this.#offset - this.#scrollTop;
  }

  resize(height: number, viewport: number): void {
    this.#height = height;
    this.#viewport = viewport;
  }

  /** The person scrolled: takes the new position of the bar. */
  scrolled(scrollTop: number): void {
    const before = this.#scrollTop;
    const step = scrollTop - before;
    this.#scrollTop = scrollTop;
    if (this.#height <= mostHeight || Math.abs(step) > 2 * this.#viewport) {
      this.#offset = this.#toOffset(scrollTop);
      return;
    }
    const isUp = step < 0;
    const barLeft = isUp ? before : this.#mostTop - before;
    const contentLeft = isUp ? this.#offset : this.#mostOffset - this.#offset;
    const isNearEnd = barLeft > 0 && barLeft < endScreens * this.#viewport;
    const moved = this.#offset + step * (isNearEnd ? contentLeft / barLeft : 1);
    this.#offset = Math.round(Math.min(Math.max(0, moved), this.#mostOffset));
  }

  /** Whether the bar stands a screen or more from where it belongs. */
  get isAdrift(): boolean {
    return Math.abs(this.#toTop(this.#offset) - this.#scrollTop) > this.#viewport;
  }

  /** Goes to an offset. @returns where the bar stands then */
  goTo(offset: number): number {
    this.#offset = Math.round(Math.min(Math.max(0, offset), this.#mostOffset));
    this.#scrollTop = this.#toTop(this.#offset);
    return this.#scrollTop;
  }

  get #mostTop(): number {
    return Math.max(0, this.shownHeight - this.#viewport);
  }

  get #mostOffset(): number {
    return Math.max(0, this.#height - this.#viewport);
  }

  #toTop(offset: number): number {
    return this.#mostOffset > 0 ? Math.round((offset / this.#mostOffset) * this.#mostTop) : 0;
  }

  #toOffset(scrollTop: number): number {
    if (this.#height <= mostHeight) return scrollTop;
    return Math.round((Math.min(scrollTop, this.#mostTop) / this.#mostTop) * this.#mostOffset);
  }
}
