import { describe, expect, test } from "vitest";
import { Random } from "../../../src/engine/random.ts";
import { MaskEditor, type Edit, type Paint } from "../../../src/studio/edit/mask-editor.ts";
import { paletteOf } from "../../../src/studio/edit/paint-rule.ts";
import { applyPatch } from "../../../src/studio/patches.ts";
import { drawn, labels } from "./picture.ts";

const all = paletteOf({ classes: 5, tags: [], untagged: true, knownTags: true });
const paint = (label: number, over: Paint["over"] = "all", locked: number[] = []): Paint => ({
  label,
  over,
  locked: new Set(locked),
});

/** Paints with one tool on a mask drawn in digits, and gives the mask after it. */
function edited(rows: readonly string[], how: Paint, tool: (edit: Edit) => void): string[] {
  const map = labels(rows);
  const edit = new MaskEditor(map, { palette: all }).begin(how);
  tool(edit);
  edit.finish();
  return drawn(map);
}

const dot = { x: 2.5, y: 1.5, radius: 1 };
const scene = ["00110", "0?120", "00220"];

describe("what may be painted over", () => {
  test.each([
    ["everything, also what is locked", paint(3, "all", [1]), ["00310", "0333" + "0", "00320"]],
    ["all but the locked labels", paint(3, "unlocked", [1]), ["00110", "03130", "00320"]],
    ["only what is not known", paint(3, "ignore"), ["00110", "03120", "00220"]],
    ["erasing is painting background", paint(0, "unlocked", [2]), ["00010", "00020", "00220"]],
    ["255 is a label as any other", paint(255), ["00?10", "0???0", "00?20"]],
  ])("%s", (_, how, expected) => {
    expect(edited(scene, how, (edit) => void edit.stroke(dot))).toEqual(expected);
  });

  test("a label that the image cannot have is refused, with those that it can have", () => {
    const palette = paletteOf({ classes: 5, tags: [1, 3], untagged: false, knownTags: true });
    const editor = new MaskEditor(labels(scene), { palette });
    expect(palette).toEqual([0, 2, 4, 255]);
    expect(() => editor.begin(paint(1))).toThrow(
      "label 1 is not one of this image's: 0, 2, 4, 255",
    );
    expect(editor.begin(paint(4)).stroke(dot)).toBeDefined();
  });

  test("without known tags, and for an image without tags, every class is in the palette", () => {
    const given = { classes: 3, tags: [1] };
    expect(paletteOf({ ...given, untagged: false, knownTags: false })).toEqual([0, 1, 2, 3, 255]);
    expect(paletteOf({ ...given, untagged: true, knownTags: true })).toEqual([0, 1, 2, 3, 255]);
    expect(paletteOf({ ...given, tags: [], untagged: false, knownTags: true })).toEqual([0, 255]);
  });
});

describe("tools", () => {
  test("a stroke paints between the positions of the pointer and tells the rectangle to draw again", () => {
    const map = labels(Array<string>(6).fill("0".repeat(9)));
    const edit = new MaskEditor(map, { palette: all }).begin(paint(1));
    expect(edit.stroke({ x: 1.5, y: 1.5, radius: 0.5 })).toEqual({
      x: 1,
      y: 1,
      width: 1,
      height: 1,
    });
    const moved = edit.stroke({ x: 7.5, y: 1.5, radius: 0.5 });
    expect(moved).toEqual({ x: 1, y: 1, width: 7, height: 1 });
    const patch = edit.finish()!;
    expect({ ...patch, labels: [...patch.labels] }).toEqual({
      x: 1,
      y: 1,
      width: 7,
      height: 1,
      labels: [1, 1, 1, 1, 1, 1, 1],
    });
  });

  test("a bucket fills the region of one label around the pixel, and no other of the same label", () => {
    const rows = ["11011", "11011", "00000"];
    expect(edited(rows, paint(2), (edit) => void edit.bucket(0, 1))).toEqual([
      "22011",
      "22011",
      "00000",
    ]);
    expect(edited(rows, paint(2, "unlocked", [1]), (edit) => void edit.bucket(0, 1))).toEqual(rows);
    expect(edited(rows, paint(2), (edit) => void edit.bucket(9, 9))).toEqual(rows);
  });

  test("a bucket with a tolerance stops at other colors", () => {
    const gray = [10, 14, 90, 12, 11];
    const data = Uint8Array.from(gray.flatMap((v) => [v, v, v, 255]));
    const colors = { width: 5, height: 1, data };
    const tool = (edit: Edit) => void edit.bucket(0, 0, { colors, tolerance: 5 });
    expect(edited(["00000"], paint(1), tool)).toEqual(["11000"]);
  });

  test("a lasso fills its outline", () => {
    const square = [{ x: 1, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 2 }, { x: 1, y: 2 }]; // prettier-ignore
    expect(edited(scene, paint(4), (edit) => void edit.lasso(square))).toEqual([
      "04440",
      "04440",
      "00220",
    ]);
  });

  test("a cancelled edit leaves no trace", () => {
    const map = labels(scene);
    const editor = new MaskEditor(map, { palette: all });
    const edit = editor.begin(paint(3));
    edit.stroke(dot);
    expect(edit.cancel()).toEqual({ x: 0, y: 0, width: 5, height: 3 });
    expect(edit.finish()).toBeUndefined();
    expect(drawn(map)).toEqual(scene);
    expect(editor.depth).toEqual({ undo: 0, redo: 0 });
  });
});

