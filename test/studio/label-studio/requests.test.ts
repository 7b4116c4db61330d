import { describe, expect, test } from "vitest";
import { brushControls } from "../../../src/files/formats/label-studio/configuration.ts";
import { matchLabels } from "../../../src/files/formats/label-studio/matched-labels.ts";
import { imagePlace } from "../../../src/studio/server/label-studio/image-address.ts";
import { Sites } from "../../../src/studio/server/label-studio/sites.ts";
import { taskSchema } from "../../../src/studio/server/label-studio/requests.ts";
import { taskTags } from "../../../src/studio/server/label-studio/task-tags.ts";

const classes = ["dog", "sofa", "traffic light"];

/** A brush with labels, an image and whatever else. */
function configuration(labels: string, more = ""): string {
  return `<View><Header value="Paint"/><Image name="photo" value="$picture" zoom="true"/>
    <View style="x"><BrushLabels name="brush" toName="photo">${labels}</BrushLabels></View>${more}</View>`;
}

describe("labeling configuration", () => {
  test("the brush, its image, the field of the address and its choices are found at any depth", () => {
    const choices = `<Choices name="tags" toName="photo" choice="multiple"><Choice value="dog"/></Choices>
      <Text name="note" value="$note"/><Choices name="mood" toName="note"><Choice value="good"/></Choices>`;
    const labels =
      '<Label value="Tom &amp; Jerry&#39;s" background="red"/><Label value="Dog" alias="d"/>';
    expect(brushControls(configuration(labels, choices))).toEqual([
      {
        ...{ name: "brush", image: "photo", field: "picture", choices: ["tags"] },
        labels: [{ value: "Tom & Jerry's" }, { value: "Dog", alias: "d" }],
      },
    ]);
  });

  test.each([
    ['<View><Image name="i" value="$image"/></View>', "has no <BrushLabels>"],
    [
      '<View><Image name="i" value="$image"/><PolygonLabels name="p" toName="i"/></View>',
      "has no <BrushLabels>, only <PolygonLabels>",
    ],
    ['<View><BrushLabels name="b" toName="i"/></View>', 'toName="i", which is no <Image>'],
    [
      '<View><Image name="i" valueList="$pages"/><BrushLabels name="b" toName="i"/></View>',
      'expected one image of the task, as in value="$image"',
    ],
    ["<View><Image></View>", "line 1: not readable as XML"],
    ['<!DOCTYPE v [<!ENTITY a "b">]><View/>', "labeling configuration: "],
    [`${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`, "nested more than 500 levels deep"],
    [`<View>${"<a/>".repeat(200_000)}</View>`, "has no <BrushLabels>"],
    [`<View>${"\r".repeat(1_000_000)}</View>`, "has no <BrushLabels>"],
    ['<View>\n<Label value="Cats & Dogs"/>\n</View>', 'line 2: not readable as XML: an "&"'],
    ["x".repeat((1 << 20) + 1), "has 1048577 letters"],
  ])("%.60s is refused with the reason", (text, reason) => {
    expect(() => brushControls(text)).toThrow(reason);
  });

  test("labels match letter by letter first, then in another case, and by their alias", () => {
    const match = (labels: string) => {
      const { labels: matched, inOtherCase, unknown } = matchLabels(brushControls(configuration(labels)), classes); // prettier-ignore
      return { matched, inOtherCase: inOtherCase.map(({ label }) => label), unknown };
    };
    expect(match('<Label value="Dog"/><Label value="dog"/><Label value="cat"/>')).toEqual({
      matched: ["dog", undefined, undefined],
      inOtherCase: [],
      unknown: ["Dog", "cat"],
    });
    expect(match('<Label value="SOFA"/><Label value="Ampel" alias="traffic light"/>')).toEqual({
      matched: [undefined, "SOFA", "Ampel"],
      inOtherCase: ["SOFA"],
      unknown: [],
    });
  });

  test("of several brushes the one with most of the classes is taken", () => {
    const second = '<BrushLabels name="second" toName="photo"><Label value="dog"/></BrushLabels>';
    const controls = brushControls(configuration('<Label value="cat"/>', second));
    expect(matchLabels(controls, classes).control.name).toBe("second");
  });
});

