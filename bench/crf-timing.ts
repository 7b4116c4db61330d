import type { Image } from "../src/method/images/image.ts";
import { DenseCrf } from "../src/method/refine/crf.ts";
import { activationMaps, softmax, type Maps } from "../src/method/images/maps.ts";
import { resizeMaps } from "../src/method/images/resize-maps.ts";
import { Random } from "../src/engine/random.ts";

const random = Random.at(1, "bench", "crf");

/** Soft blobs with edges and the grain of a sensor. */
export function drawnImage(width: number, height: number, noise = 2): Image {
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
function beliefs(count: number, width: number, height: number): Maps {
  const length = count * 24 * 32;
  const logits = Float32Array.from({ length }, () => random.normal() * 4);
  const resized = resizeMaps(activationMaps(count, 32, 24, logits), width, height);
  softmax(resized);
  return resized;
}

export interface CrfTiming {
  /** Time of the fastest run. */
  readonly seconds: number;
  /** Processor time of the run that took the least. */
  readonly userSeconds: number;
  /** Size of the kernel's memory and of the arrays around it. */
  readonly bytes: { readonly kernel: number; readonly arrays: number };
}

/** Measures the CRF of an image on one core. */
export function timeCrf(
  image: Image,
  classes: number,
  { runs = 3, iterations = 10 }: { runs?: number; iterations?: number } = {},
): CrfTiming {
  const probabilities = beliefs(classes, image.width, image.height);
  const crf = new DenseCrf({ iterations });
  let [seconds, userSeconds] = [Infinity, Infinity];
  for (let run = 0; run < runs; run++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    crf.refine(image, probabilities);
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    userSeconds = Math.min(userSeconds, process.cpuUsage(before).user / 1e6);
  }
  const arrays = image.data.byteLength + 2 * probabilities.data.byteLength;
  return { seconds, userSeconds, bytes: { kernel: crf.memoryBytes, arrays } };
}
