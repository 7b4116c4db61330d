import { Random } from "../../engine/random.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { boxDistance, hsv, polygonDistance, sceneKinds, type Rgb } from "./scene-shapes.ts";

/** Names of the foreground classes of a scene; label i + 1 in a mask is sceneClasses[i]. */
export const sceneClasses: readonly string[] = sceneKinds.map((kind) => kind.name);

export interface SceneOptions {
  readonly seed: number;
  /** Number of the scene in the endless series of this seed, from 0. */
  readonly index: number;
  /** Side in pixels. */
  readonly size?: number;
  /** Smallest share of the pixels in which each tagged class must be visible. */
  readonly minVisible?: number;
}

export interface Scene {
  readonly image: Image;
  /** Each pixel has the label of the topmost thing that covers more than half of it. */
  readonly mask: LabelMap;
  /** Visible classes as indices into `sceneClasses`, ascending. */
  readonly tags: number[];
}

/** An object painted on the scene; lengths are in pixels. */
interface Thing {
  /** 0 for background clutter, i + 1 for a thing of class i. */
  readonly label: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly angle: number;
  readonly period: number;
  readonly tones: readonly [Rgb, Rgb];
  readonly outline: (x: number, y: number) => number;
  readonly texture: (x: number, y: number) => number;
}

/** A small picture of one to three classes of things on a cluttered ground; it depends only on the options. */
export function generateScene({
  seed,
  index,
  size = 128,
  minVisible = 0.015,
}: SceneOptions): Scene {
  for (let attempt = 0; ; attempt++) {
    const random = Random.at(seed, "scene", index, attempt);
    const things = foreground(size, random);
    const canvas = new Canvas(size);
    canvas.fill(random);
    for (const thing of [...clutter(size, random), ...things]) canvas.paint(thing);
    const tags = [...new Set(things.map((thing) => thing.label - 1))].sort((a, b) => a - b);
    const visible = visiblePixels(canvas.labels);
    if (tags.some((tag) => visible[tag + 1]! < minVisible * size * size)) continue;
    const mask = { width: size, height: size, data: canvas.labels };
    return { image: canvas.develop(random), mask, tags };
  }
}

/** Number of pixels of each label. */
function visiblePixels(labels: Uint8Array): Uint32Array {
  const counts = new Uint32Array(sceneKinds.length + 1);
  for (const label of labels) counts[label]!++;
  return counts;
}

/** Things of one to three classes, sometimes two of a class; distant ones, which are higher up, come first. */
function foreground(size: number, random: Random): Thing[] {
  const classes = random.shuffle([...sceneKinds.keys()]).slice(0, 1 + random.int(3));
  if (random.chance(0.25)) classes.push(classes[random.int(classes.length)]!);
  const largest = [0.7, 0.62, 0.54, 0.48][classes.length - 1]!;
  const things: Thing[] = [];
  for (const label of classes) things.push(makeThing(label, largest, things, size, random));
  return things.sort((a, b) => a.y + a.radius - (b.y + b.radius));
}

function makeThing(
  index: number,
  largest: number,
  others: readonly Thing[],
  size: number,
  random: Random,
): Thing {
  const kind = sceneKinds[index]!;
  const radius = (size * random.uniform(0.3, largest)) / 2;
  const [x, y] = leastOverlap(radius, others, size, random);
  const hue = (kind.hue + random.uniform(-kind.hueSpread, kind.hueSpread) + 360) % 360;
  const saturation = random.uniform(0.74, 0.95);
  const brightness = random.uniform(0.9, 1.04);
  return {
    label: index + 1,
    x,
    y,
    radius,
    angle: random.uniform(0, 2 * Math.PI),
    // Large things have a slightly coarser texture, as if they were nearer.
    period: (size / 128) * (random.uniform(4.6, 6.4) + radius / 24),
    tones: [
      hsv(hue, saturation, kind.tones[0] * brightness),
      hsv((hue + 354) % 360, saturation, kind.tones[1] * brightness),
    ],
    outline: kind.outline,
    texture: kind.texture,
  };
}

