import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import { segmentImages, type SegmentJob } from "../../src/jobs/segment.ts";
import { writeTar, type Member } from "../files/inputs/tars.ts";
import { writeCheckpoint } from "../jobs/exported-model.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [model, scenes, images, out] = [at("model.safetensors"), at("scenes"), at("images"), at("out")]; // prettier-ignore
/** A command that gives the image of a name, as `cat` would. */
const cat = `'${process.execPath}' -e 'process.stdout.write(require("fs").readFileSync(process.argv[1]))' '${images}/{}'`;
let names: readonly string[];
/** Lines of the tags file of the scenes: file, tags, split. */
let rows: readonly (readonly string[])[];

beforeAll(async () => {
  await fewScenes(scenes);
  writeCheckpoint(model, (bias) => (bias[1] = 1));
  mkdirSync(images);
  const lines = readFileSync(join(scenes, "tags.csv"), "utf8").trim().split("\n").slice(1, 5);
  rows = lines.map((line) => line.split(","));
  names = rows.map(([name]) => name!);
  for (const name of names) copyFileSync(join(scenes, "images", name), join(images, name));
});

const bytesOf = (name: string) => readFileSync(join(images, name));
const stem = (name: string) => name.replace(/\.\w+$/, "");

async function run(command: "segment" | "label", ...options: string[]) {
  rmSync(out, { recursive: true, force: true });
  return tag2mask(command, "--model", model, "--out", out, "--device", "cpu", ...options);
}

/** All files that a job writes, which must succeed, but not the page that links to the images. */
async function written(...options: Parameters<typeof run>): Promise<Record<string, string>> {
  const { code, stderr } = await run(...options);
  expect([code, stderr.replace("masks from segmentation, as asked\n", "")]).toEqual([0, ""]);
  return treeOf(out);
}

describe("segment writes the same files, byte for byte, as from a folder", () => {
  const formats = ["--format", "voc,yolo", "--no-sheet"];
  let expected: Record<string, string>;

  beforeAll(async () => {
    expected = await written("segment", images, ...formats);
    expect(Object.keys(expected).length).toBeGreaterThan(4 * names.length);
  });

  test("from a tar", async () => {
    await writeTar(at("a.tar"), ...names.map((name): Member => [name, bytesOf(name)]));
    expect(await written("segment", at("a.tar"), ...formats)).toEqual(expected);
  });

  test("through a command", async () => {
    writeFileSync(at("names.txt"), `${names.join("\r\n")}\r\n\r\n`);
    const options = ["--input-command", cat, ...formats];
    expect(await written("segment", at("names.txt"), ...options)).toEqual(expected);
  });
});

test("label writes the same masks from a folder, a tar, and through a command", async () => {
  const options = ["--from", "segmentation", "--no-crf", "--no-sheet", "--no-overlays"];
  const data = at("data");
  mkdirSync(join(data, "images"), { recursive: true });
  for (const name of names) copyFileSync(join(images, name), join(data, "images", name));
  const table = rows.map(([name, tags]) => `${name},${tags},train`).join("\n");
  writeFileSync(join(data, "tags.csv"), `file,tags,split\n${table}\n`);
  const expected = await written("label", "--data", data, ...options);

  const members = rows.flatMap(([name, tags], i): Member[] => {
    const json = JSON.stringify({ caption: "of a scene", tags: tags!.split(";") });
    const text: Member = i % 2 === 0 ? [`${stem(name!)}.json`, json] : [`${stem(name!)}.txt`, `${tags}\n`]; // prettier-ignore
    return [[name!, bytesOf(name!)], text];
  });
  await writeTar(at("tagged.tar"), ...members);
  expect(await written("label", "--data", at("tagged.tar"), ...options)).toEqual(expected);

  const list = join(data, "tags.csv");
  const through = ["--data", list, "--input-command", cat, ...options];
  expect(await written("label", ...through)).toEqual(expected);
});

test("masks of several tars, or of a folder of them, are named by tar and key", async () => {
  const shards = at("shards");
  mkdirSync(shards);
  await writeTar(join(shards, "000.tar"), ["0.png", bytesOf(names[0]!)], ["1.png", bytesOf(names[1]!)]); // prettier-ignore
  await writeTar(join(shards, "001.tar"), ["0.png", bytesOf(names[2]!)]);
  writeFileSync(join(shards, "000_stats.json"), "{}");
  const tars = [join(shards, "000.tar"), join(shards, "001.tar")];
  const masks = ["masks/000/0.png", "masks/000/1.png", "masks/001/0.png"];
  const fromFolder = await written("segment", shards, "--no-overlays", "--no-sheet");
  expect(Object.keys(fromFolder).filter((path) => path.startsWith("masks/"))).toEqual(masks);
  expect(await written("segment", ...tars, "--no-overlays", "--no-sheet")).toEqual(fromFolder);
});

test("an image whose command fails, or whose member is damaged, is left out by name", async () => {
  const [first = ""] = names;
  writeFileSync(at("names.txt"), `${first}\nmissing.png\n-x.png\n${first}\n`);
  const through = await run("segment", at("names.txt"), "--input-command", cat);
  expect(through.code).toBe(0);
  expect(through.stdout).toContain("1 mask ");
  expect(through.stderr).toMatch(/names\.txt:4: .* is listed again/);
  expect(through.stderr).toMatch(/left out missing\.png: .*node ended with exit code 1/);

  await writeTar(at("b.tar"), [first, bytesOf(first)], ["bad.png", bytesOf(first).subarray(0, 99)]);
  const inTar = await run("segment", at("b.tar"));
  expect(inTar.code).toBe(0);
  expect(inTar.stderr).toContain(`left out ${at("b.tar")}/bad.png: `);
  const strict = await run("segment", at("b.tar"), "--strict");
  expect(strict.code).toBe(1);
});

