/**
 * Browsers clamp the height of an element (Chromium at 33,554,428 px), and place what stands beyond 2^24 px inexactly, as they count
 * in 32-bit floating point.
 */
export const mostHeight = 16_000_000;

/**
 * Maps the position of a scroll bar to the offset in content that may be higher than an element can be. Small steps move the content
 * by the same pixels, and a little more or less as needed to meet the ends; large ones go to the same share of the whole.
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
    const step = scrollTop - this.#scrollTop;
    this.#scrollTop = scrollTop;
    const target = this.#toOffset(scrollTop);
    if (this.#height <= mostHeight || Math.abs(step) > 2 * this.#viewport) {
      this.#offset = target;
      return;
    }
    const drift = target - (this.#offset + step);
    const correction = Math.min(Math.abs(drift), Math.abs(step) / 2) * Math.sign(drift);
    const isAtEnd = scrollTop <= 0 || scrollTop >= this.#mostTop;
    this.#offset = isAtEnd ? target : this.#offset + step + Math.round(correction);
  }

  /** Goes to an offset. @returns where the bar stands then */
  goTo(offset: number): number {
    this.#offset = Math.round(Math.min(Math.max(0, offset), this.#mostOffset));
    const share = this.#mostOffset > 0 ? this.#offset / this.#mostOffset : 0;
    this.#scrollTop = Math.round(share * this.#mostTop);
    return this.#scrollTop;
  }

  get #mostTop(): number {
    return Math.max(0, this.shownHeight - this.#viewport);
  }

  get #mostOffset(): number {
    return Math.max(0, this.#height - this.#viewport);
  }

  #toOffset(scrollTop: number): number {
    if (this.#height <= mostHeight) return scrollTop;
    return Math.round((Math.min(scrollTop, this.#mostTop) / this.#mostTop) * this.#mostOffset);
  }
}
