import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import { ImageFiles } from "../../../src/files/formats/image-files.ts";
import { makeFolder } from "../datasets/folders.ts";

test("images are those of the folder passed in, or of the first usual one, under either name", async () => {
  const root = await makeFolder({
    "images/a.jpg": "",
    "images/trip/caf\u00e9.png": "",
    "JPEGImages/b.jpg": "",
    "other/c.jpg": "",
  });
  const usual = await ImageFiles.find(nodeStore, undefined, root);
  expect(usual.get("a")).toBe(join(root, "images/a.jpg"));
  expect(usual.get("a.jpg")).toBe(join(root, "images/a.jpg"));
  expect(usual.get("trip/cafe\u0301")).toBe(join(root, "images/trip/caf\u00e9.png"));
  expect(usual.get(undefined, "nothing", "a")).toBe(join(root, "images/a.jpg"));
  expect(usual.get("b", "c", undefined)).toBeUndefined();
  const named = await ImageFiles.find(nodeStore, join(root, "other"), root);
  expect([named.get("c"), named.get("a")]).toEqual([join(root, "other/c.jpg"), undefined]);
});

test("the second usual folder counts where the first is missing or a file, and none is no error", async () => {
  const root = await makeFolder({ images: "a file", "JPEGImages/b.jpg": "" });
  expect((await ImageFiles.find(nodeStore, undefined, root)).get("b")).toBe(
    join(root, "JPEGImages/b.jpg"),
  );
  const bare = await ImageFiles.find(nodeStore, undefined, await makeFolder({ "b.jpg": "" }));
  expect(bare.get("b")).toBeUndefined();
  await expect(ImageFiles.find(nodeStore, join(root, "nowhere"), root)).rejects.toThrow(/nowhere/);
});