describe("labels of tars", () => {
  const label = (...options: string[]) => run("label", "--data", at("c.tar"), "--from", "segmentation", "--no-crf", ...options); // prettier-ignore

  test("tell samples whose tags cannot be used, and leave them out", async () => {
    const [[first, tags]] = rows as [[string, string]];
    const image = bytesOf(first);
    await writeTar(at("c.tar"),
      ["a.png", image], ["a.json", `{"tags": ["${tags.split(";")[0]}"]}`],
      ["b.png", image], ["b.json", `{"tags": `],
      ["c.png", image], ["c.cls", "3"],
      ["d.png", image], ["d.json", `{"labels": 5}`],
      ["e.png", image],
    ); // prettier-ignore
    const { code, stdout, stderr } = await label();
    expect(code).toBe(0);
    expect(stdout).toContain("1 mask ");
    expect(stderr).toContain(`${at("c.tar")}/b.json: not readable as JSON: `);
    expect(stderr).toContain(
      "c.png: has only a .cls, which holds the number of a class and no name",
    );
    expect(stderr).toContain('has "tags": 5, expected a list of words; the image is left out');
    const strict = await label("--strict");
    expect(strict.code).toBe(1);
    expect(strict.stderr).toMatch(/\(and 2 more\)/);
    expect(strict.stderr).not.toContain("tag2mask data");
  });

  test("without any tags say what needs none", async () => {
    await writeTar(at("c.tar"), ["a.png", bytesOf(names[0]!)], ["a.json", "{}"]);
    const { code, stderr } = await label();
    expect(code).toBe(1);
    expect(stderr).toMatch(/c\.tar: no image has a tag/);
  });
});

test.each<[title: string, args: readonly string[], message: RegExp]>([
  ["a training", ["train", "--data", "d.tar", "--out", "run"], /d\.tar: is a tar, of whose images only masks can be made \(label, segment\); /],
  ["a training from a folder of them", ["train", "--data", "only-tars", "--out", "run"], /only-tars: holds tars, of whose images only masks/],
  ["an inspection", ["data", "d.tar"], /d\.tar: is a tar, of whose images/],
])("%s refuses a tar in one line", async (_, args, message) => {
  const image = bytesOf(names[0]!);
  mkdirSync(at("only-tars"), { recursive: true });
  for (const path of ["d.tar", "only-tars/d.tar"]) await writeTar(at(path), ["a.png", image]);
  const paths = args.map((arg) => (/^(d\.tar|only-tars|run)$/.test(arg) ? at(arg) : arg));
  const { code, stderr } = await tag2mask(...paths);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
}); // prettier-ignore

test.each<[title: string, write: (path: string) => Promise<void> | void, name: string, message: RegExp]>([
  ["compressed", (path) => writeFileSync(path, "x"), "e.tar.gz", /e\.tar\.gz: is a compressed tar/],
  ["without images", (path) => writeTar(path, ["a.txt", "cat"]), "f.tar", /f\.tar: no images in this tar/],
  ["with nothing but links", (path) => writeTar(path, [{ name: "a.png", type: "symlink", linkname: "b" }]), "g.tar", /g\.tar: no images in this tar; "a\.png" is a link/],
])("a tar %s is refused in one line", async (_, write, name, message) => {
  await write(at(name));
  const { code, stderr } = await run("segment", at(name));
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
}); // prettier-ignore

test("a job that is stopped ends its command, leaves no image out, and goes on with the same command", async () => {
  rmSync(out, { recursive: true, force: true });
  const control = new AbortController();
  const [first = "", second = ""] = names;
  writeFileSync(at("names.txt"), `${first}\n${second}\n`);
  // The second image does not come as long as there is a file "hang".
  writeFileSync(at("hang"), "");
  const script = `const { existsSync, readFileSync } = require("fs"); const [folder, name, hang] = process.argv.slice(1);
    if (name === "${second}" && existsSync(hang)) setInterval(() => 0, 1000); else process.stdout.write(readFileSync(folder + "/" + name))`;
  const inputCommand = `'${process.execPath}' -e '${script}' '${images}' {} '${at("hang")}'`;
  const job = { model, images: [at("names.txt")], out, device: "cpu", inputCommand } as const;
  const types = async (jobOptions: Partial<SegmentJob>, stopAtImage = false) => {
    const found: string[] = [];
    const events = segmentImages(nodeHost, { ...job, ...jobOptions }, control);
    for await (const { type } of events) {
      found.push(type);
      if (stopAtImage && type === "image") control.abort();
    }
    return found;
  };
  expect((await types({}, true)).slice(-2)).toEqual(["image", "stopped"]);
  rmSync(at("hang"));
  // Another command may give other images.
  const other = types({ resume: true, inputCommand: inputCommand.replace("-e", "--eval") });
  await expect(other).rejects.toThrow("inputCommand");
  const events = segmentImages(nodeHost, { ...job, resume: true });
  expect(await outcomeOf(events, "done")).toMatchObject({ masks: 2, skipped: 0 });
});

test("--help of segment and label shows how", async () => {
  for (const command of ["segment", "label"]) {
    const { stdout } = await tag2mask(command, "--help");
    expect(stdout).toContain("--input-command <command>");
    expect(stdout).toContain(".tar");
  }
});
