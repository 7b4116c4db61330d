import { parseArgs } from "node:util";
import { readImage } from "../src/node/images.ts";
import { DenseCrf, type RgbImage } from "../src/pseudo/index.ts";
import { beliefs, drawnImage } from "./crf-timing.ts";

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
    measure(drawnImage(width, height, noise), classes);
  }
}
