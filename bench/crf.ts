import { parseArgs } from "node:util";
import { readImage } from "../src/node/images.ts";
import { DenseCrf, maps, resize, type Maps, type RgbImage } from "../src/pseudo/index.ts";
import { softmax } from "../src/pseudo/maps.ts";
import { Random } from "../src/random.ts";

// Times the dense CRF of one image on one core, against pixels and classes, on a drawn picture or a
// photograph given with --image.
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    iterations: { type: "string", default: "10" },
    noise: { type: "string", default: "2" },
    image: { type: "string" },
  },
});
const [runs, iterations, noise] = [values.runs, values.iterations, values.noise].map(Number) as [
  number,
  number,
  number,
];
const random = Random.at(1, "bench", "crf");

/** Soft blobs with edges and the grain of a sensor. */
function drawnImage(width: number, height: number): RgbImage {
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

function beliefs(count: number, width: number, height: number): Maps {
  const length = count * 24 * 32;
  const logits = Float32Array.from({ length }, () => random.normal() * 4);
  const resized = resize(maps(count, 32, 24, logits), width, height);
  softmax(resized);
  return resized;
}

function measure(image: RgbImage, classes: number): void {
  const { width, height } = image;
  const probabilities = beliefs(classes, width, height);
  const crf = new DenseCrf({ iterations });
  let [wall, user] = [Infinity, Infinity];
  for (let run = 0; run < runs; run++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    crf.refine(image, probabilities);
    wall = Math.min(wall, performance.now() - start);
    user = Math.min(user, process.cpuUsage(before).user / 1000);
  }
  const arrays = (image.data.byteLength + 2 * probabilities.data.byteLength) / 1e6;
  const memory = crf.memoryBytes / 1e6;
  process.stdout.write(
    `${width} x ${height}, ${classes} classes: ${wall.toFixed(0)} ms, user ${user.toFixed(0)} ms; ` +
      `kernel memory ${memory.toFixed(0)} MB, arrays ${arrays.toFixed(0)} MB\n`,
  );
}

if (values.image) {
  const image = await readImage(values.image);
  for (const classes of [2, 21]) measure(image, classes);
} else {
  for (const [width, height, classes] of [
    [250, 188, 21],
    [500, 375, 2],
    [500, 375, 21],
    [500, 375, 81],
    [1000, 750, 21],
  ] as const) {
    measure(drawnImage(width, height), classes);
  }
}
