import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { moved } from "../../src/studio/page/tag/grid-moves.ts";
import { layoutGrid, offsetToShow, visibleRows } from "../../src/studio/page/tag/grid-layout.ts";
import { mostHeight, ScrollScale } from "../../src/studio/page/tag/scroll-scale.ts";
import {
  inverse,
  isSame,
  mergeChange,
  withTag,
  type TagState,
} from "../../src/studio/page/tag/tag-change.ts";

const tags = fc.uniqueArray(fc.nat(8), { maxLength: 6 }).map((all) => all.sort((a, b) => a - b));
const states: fc.Arbitrary<TagState> = fc.oneof(
  tags.map((some) => ({ tags: some, untagged: false })),
  fc.constant({ tags: [], untagged: true }),
);

describe("changes of tags", () => {
  test("on what was seen come to what was meant, and are taken back by their inverse", () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const change = { id: 1, before, after };
        expect(mergeChange(change, before)).toEqual(after);
        expect(mergeChange(inverse(change), after)).toEqual(before);
      }),
    );
  });

  test("on what others made of it meanwhile keep all that others added", () => {
    fc.assert(
      fc.property(states, states, tags, (before, after, added) => {
        const foreign = added.filter((tag) => !before.tags.includes(tag));
        const current = { tags: [...before.tags, ...foreign], untagged: false };
        const merged = mergeChange({ id: 1, before, after }, current);
        for (const tag of [...foreign, ...after.tags]) expect(merged.tags).toContain(tag);
        const removed = before.tags.filter((tag) => !after.tags.includes(tag));
        for (const tag of removed) expect(merged.tags).not.toContain(tag);
      }),
    );
  });

  test("that were made already change nothing", () => {
    fc.assert(
      fc.property(tags, fc.nat(8), fc.boolean(), (some, tag, isSet) => {
        const before = { tags: some, untagged: false };
        const after = withTag(before, tag, isSet);
        expect(isSame(mergeChange({ id: 1, before, after }, after), after)).toBe(true);
      }),
    );
  });

  test("an image with a class has known tags; unknown tags are none", () => {
    expect(withTag({ tags: [], untagged: true }, 3, true)).toEqual({ tags: [3], untagged: false });
    const unknown = {
      id: 1,
      before: { tags: [1], untagged: false },
      after: { tags: [], untagged: true },
    };
    expect(mergeChange(unknown, { tags: [1, 2], untagged: false })).toEqual({
      tags: [2],
      untagged: false,
    });
  });
});

describe("the grid", () => {
  test.each([
    ["ArrowRight", 9, 9],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 3, 7],
    // Below it the last row has no image.
    ["ArrowDown", 7, 9],
    ["ArrowDown", 8, 8],
    ["ArrowUp", 2, 2],
    ["ArrowUp", 9, 5],
    ["Home", 6, 4],
    ["End", 4, 7],
    ["End", 8, 9],
    ["PageDown", 1, 9],
    ["PageUp", 9, 1],
    ["Ctrl+Home", 9, 0],
    ["Ctrl+End", 0, 9],
    ["x", 4, undefined],
  ])("%s leads from image %i to %s of ten in four columns", (key, from, to) => {
    expect(moved(key, from, { columns: 4, screenRows: 2, total: 10 })).toBe(to);
  });

  test("shows exactly the rows around the window, and scrolls no further than needed", () => {
    const layout = layoutGrid(1000, 1000, 160);
    expect(layout.columns).toBe(5);
    const { first, last } = visibleRows(layout, 5000, 700);
    expect(first * layout.rowHeight).toBeLessThanOrEqual(5000);
    expect((last + 1) * layout.rowHeight).toBeGreaterThanOrEqual(5700);
    expect(last - first).toBeLessThan(10);
    expect(offsetToShow(layout, first + 2, 5000, 700)).toBe(5000);
    expect(offsetToShow(layout, 0, 5000, 700)).toBe(0);
    const below = offsetToShow(layout, 100, 5000, 700);
    expect(below + 700).toBeGreaterThanOrEqual(101 * layout.rowHeight);
  });
});

describe("scrolling through more than an element can be high", () => {
  const height = 40_000_000;
  const viewport = 800;
  const scale = (): ScrollScale => {
    const made = new ScrollScale();
    made.resize(height, viewport);
    return made;
  };
  const most = mostHeight - viewport;

  test("less than that is scrolled as it is", () => {
    const small = new ScrollScale();
    small.resize(5000, viewport);
    small.scrolled(1234);
    expect([small.offset, small.shift, small.shownHeight]).toEqual([1234, 0, 5000]);
  });

  test("the ends of the scroll bar are the ends of the content", () => {
    const made = scale();
    made.scrolled(most);
    expect(made.offset).toBe(height - viewport);
    made.scrolled(0);
    expect(made.offset).toBe(0);
  });

  test("every place can be gone to, and is where it was asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: height - viewport }), (offset) => {
        const made = scale();
        const scrollTop = made.goTo(offset);
        expect(made.offset).toBe(offset);
        expect(scrollTop).toBeLessThanOrEqual(most);
        // The browser tells about the move afterwards, which changes nothing.
        made.scrolled(scrollTop);
        expect(made.offset).toBe(offset);
      }),
    );
  });

  test("small steps move by their own length, and the bar is put where it belongs afterwards", () => {
    const made = scale();
    let scrollTop = made.goTo(20_000_000);
    for (let i = 1; i <= 100; i++) {
      made.scrolled((scrollTop -= 120));
      expect(made.offset).toBe(20_000_000 - 120 * i);
    }
    expect(made.isAdrift).toBe(true);
    made.goTo(made.offset);
    expect(made.isAdrift).toBe(false);
    expect(made.offset).toBe(20_000_000 - 12_000);
  });

  test.each([-1, 1])("small steps reach the end when the bar does, without a jump", (direction) => {
    const made = scale();
    const end = direction < 0 ? 0 : most;
    let scrollTop = made.goTo(direction < 0 ? 30_000 : height - viewport - 30_000);
    while (scrollTop !== end) {
      const before = made.offset;
      scrollTop = Math.min(Math.max(0, scrollTop + direction * 100), most);
      made.scrolled(scrollTop);
      const step = direction * (made.offset - before);
      expect(step).toBeGreaterThanOrEqual(0);
      expect(step).toBeLessThanOrEqual(4 * 100);
    }
    expect(made.offset).toBe(direction < 0 ? 0 : height - viewport);
  });
});