/** Of four random places, the one where a disc overlaps the others least: things overlap, but are rarely hidden. */
function leastOverlap(
  radius: number,
  others: readonly Thing[],
  size: number,
  random: Random,
): [number, number] {
  const margin = radius * 0.75;
  let best: [number, number] = [size / 2, size / 2];
  let least = Infinity;
  for (let i = 0; i < 4; i++) {
    const [x, y] = [random.uniform(margin, size - margin), random.uniform(margin, size - margin)];
    let overlap = 0;
    for (const other of others) {
      overlap += Math.max(0, radius + other.radius - Math.hypot(x - other.x, y - other.y));
    }
    if (overlap < least) [least, best] = [overlap, [x, y]];
  }
  return best;
}

/** Dull pebbles, slabs and shards: things without the color of any class. */
function clutter(size: number, random: Random): Thing[] {
  const things: Thing[] = [];
  const count = 4 + random.int(8);
  for (let i = 0; i < count; i++) {
    const tone = random.uniform(0.2, 0.85);
    const [hue, saturation] = [random.uniform(0, 360), random.uniform(0, 0.16)];
    const [width, height] = [random.uniform(0.4, 1), random.uniform(0.4, 1)];
    const shard = [0, 1, 2].flatMap((k) => {
      const angle = ((k + random.uniform(-0.3, 0.3)) * 2 * Math.PI) / 3;
      return [Math.cos(angle), Math.sin(angle)];
    });
    const banded = random.chance(0.3);
    things.push({
      label: 0,
      x: random.uniform(0, size),
      y: random.uniform(0, size),
      radius: size * random.uniform(0.04, 0.16),
      angle: random.uniform(0, 2 * Math.PI),
      period: (size / 128) * random.uniform(3, 9),
      tones: [hsv(hue, saturation, tone), hsv(hue, saturation, tone * random.uniform(0.65, 0.9))],
      outline: [
        (x: number, y: number) => (Math.hypot(x / width, y / height) - 1) * Math.min(width, height),
        (x: number, y: number) => boxDistance(x, y, width, height, 0.08),
        (x: number, y: number) => polygonDistance(shard, x, y),
      ][random.int(3)]!,
      texture: (x) => (banded && x - Math.floor(x) < 0.5 ? 1 : 0),
    });
  }
  return things;
}

/** Colors in 0..1 and labels of a scene while it is being painted. */
class Canvas {
  readonly labels: Uint8Array;
  private readonly rgb: Float32Array; // [size, size, 3]

  constructor(private readonly size: number) {
    this.labels = new Uint8Array(size * size);
    this.rgb = new Float32Array(size * size * 3);
  }

  /** Paints a dull, mottled ground: a blend of two tones. */
  fill(random: Random): void {
    const { size, rgb } = this;
    const dull = (): Rgb =>
      hsv(random.uniform(0, 360), random.uniform(0, 0.28), random.uniform(0.3, 0.85));
    const [from, to] = [dull(), dull()];
    const blend = valueNoise(size, 2, random);
    const mottle = valueNoise(size, 5 + random.int(6), random);
    const grain = valueNoise(size, 20 + random.int(20), random);
    const [coarse, fine] = [random.uniform(0.05, 0.25), random.uniform(0.02, 0.14)];
    for (let i = 0; i < size * size; i++) {
      const shade = 1 + coarse * (mottle[i]! - 0.5) + fine * (grain[i]! - 0.5);
      for (let c = 0; c < 3; c++) {
        rgb[i * 3 + c] = (from[c]! + (to[c]! - from[c]!) * blend[i]!) * shade;
      }
    }
  }

  /** Paints a thing, with a soft shadow below and to the right of it. */
  paint(thing: Thing): void {
    const { rgb, labels } = this;
    const { radius, period, tones, label, outline, texture } = thing;
    const soft = radius * 0.22;
    this.around(thing, soft * 0.5, soft * 0.6, (i, u, v) => {
      const depth = 1 - 0.32 * clamp01(0.5 - (outline(u, v) * radius) / soft);
      for (let c = 0; c < 3; c++) rgb[i + c]! *= depth;
    });
    this.around(thing, 0, 0, (i, u, v, light) => {
      const coverage = clamp01(0.5 - outline(u, v) * radius);
      if (coverage === 0) return;
      const tone = tones[texture((u * radius) / period, (v * radius) / period)]!;
      for (let c = 0; c < 3; c++) rgb[i + c]! += coverage * (tone[c]! * light - rgb[i + c]!);
      if (coverage > 0.5) labels[i / 3] = label;
    });
  }

