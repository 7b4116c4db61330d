import { expect, test } from "vitest";
import {
  formatProblem,
  formatReport,
  inspectDataset,
  openDataset,
} from "../../../src/files/datasets/index.ts";
import { KnownMasks } from "../../../src/files/datasets/known-masks.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { wordRemedies } from "../../../src/cli/remedies.ts";
import { makeFolder, Mask, Picture } from "./folders.ts";

type Files = Parameters<typeof makeFolder>[0];

const names = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** Eight images of cat or dog; the masks call dog 1 and cat 2, where the data set's order is cat, dog. */
function photos(tagsOf = (i: number): string => (i % 2 === 0 ? "dog" : "cat")): Files {
  const rows = names.map((name, i) => `${name}.png,${tagsOf(i)},${i < 6 ? "train" : "val"}`);
  const files: Record<string, string | Mask | Picture> = {
    "tags.csv": `file,tags,split\n${rows.join("\n")}\n`,
  };
  names.forEach((name, i) => {
    files[`images/${name}.png`] = new Picture(4, 2);
    files[`masks/${name}.png`] = new Mask([0, i % 2 === 0 ? 1 : 2], 4, 2);
  });
  return files;
}

async function inspect(files: Files): Promise<{ told: string[]; text: string }> {
  const root = await makeFolder(files);
  const report = await inspectDataset(nodeHost, root);
  const told = report.problems.map(
    (one) => `${one.severity} ${formatProblem(one).replaceAll(`${root}/`, "")}`,
  );
  return { told, text: formatReport(report, { color: false, wordRemedies }) };
}

const written = JSON.stringify({
  classes: ["background", "dog", "cat"].map((name, index) => ({ index, name })),
});

test.each([
  ["masks/classes.json", written],
  ["masks/classes.txt", "dog\ncat\n"],
  ["classes.json", written],
])(
  "names in %s renumber the masks for data, eval and training, which is told once",
  async (file, text) => {
    const root = await makeFolder({ ...photos(), [file]: text });
    const report = await inspectDataset(nodeHost, root);
    expect(report.problems.map((one) => formatProblem(one).replace(`${root}/`, ""))).toEqual([
      `${file}: the masks' classes are matched by name, labels renumbered: dog 1 → 2, cat 2 → 1`,
    ]);
    const data = await openDataset(nodeHost, root);
    const sample = data.splits["train"]![0]!;
    expect([...(await data.reader.readMask(sample)).data.subarray(0, 2)]).toEqual([0, 2]);
    const known = await KnownMasks.find(nodeHost, data);
    expect(known.of(sample)!.labels).toEqual([0, 2, 1]);
  },
);

test("names in the data set's order change nothing and are not told", async () => {
  const files = {
    ...photos((i) => (i % 2 === 0 ? "cat" : "dog")),
    "masks/classes.txt": "cat\ndog",
  };
  expect((await inspect(files)).told).toEqual([]);
});

test("other names are refused with both lists", async () => {
  const files = { ...photos(), "masks/classes.txt": "dog\ncow\n" };
  const { told } = await inspect(files);
  expect(told[0]).toMatch(
    /^error masks\/classes\.txt: the masks have the class "cow", .* theirs are dog, cow; the data set's cat, dog/,
  );
  const root = await makeFolder(files);
  await expect(openDataset(nodeHost, root)).rejects.toThrow(/theirs are dog, cow/);
});

test("a classes.json beside the masks that lists no classes is told and keeps nobody from the data set", async () => {
  const files = photos((i) => (i % 2 === 0 ? "cat" : "dog"));
  const { told } = await inspect({ ...files, "classes.json": '{"a": 1}' });
  expect(told).toEqual([
    expect.stringMatching(/^warning classes\.json: says nothing about the masks: /),
  ]);
});

test("without names, masks that contradict the tags are judged once, with the command that renumbers them", async () => {
  const { told, text } = await inspect(photos());
  expect(told).toEqual([
    expect.stringMatching(
      /^warning .*: 8 of 8 masks show classes that their images are not tagged with/,
    ),
  ]);
  expect(text).toMatch(
    /number the classes in another order .*; `tag2mask convert <export> --to voc --classes cat,dog --out truth` renumbers them/,
  );
});

test("masks of incompletely tagged images are told one by one, the first five, and not called another order", async () => {
  const files = photos(() => "cat");
  const masks = names.map((name) => [`masks/${name}.png`, new Mask([0, 1, 2], 4, 2)] as const);
  const tags = String(files["tags.csv"]).replace("h.png,cat", "h.png,dog");
  const { text } = await inspect({ ...files, ...Object.fromEntries(masks), "tags.csv": tags });
  expect(text.match(/mask shows "dog", which/g)).toHaveLength(5);
  expect(text).toContain("... and 3 more like these");
  expect(text).not.toContain("another order");
});

test("masks copied into the folder of masks a second time are one warning that names it", async () => {
  const files: Record<string, Files[string]> = { ...photos((i) => (i % 2 === 0 ? "cat" : "dog")) };
  for (const name of names) files[`masks/masks/${name}.png`] = new Mask([0, 1], 4, 2);
  const { told } = await inspect(files);
  expect(told).toEqual([
    expect.stringMatching(
      /masks: masks\/ has a folder masks\/ in it, whose 8 masks are not used; /,
    ),
  ]);
});
