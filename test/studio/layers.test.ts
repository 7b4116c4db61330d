import { expect, test } from "vitest";
import { areLayers, decodeLayers, encodeLayers, layerNames, type LayerName } from "../../src/studio/layers.ts"; // prettier-ignore

const sizes: Record<LayerName, readonly [count: number, width: number, height: number]> = {
  cam: [2, 3, 2],
  propagated: [3, 2, 1],
  refined: [3, 3, 2],
  probabilities: [3, 3, 2],
  pseudoLabel: [1, 9, 6],
  prediction: [1, 9, 6],
  crf: [1, 9, 6],
  pixels: [3, 9, 6],
};
const each = <T>(make: (name: LayerName, i: number) => T) =>
  Object.fromEntries(layerNames.map((name, i) => [name, make(name, i)])) as Record<LayerName, T>;
const layers = {
  head: {
    model: "run-1",
    tags: [1, 4],
    input: { width: 9, height: 6 },
    tokens: { width: 2, height: 1 },
    thresholds: { low: 0.35, high: 0.55, radius: 8 },
    par: { iterations: 15, dilations: [1, 2, 4] },
    shapes: each((name) => {
      const [count, width, height] = sizes[name];
      return { count, width, height };
    }),
  },
  parts: each((name, i) => {
    const [count, width, height] = sizes[name];
    return Uint8Array.from({ length: count * width * height }, (_, at) => (31 * i + at) % 256);
  }),
};

test("layers are read as they were written, the settings of PAR and the pixels among them", () => {
  const bytes = encodeLayers(layers);
  expect(decodeLayers(bytes)).toEqual(layers);
  expect(areLayers(bytes)).toBe(true);
});

test("damaged layers, and those of the layout without PAR, are told from whole ones", () => {
  const bytes = encodeLayers(layers);
  const earlier = Uint8Array.from(bytes);
  earlier.set(new TextEncoder().encode("T2ML"));
  expect(() => decodeLayers(earlier)).toThrow("not those of layers of this version");
  const longer = new Uint8Array([...bytes, 0]);
  expect(() => decodeLayers(longer)).toThrow(
    `${longer.length} bytes, but the head names ${bytes.length}`,
  );
  for (const broken of [
    earlier,
    longer,
    bytes.subarray(0, 40),
    bytes.subarray(0, -1),
    new Uint8Array(),
  ]) {
    expect(areLayers(broken)).toBe(false);
  }
});