describe("tags of a task", () => {
  const tagsOf = (task: Readonly<Record<string, unknown>>) =>
    taskTags(taskSchema.parse({ id: 1, data: {}, ...task }), ["tags"], classes);
  const annotation = (choices: unknown, more: object = {}) => ({
    result: [{ type: "choices", from_name: "tags", to_name: "photo", value: { choices } }],
    ...more,
  });

  test.each([
    [{ data: { tags: ["dog", "SOFA"] } }, [0, 1]],
    [{ data: { tags: "sofa; traffic light,dog" } }, [1, 2, 0]],
    [{ meta: { tags: ["sofa"] } }, [1]],
    [{ data: { tags: ["dog"] }, meta: { tags: ["sofa"] } }, [0]],
    [{ data: { tags: ["dog"] }, annotations: [annotation(["sofa"])] }, [1]],
    [{ annotations: [annotation(["dog"]), annotation(["sofa"])] }, [1]],
    [{ annotations: [annotation(["dog"]), annotation(["sofa"], { was_cancelled: true })] }, [0]],
    [{ data: { tags: ["dog"] }, annotations: [annotation(["blurred"])] }, [0]],
  ])("%j", (task, expected) => {
    expect(tagsOf(task)?.classes).toEqual(expected);
  });

  test.each([
    {},
    { data: { tags: [] } },
    { data: { tags: " " } },
    { data: { tags: 7 } },
    { annotations: [annotation("dog")].map((one) => ({ ...one, result: "damaged" })) },
    { annotations: "damaged" },
  ])("%j has none that are known", (task) => {
    expect(tagsOf(task)).toBeUndefined();
  });

  test("tags that the model does not know are told; a task with no other ones is refused", () => {
    expect(tagsOf({ data: { tags: "dog,zebra" } })?.unknown).toEqual(["zebra"]);
    expect(() => tagsOf({ data: { tags: ["zebra"] } })).toThrow('knows none of "zebra"');
  });
});

describe("addresses of images", () => {
  const base = new URL("http://studio.test:8080/");
  const behind = new URL("https://studio.test/labels/");
  const place = (value: unknown, site: URL | undefined = base, hasFolder = true) => {
    const found = imagePlace(value, { base: site, hasFolder });
    return found.kind === "file" ? found.path : found.url.href;
  };

  test.each([
    ["/data/local-files/?d=photos/a%20b.jpg", "photos/a b.jpg"],
    ["http://elsewhere.test/data/local-files/?d=a.jpg", "a.jpg"],
    ["/data/upload/3/1a2b3c4d-a.jpg", "http://studio.test:8080/data/upload/3/1a2b3c4d-a.jpg"],
    ["upload/3/a.jpg", "http://studio.test:8080/data/upload/3/a.jpg"],
    ["http://studio.test:8080/static/a.jpg?x=1#y", "http://studio.test:8080/static/a.jpg?x=1"],
  ])("%s is read at %s", (value, expected) => {
    expect(place(value)).toBe(expected);
  });

  test("a Label Studio below a path keeps it", () => {
    const upload = "https://studio.test/labels/data/upload/3/a.jpg";
    expect(place("/data/upload/3/a.jpg", behind)).toBe(upload);
    expect(place("/labels/data/upload/3/a.jpg", behind)).toBe(upload);
    expect(place("/labels/data/local-files/?d=a.jpg", behind)).toBe("a.jpg");
  });

  test("without a data folder, local files come from Label Studio", () => {
    const address = "/data/local-files/?d=a.jpg";
    expect(place(address, base, false)).toBe(`http://studio.test:8080${address}`);
  });

  test.each([
    ["http://169.254.169.254/latest/meta-data", "another host than Label Studio's own"],
    ["//evil.test/a.jpg", "another host"],
    ["/\\evil.test/a.jpg", "another host"],
    ["https://studio.test:8080/a.jpg", "another host"],
    ["http://studio.test:8081/a.jpg", "another host"],
    ["http://me:secret@studio.test:8080/a.jpg", "another host"],
    ["http://me@studio.test:8080/a.jpg", "another host"],
    ["s3://bucket/a.jpg", "s3: addresses are not read here"],
    ["gs://bucket/a.jpg", "gs: addresses are not read here"],
    ["file:///etc/passwd", "file: addresses are not read here"],
    ["data:image/png;base64,AAAA", "data: addresses are not read here"],
    ["/data/local-files/?d=a%00.jpg", "names no file"],
    ["/data/local-files/", "names no file"],
    ["", "is no address of an image"],
    [["a.jpg"], "is no address of an image"],
    ["a".repeat(5000), "is no address of an image"],
    ["http://[", "is no address of an image"],
  ])("%j is refused", (value, reason) => {
    expect(() => place(value)).toThrow(reason);
  });

  test("before Label Studio's address is known only local files are read", () => {
    const withoutSite = (value: string) => imagePlace(value, { hasFolder: true });
    expect(withoutSite("/data/local-files/?d=a.jpg")).toEqual({ kind: "file", path: "a.jpg" });
    expect(() => withoutSite("/data/upload/1/a.jpg")).toThrow("not known yet");
    expect(() => withoutSite("http://localhost:22/")).toThrow("not known yet");
  });
});

test("a key that was given goes to no address that a request names", async () => {
  const request = { project: "1", schema: "", hostname: "http://evil.test", access_token: "own" };
  const asked: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (_, init) => {
    asked.push(new Headers(init?.headers).get("authorization") ?? "nobody");
    return Promise.resolve(new Response("image"));
  };
  try {
    const sites = new Sites({ key: "secret" });
    sites.remember(request);
    const site = sites.of("1")!;
    await site.read(new URL("/a.png", site.base), new AbortController().signal);
  } finally {
    globalThis.fetch = real;
  }
  expect(asked).toEqual(["Token own"]);
});
