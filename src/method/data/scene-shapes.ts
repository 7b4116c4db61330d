/** Red, green, blue in 0..1. */
export type Rgb = readonly [number, number, number];

/** Class of things in a scene, recognizable by outline, color and texture together. */
export interface SceneKind {
  readonly name: string;
  /** Degrees. */
  readonly hue: number;
  /** Largest deviation of a thing from the hue, degrees. */
  readonly hueSpread: number;
  /** Brightness of the two tones of the texture. */
  readonly tones: readonly [number, number];
  /** Distance to the outline in radii, negative inside; (x, y) in radii from the center. */
  readonly outline: (x: number, y: number) => number;
  /** Index of the tone at a point: 0 first, 1 second; (x, y) in texture periods from the center. */
  readonly texture: (x: number, y: number) => number;
}

/** Signed distance to a polygon (negative inside), vertices as [x0, y0, x1, y1, ...]. */
export function polygonDistance(vertices: readonly number[], x: number, y: number): number {
  let nearest = Infinity;
  let sign = 1;
  let [fromX, fromY] = [vertices[vertices.length - 2]!, vertices[vertices.length - 1]!];
  for (let i = 0; i < vertices.length; i += 2) {
    const toX = vertices[i]!;
    const toY = vertices[i + 1]!;
    const [edgeX, edgeY, offX, offY] = [fromX - toX, fromY - toY, x - toX, y - toY];
    const along = (offX * edgeX + offY * edgeY) / (edgeX * edgeX + edgeY * edgeY);
    const t = along < 0 ? 0 : along > 1 ? 1 : along;
    const [missX, missY] = [offX - edgeX * t, offY - edgeY * t];
    nearest = Math.min(nearest, missX * missX + missY * missY);
    // Each edge that a ray to the right crosses switches between inside and outside.
    if (toY > y !== fromY > y && x < toX + (edgeX * (y - toY)) / edgeY) sign = -sign;
    [fromX, fromY] = [toX, toY];
  }
  return sign * Math.sqrt(nearest);
}

/** Signed distance to a rectangle with rounded corners. */
export function boxDistance(x: number, y: number, w: number, h: number, corner: number): number {
  const dx = Math.abs(x) - w + corner;
  const dy = Math.abs(y) - h + corner;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner;
}

const star: number[] = [];
for (let i = 0; i < 10; i++) {
  const radius = i % 2 === 0 ? 1.15 : 0.66;
  star.push(radius * Math.sin((i * Math.PI) / 5), -radius * Math.cos((i * Math.PI) / 5));
}

// A leaf is the overlap of two discs of radius LEAF_RADIUS: 2 long, 1.32 wide.
const LEAF_WIDTH = 0.66;
const LEAF_RADIUS = (1 + LEAF_WIDTH * LEAF_WIDTH) / (2 * LEAF_WIDTH);

const fraction = (x: number): number => x - Math.floor(x);

/** The classes of a scene. The texture of a thing is uniform, so that every part of it shows its class. */
export const sceneKinds: readonly SceneKind[] = [
  {
    name: "ball", // red disc, checkered
    hue: 2,
    hueSpread: 9,
    tones: [0.92, 0.52],
    outline: (x, y) => Math.sqrt(x * x + y * y) - 1,
    texture: (x, y) => (Math.floor(x) + Math.floor(y)) & 1,
  },
  {
    name: "star", // yellow star, dotted
    hue: 48,
    hueSpread: 6,
    tones: [0.98, 0.6],
    outline: (x, y) => polygonDistance(star, x, y),
    texture: (x, y) => (Math.hypot(fraction(x) - 0.5, fraction(y) - 0.5) < 0.3 ? 1 : 0),
  },
  {
    name: "leaf", // green lens, striped across
    hue: 118,
    hueSpread: 16,
    tones: [0.75, 0.42],
    outline: (x, y) => Math.hypot(Math.abs(y) + LEAF_RADIUS - LEAF_WIDTH, x) - LEAF_RADIUS,
    texture: (x, y) => (fraction((x - Math.abs(y) * 0.6) * 0.8) < 0.5 ? 1 : 0),
  },
  {
    name: "crate", // violet box, latticed
    hue: 286,
    hueSpread: 10,
    tones: [0.9, 0.5],
    outline: (x, y) => boxDistance(x, y, 0.92, 0.76, 0.1),
    texture: (x, y) => (fraction(x * 0.8) < 0.3 || fraction(y * 0.8) < 0.3 ? 1 : 0),
  },
];

/** Hue in degrees, saturation and value in 0..1, to red, green, blue in 0..1. */
export function hsv(hue: number, saturation: number, value: number): Rgb {
  const channel = (offset: number): number => {
    const k = (offset + hue / 60 + 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}
