import { expect, test } from "vitest";
import type { Phase } from "../../src/method/train/phase.ts";
import { CountMeter, duration, Progress, StepMeter } from "../../src/cli/progress.ts";

/** A stream that keeps what is written, and a clock that is set by hand. */
function setUp(isTTY: boolean, columns = 80) {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { clock, written, progress: new Progress(stream, () => clock.time) };
}

test("in a log there is a plain line every ten seconds and no terminal codes", () => {
  const { clock, written, progress } = setUp(false);
  for (; clock.time < 25_000; clock.time += 500) progress.update(`at ${clock.time}`);
  progress.finish();
  expect(written).toEqual(["at 10000\n", "at 20000\n", "at 24500\n"]);
});

test("in a log a milestone is written at once", () => {
  const { written, progress } = setUp(false);
  progress.update("skipped");
  progress.update("first", true);
  progress.update("skipped too");
  progress.update("second", true);
  progress.finish();
  expect(written).toEqual(["first\n", "second\n"]);
});

test("on a terminal one line rewrites itself, is cut to the width and stays at the end", () => {
  const { clock, written, progress } = setUp(true, 11);
  clock.time = 150;
  progress.update("0123456789abc");
  clock.time = 200;
  progress.update("too early");
  clock.time = 300;
  progress.update("last");
  progress.finish();
  expect(written.join("")).toBe("\r\x1b[2K0123456789\r\x1b[2Klast\r\x1b[2Klast\n");
});

test("a note on a terminal goes above the line", () => {
  const { written, progress } = setUp(true);
  progress.update("step 1", true);
  progress.note("saved");
  expect(written.join("")).toBe("\r\x1b[2Kstep 1\r\x1b[2Ksaved\n\r\x1b[2Kstep 1");
});

test("a queued line comes before the next one, or not at all", () => {
  const { written, progress } = setUp(false);
  progress.queue("device cpu");
  expect(written).toEqual([]);
  progress.note("started");
  expect(written).toEqual(["device cpu\n", "started\n"]);
});

test("a step's line has losses, speed and time left, and marks phases and the end", () => {
  const clock = { time: 0 };
  const meter = new StepMeter(() => clock.time);
  const seconds = { data: 0, cam: 0, labels: 0, network: 0, optimizer: 0, total: 0 };
  const losses = { cls: 0.5, seg: null, affinity: 0.25, energy: null, total: 0.65 };
  const read = (step: number, phase: Phase) => {
    clock.time += 500;
    return meter.read({
      ...{ type: "step", step: step - 1, steps: 100, losses, learningRate: 1e-3 },
      ...{ phase, images: 8, seconds },
    });
  };
  const shown = "cls 0.5000  affinity 0.2500  total 0.6500";
  expect(read(1, "classification")).toEqual({
    line: `step 1/100  classification  ${shown}`,
    milestone: true,
  });
  expect(read(2, "classification")).toEqual({
    line: `step 2/100  classification  ${shown}  16.0 images/s  ETA 49 s`,
    milestone: false,
  });
  expect(read(3, "pseudo").milestone).toBe(true);
  const together = { ...seconds, total: 0.5, exchange: 0.06 };
  const shared = { steps: 100, losses, learningRate: 1e-3, phase: "pseudo", images: 8 } as const;
  expect(meter.read({ ...shared, type: "step", step: 3, seconds: together }).line).toMatch(
    /^step 4\/100 .* {2}exchange 12 %$/,
  );
  expect(read(100, "pseudo").milestone).toBe(true);
});

test("a count has speed and time left once there is something to go by", () => {
  const clock = { time: 0 };
  const meter = new CountMeter("images", () => clock.time);
  expect(meter.read(0, 10)).toBe("images 0/10");
  clock.time = 2000;
  expect(meter.read(4, 10)).toBe("images 4/10  2.0/s  ETA 3 s");
});

test.each([
  [0.4, "0 s"],
  [59.6, "1 min 0 s"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