  /**
   * Visits the pixels that a thing shifted by (dx, dy) or its shadow may cover.
   * @param visit called with the index i of a pixel in `rgb`, its position (u, v) in the thing's own axes, in radii,
   * and the light at it, which comes from the upper left
   */
  private around(
    { x: centerX, y: centerY, radius, angle }: Thing,
    dx: number,
    dy: number,
    visit: (i: number, u: number, v: number, light: number) => void,
  ): void {
    const { size } = this;
    const [cos, sin] = [Math.cos(angle) / radius, Math.sin(angle) / radius];
    const reach = radius * 1.55 + 2; // a square's corner is 1.41 radii away, its shadow 0.11 more
    const bottom = Math.min(size, Math.ceil(centerY + dy + reach));
    for (let row = Math.max(0, Math.floor(centerY + dy - reach)); row < bottom; row++) {
      const y = row + 0.5 - centerY - dy;
      const half = Math.sqrt(Math.max(0, reach * reach - y * y));
      const right = Math.min(size, Math.ceil(centerX + dx + half));
      for (let column = Math.max(0, Math.floor(centerX + dx - half)); column < right; column++) {
        const x = column + 0.5 - centerX - dx;
        const light = 1 - (0.1 * (x + y)) / radius;
        visit((row * size + column) * 3, x * cos + y * sin, y * cos - x * sin, light);
      }
    }
  }

  /** Renders the image: lighting across the scene, a slightly soft lens, sensor noise, 8 bits. */
  develop(random: Random): Image {
    const { size, rgb } = this;
    const angle = random.uniform(0, 2 * Math.PI);
    const strength = random.uniform(0.05, 0.3);
    const exposure = random.uniform(0.85, 1.12);
    const tint = [random.uniform(0.95, 1.05), 1, random.uniform(0.95, 1.05)];
    const noise = random.uniform(0.008, 0.028);
    const data = new Uint8Array(size * size * 3);
    const [lightX, lightY] = [
      (Math.cos(angle) * strength) / size,
      (Math.sin(angle) * strength) / size,
    ];
    const row = size * 3;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const light = exposure * (1 + lightX * (2 * x - size) + lightY * (2 * y - size));
        const left = x > 0 ? -3 : 0;
        const right = x < size - 1 ? 3 : 0;
        const up = y > 0 ? -row : 0;
        const down = y < size - 1 ? row : 0;
        // The channels share brightness noise; their color noise is weaker.
        const gray = noise * roughlyNormal(random);
        for (let c = 0; c < 3; c++) {
          const i = y * row + x * 3 + c;
          const around = rgb[i + left]! + rgb[i + right]! + rgb[i + up]! + rgb[i + down]!;
          const value = (rgb[i]! * 0.6 + around * 0.1) * light * tint[c]!;
          const grain = gray + noise * (random.next() - 0.5);
          data[i] = Math.round(255 * clamp01(value + grain));
        }
      }
    }
    return { width: size, height: size, data };
  }
}

function clamp01(x: number): number {
  return x < 0 ? 0 : x > 1 ? 1 : x;
}

/** A random number of mean 0 and deviation 1, roughly normal, much cheaper than an exactly normal one. */
function roughlyNormal(random: Random): number {
  return 2 * (random.next() + random.next() + random.next() - 1.5);
}

/** Smooth noise in 0..1, [size, size]. @param cells number of bumps along a side */
function valueNoise(size: number, cells: number, random: Random): Float32Array {
  const side = cells + 2;
  const lattice = Float32Array.from({ length: side * side }, () => random.next());
  const out = new Float32Array(size * size);
  const ease = (t: number): number => t * t * (3 - 2 * t);
  for (let y = 0; y < size; y++) {
    const v = (y * cells) / size;
    const row = Math.floor(v) * side;
    const fy = ease(v - Math.floor(v));
    for (let x = 0; x < size; x++) {
      const u = (x * cells) / size;
      const at = row + Math.floor(u);
      const fx = ease(u - Math.floor(u));
      const above = lattice[at]! + (lattice[at + 1]! - lattice[at]!) * fx;
      const below = lattice[at + side]! + (lattice[at + side + 1]! - lattice[at + side]!) * fx;
      out[y * size + x] = above + (below - above) * fy;
    }
  }
  return out;
}
