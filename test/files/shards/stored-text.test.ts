import { expect, test } from "vitest";
import { isStoredText, storedText, toldText } from "../../../src/files/shards/stored-text.ts";

const stored = (text: string, ...paths: string[]) =>
  storedText(text, paths, (path) => `../${path}`);

test.each([
  ["masks: of masks", ["masks"], { path: "../masks", text: ": of masks" }],
  ["my masks/obj.names: class id 0", ["my masks"], { path: "../my masks/obj.names", text: ": class id 0" }],
  ["masks", ["masks"], { path: "../masks", text: "" }],
  ["a/b: x", ["a", "a/b"], { path: "../a/b", text: ": x" }],
  [".: x", ["data.yaml", "."], { path: "../.", text: ": x" }],
  // A name that only begins like the path, or another place.
  ["masks-2: no", ["masks"], "masks-2: no"],
  ["all masks: no", ["masks"], "all masks: no"],
  ["nothing to see", [""], "nothing to see"],
])("%j about %j", (text, paths, expected) => {
  expect(stored(text, ...paths)).toEqual(expected);
}); // prettier-ignore

test("a sentence is told with its path as it is seen from where the results are named", () => {
  const note = stored("masks/a.json: of images", "masks");
  expect(toldText(note, "out")).toBe("masks/a.json: of images");
  expect(toldText(note, "/data/out")).toBe("/data/masks/a.json: of images");
  expect(toldText("without a path", "out")).toBe("without a path");
});

test("damaged ones are known", () => {
  const values = ["text", { path: "a", text: "b" }, { path: "b" }, null, [], 1];
  expect(values.map(isStoredText)).toEqual([true, true, false, false, false, false]);
});