describe("growing by affinity", () => {
  const scores = { width: 5, height: 1, data: Float32Array.from([0.9, 0.8, 0.3, 0.8, 0.2]) };

  test("another threshold replaces what was grown, in one step of undo", () => {
    const map = labels(["01200"]);
    const editor = new MaskEditor(map, { palette: all });
    const edit = editor.begin(paint(3));
    edit.grow(scores, 0.5, 0, 0);
    expect(drawn(map)).toEqual(["33200"]);
    edit.grow(scores, 0.25, 0, 0);
    const first = edit.finish()!;
    expect(drawn(map)).toEqual(["33330"]);
    edit.grow(scores, 0.85, 0, 0);
    const second = edit.finish()!;
    expect(drawn(map)).toEqual(["31200"]);
    expect(editor.depth.undo).toBe(1);
    // The server, which has the first, gets back with the second what was painted over.
    const server = labels(["01200"]);
    applyPatch(server, first);
    applyPatch(server, second);
    expect(drawn(server)).toEqual(["31200"]);
    editor.undo();
    expect(drawn(map)).toEqual(["01200"]);
  });

  test("back to nothing is no step at all", () => {
    const map = labels(["31200"]);
    const editor = new MaskEditor(map, { palette: all });
    const edit = editor.begin(paint(3));
    edit.grow(scores, 0.5, 0, 0);
    edit.finish();
    edit.grow(scores, 0.85, 0, 0);
    expect(edit.finish()).toBeDefined();
    expect(editor.depth.undo).toBe(0);
  });
});

describe("undo and redo", () => {
  test("one stroke is one step, with the classes that it painted over", () => {
    const map = labels(scene);
    const editor = new MaskEditor(map, { palette: all });
    const edit = editor.begin(paint(3));
    for (const x of [0.5, 2.5, 4.5]) edit.stroke({ x, y: 1.5, radius: 1.2 });
    edit.finish();
    expect(editor.depth).toEqual({ undo: 1, redo: 0 });
    expect(editor.undo()).toMatchObject({ x: 0, y: 0, width: 5, height: 3 });
    expect(drawn(map)).toEqual(scene);
    expect(editor.undo()).toBeUndefined();
  });

  test("a new edit after an undo makes a redo impossible", () => {
    const editor = new MaskEditor(labels(scene), { palette: all });
    for (const label of [3, 4]) {
      const edit = editor.begin(paint(label));
      edit.stroke(dot);
      edit.finish();
      editor.undo();
    }
    expect(editor.depth).toEqual({ undo: 0, redo: 1 });
  });

  test("100 undone and 100 redone edits give the same bytes, here and where only the patches arrive", () => {
    const random = Random.at(7, "edits");
    const [width, height] = [700, 530];
    const data = Uint8Array.from({ length: width * height }, () => Math.floor(random.next() * 4));
    const server = { width, height, data: data.slice() };
    const map = { width, height, data };
    const editor = new MaskEditor(map, { palette: all });
    const states: Uint8Array[] = [data.slice()];
    for (let i = 0; i < 100; i++) {
      const edit = editor.begin(
        paint(i % 6 === 5 ? 255 : i % 6, i % 3 === 0 ? "unlocked" : "all", [2]),
      );
      for (let k = 0; k < 3; k++) {
        edit.stroke({
          x: random.next() * width,
          y: random.next() * height,
          radius: random.next() * 40,
        });
      }
      applyPatch(server, edit.finish()!);
      states.push(data.slice());
    }
    expect(server.data).toEqual(data);
    for (let i = 99; i >= 0; i--) {
      applyPatch(server, editor.undo()!);
      expect(data).toEqual(states[i]);
    }
    expect(server.data).toEqual(states[0]);
    for (let i = 1; i <= 100; i++) applyPatch(server, editor.redo()!);
    expect(editor.redo()).toBeUndefined();
    expect(data).toEqual(states[100]);
    expect(server.data).toEqual(data);
  });

  test("memory is bounded: the oldest steps are forgotten, the last one never", () => {
    const map = labels(Array<string>(40).fill("0".repeat(40)));
    const editor = new MaskEditor(map, { palette: all, mostBytes: 1000 });
    for (let i = 0; i < 60; i++) {
      const edit = editor.begin(paint(1 + (i % 5)));
      edit.stroke({ x: 5 + (i % 30), y: 20, radius: 4 });
      edit.finish();
    }
    const { undo } = editor.depth;
    expect(undo).toBeGreaterThan(1);
    expect(undo).toBeLessThan(20);
    const tiny = new MaskEditor(labels(scene), { palette: all, mostBytes: 1 });
    const edit = tiny.begin(paint(1));
    edit.stroke(dot);
    edit.finish();
    expect(tiny.depth.undo).toBe(1);
  });
});
