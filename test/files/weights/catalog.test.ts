import { expect, test } from "vitest";
import { parseWeightsSource, weightsCatalog } from "../../../src/files/weights/catalog.ts";
import {
  describeInitialWeights,
  initialWeightsMetadata,
  licenseOf,
  parseInitialWeights,
} from "../../../src/files/weights/initial-weights.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { sizeOf } from "../../../src/engine/graph/index.ts";

test.each([
  ["mit_b1", "catalog"],
  ["pvt_v2_b5", "catalog"],
  ["./mit_b1", "path"],
  ["../x/y", "path"],
  ["/a/b", "path"],
  ["C:/weights/b1", "path"],
  ["weights/mit_b1.pth", "path"],
  ["mit_b1.pth", "path"],
  ["runs/train/exp", "path"],
  ["owner/name", "repository"],
])("%s is a %s", (text, kind) => {
  expect(parseWeightsSource(text).kind).toBe(kind);
});

test("a repository may name a revision and a file", () => {
  const location = (text: string): unknown => {
    const source = parseWeightsSource(text);
    return source.kind === "repository" ? source.location : source;
  };
  expect(location("owner/name")).toEqual({ repository: "owner/name", revision: "main" });
  expect(location("owner/na.me@refs/pr/1:sub/b1.pth")).toEqual({
    repository: "owner/na.me",
    revision: "refs/pr/1",
    file: "sub/b1.pth",
  });
  expect(location("owner/name:b1.pth")).toMatchObject({ revision: "main", file: "b1.pth" });
});

test("a name with a typing error is answered with the right one", () => {
  expect(() => parseWeightsSource("mit-b1")).toThrow(
    /^mit-b1: no such weights: .* did you mean mit_b1\?$/,
  );
  expect(() => parseWeightsSource("resnet50")).toThrow(/; give owner\/repository for others$/);
});

test("names are unique, PVTv2 is free, MiT is for research, and sizes are those of the networks", () => {
  expect(new Set(weightsCatalog.map(({ name }) => name)).size).toBe(12);
  for (const { name, license, bytes, backbone } of weightsCatalog) {
    expect(license).toMatch(
      name.startsWith("pvt") ? /^Apache-2\.0$/ : /research and evaluation only/,
    );
    if (!name.startsWith("mit")) continue;
    const network = new Afa({ backbone: backbone as "mit_b0", classes: 1 });
    const encoder = network.parameters.filter((one) => one.name.startsWith("encoder."));
    const count = encoder.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const channels = name === "mit_b0" ? 256 : 512;
    const whole = 4 * (count + 1001 * channels);
    expect(Math.abs(bytes / whole - 1), `${name}: ${whole}`).toBeLessThan(0.01);
  }
});

test("an origin survives as metadata, and a license is handed on", () => {
  const origin = {
    source: "mit_b1",
    repository: "nvidia/mit-b1",
    revision: "main",
    commit: "0123456789abcdef0123456789abcdef01234567",
    files: { "pytorch_model.bin": "ab" },
    license: "research",
  };
  const second = { source: "/runs/best.safetensors", from: origin };
  const metadata = initialWeightsMetadata(second);
  expect(parseInitialWeights(metadata["initialWeights"])).toEqual(second);
  expect(licenseOf(second)).toBe("research");
  expect(describeInitialWeights(origin)).toBe(
    "mit_b1 (nvidia/mit-b1, commit 0123456789), license: research",
  );
  expect(describeInitialWeights(second)).toBe(
    "/runs/best.safetensors (trained from mit_b1), license: research",
  );
  for (const text of [undefined, "", "[", "{}", '{"source":1}']) {
    expect(parseInitialWeights(text)).toBeUndefined();
  }
});
