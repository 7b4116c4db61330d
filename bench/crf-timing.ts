import { DenseCrf, maps, resize, type Maps, type RgbImage } from "../src/pseudo/index.ts";
import { softmax } from "../src/pseudo/maps.ts";
import { Random } from "../src/random.ts";

const random = Random.at(1, "bench", "crf");

/** Soft blobs with edges and the grain of a sensor. */
export function drawnImage(width: number, height: number, noise = 2): RgbImage {
  const blobs = Array.from({ length: 24 }, () => ({
    x: random.uniform(0, width),
    y: random.uniform(0, height),
    radius: random.uniform(0.05, 0.25) * width,
    color: [random.int(200), random.int(200), random.int(200)],
  }));
  const data = new Uint8Array(width * height * 3);
  for (let p = 0; p < width * height; p++) {
    const [x, y] = [p % width, Math.floor(p / width)];
    const blob = blobs.find((b) => Math.hypot(x - b.x, y - b.y) < b.radius);
    for (let c = 0; c < 3; c++) {
      const shade = blob ? blob.color[c]! + (40 * (x - blob.x)) / blob.radius : (y / height) * 180;
      data[3 * p + c] = Math.max(0, Math.min(255, shade + 20 + noise * random.normal()));
    }
  }
  return { width, height, data };
}

/** Class probabilities without any meaning, [count, h, w]. */
export function beliefs(count: number, width: number, height: number): Maps {
  const length = count * 24 * 32;
  const logits = Float32Array.from({ length }, () => random.normal() * 4);
  const resized = resize(maps(count, 32, 24, logits), width, height);
  softmax(resized);
  return resized;
}

/** Seconds that the CRF of a drawn picture takes on one core, the fastest of three. */
export function measureCrf(size: {
  readonly width: number;
  readonly height: number;
  readonly classes: number;
}): number {
  const image = drawnImage(size.width, size.height);
  const probabilities = beliefs(size.classes, size.width, size.height);
  const crf = new DenseCrf();
  let fastest = Infinity;
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    crf.refine(image, probabilities);
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}
