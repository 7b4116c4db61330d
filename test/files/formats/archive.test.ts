import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import { openFolder } from "../../../src/files/formats/archive.ts";
import { UserError } from "../../../src/user-error.ts";
import { makeFolder } from "../datasets/folders.ts";

test("a folder is read as an archive, eight levels deep, by composed names", async () => {
  const deep = "1/2/3/4/5/6/7/8";
  const root = await makeFolder({
    "a.txt": "1234",
    [`${deep}/b.txt`]: "b",
    [`${deep}/9/c.txt`]: "c",
    "cafe\u0301.txt": "d",
  });
  const archive = await openFolder(nodeStore, root);
  expect([...archive.names].sort()).toEqual([`${deep}/b.txt`, "a.txt", "caf\u00e9.txt"].sort());
  const read = async (name: string, limit: number) => String(Buffer.from(await archive.read(name, limit))); // prettier-ignore
  expect(await read("a.txt", 4)).toBe("1234");
  expect(await read("caf\u00e9.txt", 100)).toBe("d");
  await expect(read("a.txt", 3)).rejects.toThrow(`${join(root, "a.txt")}: has 4 bytes; at most 3`);
  await expect(read("b.txt", 100)).rejects.toThrow(new UserError(`${root}: has no b.txt`));
  await archive.close();
});
